"""The unified appraisal: a scheme people can read, facts from rows, points that explain themselves.

Read `run.py` first: it is the list of steps. `score.py` and `criteria/` are pure; `facts/` holds the SQL.
"""
