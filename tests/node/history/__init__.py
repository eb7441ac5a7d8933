"""The room of latest actions on a node."""
