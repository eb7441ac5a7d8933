"""A node that answers for another campus's room, and a program that writes more than its answers (C8, C9)."""

from typing import Any

import pytest

from sync.change import Block
from tests.support.world import World, tables_of_site
from tests.sync.forging import changeset_of, inserted, send, updated

SERIES = {
    "id": "B-90-x", "room_id": "B-71-x", "campus": "A", "booked_by": "A-1-x", "purpose": "other", "title": "x",
    "group_id": None, "head_count": 0, "repeat": "once", "until": None, "note": "",
}  # fmt: skip
ASKED: dict[str, Any] = {
    "series_id": "B-90-x", "number": 1, "room_id": "B-71-x", "date": "2026-10-01", "begin": "10:20", "end": "11:00",
    "state": "requested", "reason": "none", "decided_by": "", "decided_at": "", "answer_note": "", "cancelled_by": "",
    "cancelled_at": "",
}  # fmt: skip
OWN = {**ASKED, "series_id": "A-90-x", "room_id": "A-71-x"}
KEY: dict[str, Any] = {"series_id": "B-90-x", "number": 1}
YES = {"state": "confirmed", "reason": "none", "decided_by": "A-1-x", "decided_at": "x", "answer_note": ""}
ELSEWHERE = {"room_id": "B-71-x", "date": "2026-10-02", "begin": "10:20", "end": "11:00"}
DAY = {
    "campus": "A", "date": "2026-10-01", "kind": "holiday", "follows_weekday": None, "week": 0, "parity": None,
    "bell_schedule": None, "note": "",
}  # fmt: skip
RULE = {"person_id": "rule", "rank": "derived"}
OCCURRENCE = "booking_occurrence"

# name of the lie → (block, header, the reason told)
REFUSED: dict[str, tuple[Block, dict[str, Any], str]] = {
    "another campus's room confirmed by oneself": (
        inserted(OCCURRENCE, {**ASKED, "state": "confirmed"}), {}, "foreign_owner"),
    "an answer in another campus's name": (
        inserted(OCCURRENCE, {**ASKED, "decided_by": "B-1-x"}), {}, "foreign_owner"),
    "one lie among honest rows": (
        inserted(OCCURRENCE, ASKED, OWN, {**ASKED, "number": 2, "reason": "office"}), {}, "foreign_owner"),
    "an answer that is not one's own to give": (updated(OCCURRENCE, KEY, "answer", YES, []), {}, "foreign_owner"),
    "another campus's booking moved": (updated(OCCURRENCE, KEY, "place", ELSEWHERE, []), {}, "foreign_owner"),
    "another campus's booking deleted": (
        Block(OCCURRENCE, "d", 1, (), {name: [value] for name, value in KEY.items()}, [[[]]]), {}, "foreign_owner"),
    "the rule answers for another campus": (updated(OCCURRENCE, KEY, "answer", YES, []), RULE, "foreign_owner"),
    "the rule writes the calendar": (inserted("calendar_day", DAY), RULE, "wrong_role"),
    "the rule asks for a room itself": (inserted("booking_series", SERIES), RULE, "wrong_role"),
    "the rule settles a conflict, which any person may": (
        inserted("domain_decision", {"kind": "room_twice", "subject": "x", "state_digest": "x", "decided_by": "rule",
                                     "note": ""}), RULE, "wrong_role"),
    "the rule in the office's name": (inserted(OCCURRENCE, OWN), {**RULE, "rank": "office"}, "forged_rank"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_the_hub_quarantines(world: World, name: str) -> None:
    """C8, C9: only the deciding campus answers; a program writes what names it and nothing else."""
    block, header, reason = REFUSED[name]
    before = {site.name: tables_of_site(site) for site in world.sites()}
    forged = changeset_of(world["A"], [block], **header)
    send(world, world["A"], forged)
    assert world.hub.rows("SELECT state, reason FROM _changeset WHERE hash = ?", forged.hash) == [
        ("quarantined", reason)
    ]
    world.sync("B")
    assert tables_of_site(world.hub) == before["hub"]
    assert tables_of_site(world["B"]) == before["B"]


TRUE: dict[str, tuple[list[Block], dict[str, Any]]] = {
    "a request for another campus's room": ([inserted("booking_series", SERIES), inserted(OCCURRENCE, ASKED)], {}),
    "one's own room confirmed": ([inserted(OCCURRENCE, {**OWN, **YES})], {}),
    "one's own room answered by the rule": (
        [updated(OCCURRENCE, {**KEY, "series_id": "A-90-x"}, "answer", {**YES, "decided_by": "rule"}, [])], RULE),
    "another campus's booking cancelled": (
        [updated(OCCURRENCE, KEY, "cancellation", {"cancelled_by": "A-1-x", "cancelled_at": "x"}, [])], {}),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUE)
def test_what_the_lies_are_made_of_is_accepted_when_it_is_true(world: World, name: str) -> None:
    """A table of refusals proves nothing if honest changesets were refused as well."""
    blocks, header = TRUE[name]
    made = changeset_of(world["A"], blocks, **header)
    send(world, world["A"], made)
    assert world.hub.rows("SELECT state, reason FROM _changeset WHERE hash = ?", made.hash) == [("applied", "")]
