"""The room of latest actions at the hub."""
