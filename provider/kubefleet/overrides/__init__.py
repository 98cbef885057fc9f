"""Objects that differ from cluster to cluster. Pure: rules and facts in, objects out."""
