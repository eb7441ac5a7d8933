"""Pure decisions about erasing: what a request lacks, and how an order is written down."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from shared.errors import Problem

NOTE_LENGTH_MAX = 200


def problems_with(
    chosen: Sequence[str], offered: Collection[str], *, note: str, typed_name: str | None, name: str
) -> list[Problem]:
    """What stands in the way. typed_name: the name as typed to confirm; None before that was asked."""
    found = []
    if not chosen or any(one not in offered for one in chosen):
        found.append(Problem("record", "missing", {"zh": "要删除的记录", "en": "Records to erase"}))
    about: dict[str, str | int | None] = {"zh": "依据和原因", "en": "Ground and reason", "high": NOTE_LENGTH_MAX}
    if not note or len(note) > NOTE_LENGTH_MAX:
        found.append(Problem("note", "too_long" if note else "missing", about))
    if typed_name is not None and typed_name != name:
        found.append(Problem("name", "name_differs", {"zh": "姓名", "en": "Name"}))
    return found


def order_words(person_id: str, note: str) -> str:
    """Who ordered it and why, as the log tells every holder."""
    return f"{person_id}: {note}"


def said_by(by: str) -> tuple[str, str]:
    """The reverse: (who, why)."""
    who, _, why = by.partition(": ")
    return (who, why) if why else ("", by)
