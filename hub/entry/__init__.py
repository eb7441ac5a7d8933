"""Entering evidence that has no other source yet: workload, inspections, results, tasks, ethics events."""
