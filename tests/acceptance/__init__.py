"""Whole scenarios on real data from ../shared: what comes in as a file comes out as a report."""
