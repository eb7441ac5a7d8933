"""The node's room: staff."""
