"""Rooms of campuses without a node, answered at the hub."""
