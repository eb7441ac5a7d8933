"""A node with a good key and bad intentions: each lie is refused by name and changes no table (C9, C10)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.records.people import Account
from shared.records.places import CalendarDay
from shared.records.pupils import RosterGroup
from sync.body import dumped, encode_header
from sync.capture import link
from sync.change import Block, Changeset, VersionName
from sync.errors import BadMessage, NotEnrolled, Revoked, UpgradeNeeded
from sync.log import version_names
from sync.replica import SCHEMA_VERSION
from sync.steps.enrol import revoke
from sync.wire import pack
from tests.support.world import CLERK_A, DAY_A, OFFICE, Site, World, assert_same_tables, sync_state, tables_of_site
from tests.sync.forging import (
    HONEST,
    changeset_of,
    inserted,
    link_after,
    push,
    raw_part,
    request_of,
    sealed_by,
    send,
    stretch_of,
    updated,
)

DAY = {
    "campus": "A", "date": "2026-10-01", "kind": "holiday", "follows_weekday": None, "week": 0, "parity": None,
    "bell_schedule": None, "note": "",
}  # fmt: skip
GROUP = {
    "id": "A-99-x", "campus": "A", "kind": "class", "stage": "primary", "cohort": "", "name": "x", "homeroom_id": None,
    "deputy_id": None, "position": 0, "begin": "2026-09-01", "end": None, "carer_id": None,
    "room_id": None,
}  # fmt: skip
PUPIL = {"id": "A-99-x", "name": "x", "sex": "unknown", "birth": None, "initials": ""}
MEMBER = {"group_id": "A-21-x", "member_id": "A-11-x", "begin": "2026-09-01", "end": None, "seat_number": 0}
PERSON = {
    "id": "A-99-x", "name": "x", "sex": "unknown", "staff_number": "", "initials": "", "phone_extension": "",
}  # fmt: skip
STAFF_DAY = {
    "person_id": "A-2-x", "date": "2026-10-01", "campus": "A", "status": "present", "part": "full", "late_minutes": 0,
    "early_minutes": 0, "absent_lessons": 0, "note": "", "entered_by": "",
}  # fmt: skip


def day(**changes: Any) -> list[Block]:
    return [inserted("calendar_day", {**DAY, **changes})]


def without(row: dict[str, Any], column: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != column}


# name of the lie → (blocks, scope, header, the reason told)
REFUSED: dict[str, tuple[list[Block], str, dict[str, Any], str]] = {
    "an author nobody knows": (day(), "con", {"person_id": "A-77-x"}, "unknown_author"),
    "the hub's principal, from a node": (day(), "con", {"person_id": "H-1-x", "campus": ""}, "forged_campus"),
    "another campus": (day(), "con", {"campus": "B"}, "forged_campus"),
    "a teacher who claims the office's rank": (day(), "con", {"person_id": "A-2-x"}, "forged_rank"),
    "a rank that does not exist": (day(), "con", {"rank": "god"}, "forged_rank"),
    "another campus's scope": ([inserted("pupil", {**PUPIL, "id": "B-99-x"})], "B", {}, "foreign_scope"),
    "the hub's own scope": (day(), "hub", {}, "foreign_scope"),
    "a register of another campus in our own scope": (
        [inserted("group_member", {**MEMBER, "group_id": "B-21-x"})], "A", {}, "wrong_scope"),
    "a pupil's class where everybody would read it": ([inserted("group_member", MEMBER)], "con", {}, "wrong_scope"),
    "another campus's calendar": (day(campus="B"), "con", {}, "foreign_owner"),
    "what only the hub writes": ([inserted("person", PERSON)], "con", {}, "foreign_owner"),
    "a role given to oneself": (
        [inserted("account_role", {"person_id": "A-1-x", "role": "general_principal", "campus": "*",
                                   "begin": "2026-01-01", "end": None})], "con", {}, "foreign_owner"),
    "a teacher who writes the calendar": (day(), "con", {"person_id": "A-2-x", "rank": "person"}, "wrong_role"),
    "somebody else's account": (
        [inserted("account", {"person_id": "H-1-x", "login": "x", "password_hash": "", "revoked_at": None,
                              "must_change": 0, "password_until": None})],
        "con", {"person_id": "A-2-x", "rank": "person"}, "wrong_role"),
    "a table nobody declared": ([inserted("backdoor", {"id": "A-1"})], "con", {}, "unknown_table"),
    "one of the engine's own tables": ([inserted("_setting", {"name": "role", "value": "hub"})], "con", {},
                                       "unknown_table"),
    "a column nobody declared": ([inserted("calendar_day", {**DAY, "_v": 1})], "con", {}, "unknown_column"),
    "a unit nobody declared": (
        [updated("calendar_day", {"campus": "A", "date": "2026-09-01"}, "_vx", {"_vx": "{}"}, [])], "con", {},
        "unknown_column"),
    "an insert without a column": ([inserted("calendar_day", without(DAY, "kind"))], "con", {}, "missing_column"),
    "an insert without its key": ([inserted("calendar_day", without(DAY, "campus"))], "con", {}, "missing_column"),
    "an update without its value": (
        [updated("calendar_day", {"campus": "A", "date": "2026-09-01"}, "note", {}, [])], "con", {},
        "missing_column"),
    "a date that is none": (day(date="2026-13-40"), "con", {}, "invalid_value"),
    "a date with a line feed": (day(date="2026-10-01\n"), "con", {}, "invalid_value"),
    "text with a NUL": (day(note="a\0b"), "con", {}, "invalid_value"),
    "text that is too long": (day(note="x" * 121), "con", {}, "invalid_value"),
    "a number out of bounds": (day(week=61), "con", {}, "invalid_value"),
    "a number beyond SQLite": (day(week=10**30), "con", {}, "invalid_value"),
    "text for a number": (day(week="1"), "con", {}, "invalid_value"),
    "a number for text": (day(note=7), "con", {}, "invalid_value"),
    "nothing where something must be": (day(kind=None), "con", {}, "invalid_value"),
    "a key with a slash": ([inserted("staff_day", {**STAFF_DAY, "person_id": "A/2"})], "con", {}, "invalid_value"),
    "an empty key": ([inserted("roster_group", {**GROUP, "id": ""})], "con", {}, "invalid_value"),
    "the same new row twice with two values": (day() + day(note="other"), "con", {}, "repeated_row"),
    "the same row twice in one block": ([inserted("calendar_day", DAY, {**DAY, "note": "y"})], "con", {},
                                        "repeated_row"),
    "an erasable row in the part that cannot be erased": ([inserted("pupil", PUPIL)], "A", {}, "not_erasable_apart"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_the_hub_quarantines(world: World, name: str) -> None:
    """C9: stored, not applied, named with a reason at the hub and to its sender; nobody else's table moves."""
    blocks, scope, header, reason = REFUSED[name]
    node = world["A"]
    before = {site.name: tables_of_site(site) for site in world.sites()}
    forged = changeset_of(node, blocks, scope=scope, **header)
    send(world, node, forged)
    assert world.hub.rows("SELECT state, reason FROM _changeset WHERE hash = ?", forged.hash) == [
        ("quarantined", reason)
    ]
    assert world.hub.rows("SELECT verdict, reason FROM _entry ORDER BY hub_seq DESC LIMIT 1") == [("refused", reason)]
    world.sync("B")
    assert tables_of_site(world.hub) == before["hub"]
    assert tables_of_site(world["B"]) == before["B"]
    if scope == "con":
        assert world["B"].rows("SELECT state, parts FROM _changeset WHERE hash = ?", forged.hash) == [("hole", None)]


