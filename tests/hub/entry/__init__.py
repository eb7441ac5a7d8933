"""Tests of the hub app."""
