"""Rooms of campuses without a computer: what was asked, what the rule said, answers by hand (C8)."""
