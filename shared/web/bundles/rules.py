"""How far a bundle has come, as a word (C14). Pure."""

from __future__ import annotations

from sync.bundle_notes import Note


def standing_of(made: Note | None, *, waits: bool) -> str:
    """"none" (nothing was made yet), "waiting" (made, and not answered yet), "answered"."""
    if made is None:
        return "none"
    return "waiting" if waits else "answered"
