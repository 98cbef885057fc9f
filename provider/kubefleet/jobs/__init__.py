"""Jobs over several clusters: how their indexes are divided, and how they are accounted for. Pure."""
