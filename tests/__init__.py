"""The tests mirror the tree; their names are sentences."""
