"""Disagreements of all campuses, as the hub holds them: base, the values, and the decision."""
