"""Today: which of my registers are taken, which are not; for the office, the whole campus."""
