"""The node's room: pupils."""
