"""Registers: all present, exceptions only, taken or not yet taken, corrections beside the mark.

A register is a header (that it was taken, by whom, for which roster) and one row per pupil who was not
simply present, per source. What holds is a view: office before teacher before terminal.
Read `rules` for what is decided, `store` for what is read and written, `views` for the pages.
"""
