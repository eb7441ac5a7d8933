"""Disagreements put before a person: what was there, what each side wrote, and the decision."""
