"""Seeded worlds played by the thousand: the command behind scripts/simulate.py."""
