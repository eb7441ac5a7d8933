"""After an unclean stop, and whenever the clock is not to be believed.

One page says what was saved last, what waits, and where phones find the node; one page asks a person for
today's date before any register opens.
"""
