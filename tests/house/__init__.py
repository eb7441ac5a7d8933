"""Rules of the house: what no linter knows."""
