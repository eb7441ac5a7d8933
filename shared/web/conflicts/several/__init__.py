"""Disagreements of one kind settled together: each still a resolution of its own that names all heads (C5)."""
