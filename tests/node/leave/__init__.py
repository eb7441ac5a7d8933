"""Tests of the leave room."""