def test_the_row_that_the_lies_are_made_of_is_accepted_when_it_is_true(world: World) -> None:
    """A table of refusals proves nothing if honest changesets were refused as well."""
    node = world["A"]
    for scope, blocks, apart in (
        ("con", [inserted("calendar_day", DAY), inserted("roster_group", GROUP)], []),
        ("con", [inserted("staff_day", STAFF_DAY)], []),
        ("A", [], [inserted("pupil", PUPIL)]),
    ):
        made = changeset_of(node, blocks, scope=scope, apart=apart)
        send(world, node, made)
        assert world.hub.value("SELECT state FROM _changeset WHERE hash = ?", made.hash) == "applied"
        node.restore(node.backup_bytes())  # the next one begins a stream of its own
        node.db.conn.execute("INSERT INTO _origin (name, node, mine) VALUES (?, ?, 1)",
                             (f"{node.replica.node}.{scope}{len(blocks)}", node.replica.node))  # fmt: skip


PART: dict[str, Any] = {"t": "calendar_day", "o": "i", "n": 1, "c": {name: [value] for name, value in DAY.items()}}


def body(**changes: Any) -> tuple[bytes, ...]:
    return (raw_part([{**PART, **changes}]),)


def cell(**changes: Any) -> dict[str, Any]:
    return {**PART["c"], **{name: [value] for name, value in changes.items()}}


