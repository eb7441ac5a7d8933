"""Lessons and leave over the JSON API."""
