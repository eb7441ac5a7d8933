"""Lessons by exception: the week of a class, a teacher or a room; a day closed with one tap; changes for one date."""
