"""The demo: an invented consortium of the real size plays two school weeks of September 2025.

`data` invents it, `fortnight` says what happens on which day, `play` is the list of steps (read it first),
`servers` starts the real processes, `client` speaks to a node as a teacher's phone does.
"""
