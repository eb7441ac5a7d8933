"""Tests of leave as the rest of the school reads it."""
