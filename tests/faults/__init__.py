"""Faults planted on purpose: whether the tests would notice."""
