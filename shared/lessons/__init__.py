"""Lessons of dates: the timetable in force, what single dates change in it, and which lessons were held."""
