"""The node's room: api."""