BAD_BODIES: dict[str, tuple[bytes, ...]] = {
    "no JSON": (b"{",),
    "not a list": (b"{}",),
    "not an object": (b"[1]",),
    "deep": (b"[" * 100_000,),
    "an unknown operation": body(o="x"),
    "no rows": body(n=0),
    "less than no rows": body(n=-1),
    "more rows than there are": body(n=2),
    "half a row": body(n=1.5),
    "a row count of text": body(n="1"),
    "a float": body(c=cell(week=1.5)),
    "a truth value": body(c=cell(week=True)),
    "a list in a cell": body(c=cell(note=["x"])),
    "an object in a cell": body(c=cell(note={"x": 1})),
    "not a number": (raw_part([PART]).replace(b'"week":[0]', b'"week":[NaN]'),),
    "a billion rows in a few bytes": body(n=10**9, c={name: {"=": value} for name, value in DAY.items()}),
    "bases of text": body(o="u", u=["note"], b=[["x"]]),
    "bases below nought": body(o="u", u=["note"], b=[[-1]]),
    "bases that are none": body(o="u", u=["note"], b=7),
    "weights of text": body(o="u", u=["note"], b=[[]], w=[["x"]]),
    "weights of the wrong width": body(o="u", u=["note"], b=[[]], w=[[]]),
    "units of no list": body(o="u", u=7),
    "a part without its salt": (b"[]", dumped(["00", PART])),
    "a salt that is no text": (b"[]", dumped([7, PART])),
    "a table that is no text": body(t=7),
}

