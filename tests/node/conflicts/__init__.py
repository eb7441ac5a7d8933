"""Disagreements before a person."""
