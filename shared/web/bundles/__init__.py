"""Sync by file, the same room on a node and at the hub: make a bundle, load one, and say in words what it holds."""
