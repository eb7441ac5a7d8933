"""Phones that stay known for a term: a PIN instead of the password, on this site only, never synced."""
