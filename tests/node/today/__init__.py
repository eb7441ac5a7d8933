"""The front page of a node."""
