"""The set-up page of a node."""
