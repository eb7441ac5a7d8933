"""The latest actions over the JSON API."""
