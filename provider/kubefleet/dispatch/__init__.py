"""Jobs on real members: their shards are created, read, and fenced."""