BAD_HEADERS: dict[str, bytes] = {
    "no JSON": b"{",
    "too short": b"[1]",
    "deep": b"[" * 100_000,
    "a stamp of text": encode_header(replace(HONEST, stamp_ms="x")),  # type: ignore[arg-type]
    "a stamp beyond SQLite": encode_header(replace(HONEST, stamp_ms=10**30)),
    "a stamp before time": encode_header(replace(HONEST, stamp_ms=-(10**15))),
    "a commit beyond SQLite": encode_header(replace(HONEST, commit=10**30)),
    "an action of nothing": encode_header(replace(HONEST, action_size=0)),
    "an action of less than nothing": encode_header(replace(HONEST, action_size=-1)),
    "an action of more scopes than there are": encode_header(replace(HONEST, action_size=10_001)),
    "an action of a text's size": encode_header(replace(HONEST, action_size="2")),  # type: ignore[arg-type]
    "an action of half a changeset": encode_header(replace(HONEST, action_size=1.5)),  # type: ignore[arg-type]
    "an action of yes": encode_header(replace(HONEST, action_size=True)),
    "no schema": encode_header(replace(HONEST, schema=0)),
    "a schema beyond SQLite": encode_header(replace(HONEST, schema=10**30)),
    "a person with a lone surrogate": encode_header(replace(HONEST, person_id="who?")).replace(b"who?", b"\\ud800"),
    "a campus with a NUL": encode_header(replace(HONEST, campus="A\0")),
    "a name beyond SQLite": encode_header(replace(HONEST, names=(VersionName("N.x", 10**30, bytes(8)),))),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_malformed_body_is_refused_by_name(world: World, name: str) -> None:
    """Nothing of the message is stored; the hub stays up."""
    node, before = world["A"], sync_state(world.hub)
    made = link_with(node, parts=BAD_BODIES[name])
    with pytest.raises(BadMessage) as caught:
        send(world, node, made)
    assert caught.value.code in ("bad_body", "too_many_rows")
    assert sync_state(world.hub) == before


def test_a_lone_surrogate_is_refused(world: World) -> None:
    """JSON can say what UTF-8 cannot, and SQLite would stop at it (TRAPS 11)."""
    part = raw_part([{**PART, "c": cell(note="?")}]).replace(b"?", b"\\ud800")
    made = link_with(world["A"], parts=(part,))
    before = tables_of_site(world.hub)
    send(world, world["A"], made)
    assert world.hub.rows("SELECT state, reason FROM _changeset WHERE hash = ?", made.hash) == [
        ("quarantined", "invalid_value")
    ]
    assert tables_of_site(world.hub) == before


@pytest.mark.parametrize("name", BAD_HEADERS)
def test_a_malformed_header_is_refused_by_name(world: World, name: str) -> None:
    node, before = world["A"], sync_state(world.hub)
    made = link_with(node, header=BAD_HEADERS[name])
    with pytest.raises(BadMessage) as caught:
        send(world, node, made)
    assert caught.value.code == "bad_header"
    assert sync_state(world.hub) == before


def link_with(node: Site, *, header: bytes | None = None, parts: tuple[bytes, ...] | None = None) -> Changeset:
    """A correctly hashed and chained changeset of any bytes."""
    return link(node.db, "con", header or encode_header(HONEST), parts or (raw_part([PART]),))


Tampering = Callable[[dict[str, Any], list[bytes], World], None]


def set_in(name: str, value: Any) -> Tampering:
    def tamper(stretch: dict[str, Any], pieces: list[bytes], world: World) -> None:
        stretch[name] = value

    return tamper


def flip(index: int, at: int = 0) -> Tampering:
    def tamper(stretch: dict[str, Any], pieces: list[bytes], world: World) -> None:
        raw = bytearray(pieces[index])
        raw[at] ^= 1
        pieces[index] = bytes(raw)

    return tamper


def foreign_origin(stretch: dict[str, Any], pieces: list[bytes], world: World) -> None:
    stretch["o"] = world["B"].value("SELECT name FROM _origin WHERE mine = 1 ORDER BY o DESC LIMIT 1")


def drop_signature(stretch: dict[str, Any], pieces: list[bytes], world: World) -> None:
    pieces.pop()


# Pieces of a push of one changeset: header, part, predecessor, signature.
TAMPERED: dict[str, tuple[Tampering, str]] = {
    "header changed": (flip(0, 5), "bad_signature"),
    "body changed after signing": (flip(1, 30), "bad_signature"),
    "another predecessor": (flip(2), "bad_signature"),
    "signature changed": (flip(3), "bad_signature"),
    "somebody else's origin": (foreign_origin, "foreign_origin"),
    "another place in the stream": (set_in("q", 2), "bad_signature"),
    "another scope": (set_in("s", "A"), "bad_signature"),
    "place nought": (set_in("q", 0), "damaged"),
    "a place beyond SQLite": (set_in("q", 10**30), "damaged"),
    "a place of text": (set_in("q", "x"), "damaged"),
    "a place without end": (set_in("q", float("inf")), "damaged"),
    "no changesets": (set_in("p", []), "damaged"),
    "more parts than pieces": (set_in("p", [10**6]), "damaged"),
    "parts below nought": (set_in("p", [-2]), "damaged"),
    "no signature": (drop_signature, "damaged"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_tampered_push_is_refused_by_name(world: World, name: str) -> None:
    """C10: forged origin, bad chain, changed body, changed header, bad signature."""
    tamper, code = TAMPERED[name]
    node, before = world["A"], sync_state(world.hub)
    stretch, pieces = stretch_of(node, [changeset_of(node, day())])
    tamper(stretch, pieces, world)
    with pytest.raises(BadMessage) as caught:
        world.port.exchange(request_of(node, [stretch], pieces))
    assert caught.value.code == code
    assert sync_state(world.hub) == before


def test_a_signature_by_another_key_is_refused(world: World) -> None:
    """C10: node B's key, or a fresh one, vouches for nothing of node A."""
    node, before = world["A"], sync_state(world.hub)
    for seed in (world["B"].replica.seed, bytes(32)):
        stretch, pieces = stretch_of(node, [changeset_of(node, day())], seed=seed)
        with pytest.raises(BadMessage) as caught:
            world.port.exchange(request_of(node, [stretch], pieces))
        assert caught.value.code == "bad_signature"
    assert sync_state(world.hub) == before


@pytest.mark.parametrize(
    "head",
    [
        {"push": 7}, {"push": [7]}, {"push": [{}]}, {"push": None}, {"push": {"o": 1}}, {"held": 7},
        {"held": {"x": "y"}}, {"cursors": 7}, {"cursors": {"con": "x"}}, {"cursors": {"con": None}},
        {"cursors": {"con": 10**30}}, {"cursors": {"con": -1}}, {"now": "x"}, {"now": 10**30}, {"v": "1"},
        {"backlog": "x"}, {"backlog": 10**30}, {"app": "\0"}, {"nodes": 7}, {"complete": 7},
    ],
    ids=str,
)  # fmt: skip
def test_a_malformed_head_never_breaks_the_hub(world: World, head: dict[str, Any]) -> None:
    """Refused by name, or taken for what is honest in it; never anything but an answer or a SyncError."""
    node = world["A"]
    request = request_of(node, [], [], **head)
    before = sync_state(world.hub)
    try:
        world.port.exchange(request)
    except BadMessage as error:
        assert error.code == "damaged"
    assert sync_state(world.hub) == before


def test_an_oversized_message_is_refused(world: World) -> None:
    world.hub.limit(message_bytes=1_000)
    before = sync_state(world.hub)
    with pytest.raises(BadMessage) as caught:
        world.port.exchange(sealed_by(world["A"], bytes(1_001)))
    assert (caught.value.code, sync_state(world.hub)) == ("too_large", before)


def test_a_zip_bomb_is_refused_before_it_unfolds(world: World) -> None:
    """TRAPS 13: a frame that states its own size."""
    world.hub.limit(inflated_bytes=1_000_000)
    before = sync_state(world.hub)
    bomb = pack({}, [bytes(30_000_000)], world["A"].replica.limits)
    assert len(bomb) < 20_000
    with pytest.raises(BadMessage) as caught:
        world.port.exchange(sealed_by(world["A"], bomb))
    assert (caught.value.code, sync_state(world.hub)) == ("inflates_too_far", before)


def test_too_many_rows_are_refused(world: World) -> None:
    world.hub.limit(changeset_rows=1)
    node, before = world["A"], sync_state(world.hub)
    with pytest.raises(BadMessage) as caught:
        send(world, node, changeset_of(node, [inserted("calendar_day", DAY, {**DAY, "date": "2026-10-02"})]))
    assert (caught.value.code, sync_state(world.hub)) == ("too_many_rows", before)


def test_damaged_bytes_are_refused_wherever_the_damage_is(world: World) -> None:
    """C10: the seal covers every byte."""
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "x"})
    world.sync("A")
    request, before = world.port.requests[0], sync_state(world.hub)
    for at in range(0, len(request), max(1, len(request) // 60)):
        damaged = bytearray(request)
        damaged[at] ^= 0x10
        with pytest.raises((BadMessage, NotEnrolled)):
            world.port.exchange(bytes(damaged))
    for cut in (0, 4, 8, 30, len(request) - 1):
        with pytest.raises((BadMessage, NotEnrolled)):
            world.port.exchange(request[:cut])
    assert sync_state(world.hub) == before


def test_a_replayed_request_has_no_second_effect(world: World) -> None:
    """C11: told twice is stored once."""
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "x"})
    world.settle()
    before = sync_state(world.hub)
    for request in list(world.port.requests):
        world.port.exchange(request)
    assert sync_state(world.hub) == before


def test_a_request_sealed_by_one_node_cannot_be_sent_in_anothers_name(world: World) -> None:
    request = request_of(world["A"], [], [])
    with pytest.raises(BadMessage) as caught:
        world.port.exchange(world["B"].replica.node.encode() + request[8:])
    assert caught.value.code == "not_for_us"


def test_a_revoked_node_is_turned_away(world: World) -> None:
    """Enrolment: nodes can be revoked; the others learn it."""
    revoke(world.hub.db, world.hub.replica, world["A"].replica.node)
    with pytest.raises(Revoked):
        world.sync("A")
    world.sync("B")
    assert world["B"].value("SELECT revoked_at FROM _node WHERE node = ?", world["A"].replica.node) is not None
    assert world["B"].value("SELECT count(*) FROM _node WHERE revoked_at IS NOT NULL") == 1


def test_a_stranger_is_turned_away(world: World) -> None:
    for sealed in (b"", b"NOBODY12" + bytes(100), b"\xff" * 60, world.hub.replica.node.encode() + bytes(60)):
        with pytest.raises(NotEnrolled):
            world.port.exchange(sealed)


def test_another_protocol_version_asks_for_an_upgrade(world: World) -> None:
    """C12: never a silent skip."""
    before = sync_state(world.hub)
    with pytest.raises(UpgradeNeeded) as caught:
        world.port.exchange(request_of(world["A"], [], [], v=99))
    assert caught.value.data == {"theirs": 99, "ours": 1}
    assert sync_state(world.hub) == before


def test_an_edit_of_a_row_that_never_was_breaks_nobody(world: World) -> None:
    """It names nothing and nobody inserted the row: no row appears, and everyone stays in step."""
    node = world["A"]
    key = {"campus": "A", "date": "2031-01-01"}
    send(world, node, changeset_of(node, [updated("calendar_day", key, "note", {"note": "ghost"}, [])]))
    world.sync("B")
    assert tables_of_site(world["B"], ("con",)) == tables_of_site(world.hub, ("con",))
    assert world.hub.value("SELECT count(*) FROM calendar_day WHERE date = '2031-01-01'") == 0
    with world.hub.write(OFFICE) as w:
        w.insert(CalendarDay(campus="A", date="2031-01-01", kind="holiday"))
    world.sync("B")
    assert tables_of_site(world["B"], ("con",)) == tables_of_site(world.hub, ("con",))


def test_a_changeset_that_names_what_nobody_has_stops_nobody_else(world: World) -> None:
    """Precise point 4: it waits, with what follows in its stream; other nodes go on as ever."""
    node = world["A"]
    names = (VersionName("N0000000.XXXX", 1, bytes(8)),)
    key = {"campus": "A", "date": "2026-09-01"}
    fine = changeset_of(node, day())
    waiting = replace_after(node, fine, [updated("calendar_day", key, "note", {"note": "x"}, [0])], names)
    stretch, pieces = stretch_of(node, [fine, waiting])
    world.port.exchange(request_of(node, [stretch], pieces))
    assert world.hub.value("SELECT count(*) FROM _changeset WHERE state = 'waiting'") == 1
    with world.hub.write(OFFICE) as w:
        w.update(RosterGroup, ("B-21-x",), {"name": "news"})
    assert world.sync("B").done
    assert world["B"].value("SELECT name FROM roster_group WHERE id = 'B-21-x'") == "news"
    assert tables_of_site(world["B"], ("con",)) == tables_of_site(world.hub, ("con",))


def replace_after(node: Site, before: Changeset, blocks: list[Block], names: tuple[VersionName, ...]) -> Changeset:
    """The changeset that follows another forged one in its stream."""
    return link_after(before, changeset_of(node, blocks, names=names, action="NEXT"))


# name of the lie → pushes of parts as (scope, action, size), and the states that they end in
SIZES: dict[str, tuple[list[list[tuple[str, str, int]]], list[str]]] = {
    "more parts than there will ever be": ([[("con", "X", 3), ("A", "X", 3)]], ["waiting"] * 2),
    "parts that differ about it": ([[("con", "X", 2), ("A", "X", 3)]], ["quarantined"] * 2),
    "parts that differ about it, one by one": ([[("con", "X", 2)], [("A", "X", 3)]], ["quarantined"] * 2),
    "two parts in one scope": ([[("con", "X", 2), ("con", "X", 2)]], ["quarantined"] * 2),
    "a second part of what was whole": ([[("con", "X", 1)], [("A", "X", 1)]], ["applied", "quarantined"]),
    "a third part of two": (
        [[("con", "X", 2), ("A", "X", 2)], [("A", "X", 2)]], ["applied", "applied", "quarantined"]),
    "two actions that each wait for the other": (
        [[("con", "X", 2), ("con", "Y", 2), ("A", "Y", 2), ("A", "X", 2)]], ["waiting"] * 4),
}  # fmt: skip


@pytest.mark.parametrize("name", SIZES)
def test_a_lie_about_the_size_of_an_action_harms_only_the_liar(world: World, name: str) -> None:
    """Precise point 6: refused by name, or it waits; everybody else goes on."""
    node, (pushes, states) = world["A"], SIZES[name]
    sent: list[Changeset] = []
    for parts in pushes:
        streams: dict[str, list[Changeset]] = {}
        for scope, action, size in parts:
            made = part_of(node, sent, scope, action=action, action_size=size)
            streams.setdefault(scope, []).append(made)
            sent.append(made)
        push(world, node, *streams.values())
    found = [world.hub.rows("SELECT state, reason FROM _changeset WHERE hash = ?", one.hash)[0] for one in sent]
    assert [state for state, _ in found] == states
    assert {reason for state, reason in found if state == "quarantined"} <= {"forged_action"}
    with world.hub.write(OFFICE) as w:
        w.update(CalendarDay, DAY_A, {"note": "as ever"})
    assert world.sync("B").done
    assert world["B"].value("SELECT note FROM calendar_day WHERE campus = 'A' AND date = '2026-09-01'") == "as ever"
    assert tables_of_site(world["B"], ("con",)) == tables_of_site(world.hub, ("con",))


def part_of(node: Site, sent: list[Changeset], scope: str, **header: Any) -> Changeset:
    """A changeset that follows the last one sent in its stream."""
    rows = day(date=f"2026-10-{len(sent) + 1:02}") if scope == "con" else [inserted("group_member", MEMBER)]
    before = [one for one in sent if one.scope == scope]
    made = changeset_of(node, rows, scope=scope, **header)
    return link_after(before[-1], made) if before else made


def test_a_weight_that_was_not_carried_from_a_winner_is_refused(world: World) -> None:
    """C4, C9: only an edit of a winner carries its authority; a teacher cannot give a mark the office's rank."""
    node = world["A"]
    with node.write(CLERK_A) as w:
        w.insert(Account(person_id="A-2-x", login="laoshi"))
    world.settle()
    n = int(str(node.value("SELECT max(n) FROM _changeset")))
    names = (version_names(node.db, [n])[n],)
    block = updated("account", {"person_id": "A-2-x"}, "revoked_at", {"revoked_at": None}, [0])
    forged = changeset_of(
        node, [replace(block, weights=[[99]])], names=names, person_id="A-2-x", rank="person"
    )
    send(world, node, forged)
    assert world.hub.rows("SELECT state, reason FROM _changeset WHERE hash = ?", forged.hash) == [
        ("quarantined", "forged_weight")
    ]


def test_after_all_that_an_honest_node_still_syncs(world: World) -> None:
    node = world["A"]
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "honest"})
    world.settle()
    assert_same_tables(world)
    assert SCHEMA_VERSION >= 1
