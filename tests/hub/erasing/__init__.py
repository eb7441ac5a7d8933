"""Tests of erasure by law."""
