"""The node's room: attendance."""
