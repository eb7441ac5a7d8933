"""Tests of the hub's part in cards."""
