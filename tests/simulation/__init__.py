"""Whole worlds under a seed: nodes, a hub, a bad line, wrong clocks and clumsy people, run by the real code."""
