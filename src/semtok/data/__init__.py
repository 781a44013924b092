"""Raw files to items, interactions, targets and statistics."""
