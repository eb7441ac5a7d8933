"""The sync page of a node."""
