"""Timetables from files: FET's XML and the school's own sheets, previewed and then written as a draft."""
