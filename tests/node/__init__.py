"""The campus node: its rooms, tested with real files and Flask's test client."""
