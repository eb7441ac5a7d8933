"""Pupils: the campus's classes and children, what is private about one (every reading noted), and guests' cards."""
