"""The changeset engine: capture, log, merge, conflicts, wire and keys.

It knows no school word: records are declared to it as tables. Read `sync.exchange` first.
"""
