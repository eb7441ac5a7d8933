"""The unified appraisal: the worked person, boundaries, runs, pages."""
