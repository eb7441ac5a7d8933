"""What a hostile node leaves behind, or says in a form nobody expects, stops neither the hub nor the law (C9, C10)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import zstandard

from shared.records.places import CalendarDay
from shared.records.pupils import Pupil
from sync.body import dumped, encode_header
from sync.capture import link
from sync.chain import link_hash
from sync.change import Block
from sync.errors import BadMessage
from sync.log import version_names
from sync.position import position_of, tables_touched_since
from sync.replica import setting
from sync.status import sync_status
from sync.steps.erase import erase
from sync.steps.hello import ask
from sync.wire import pack
from tests.support.world import CLERK_A, DAY_A, OFFICE, PUPIL_A, World, add_node, sync_state
from tests.sync.forging import HONEST, changeset_of, inserted, sealed_by, send, updated
from tests.sync.test_hostile_nodes import DAY, PUPIL, day, without

ENTRY = ["con", 1, "receipt", "N.1", 1, "00" * 8, 1, 1, "accepted", "", "{}", None]


def without_key(world: World) -> None:
    """A pupil without an id comes in and is quarantined."""
    node = world["A"]
    made = changeset_of(node, [], scope="A", apart=[inserted("pupil", without(PUPIL, "id"))])
    send(world, node, made)
    assert world.hub.value("SELECT reason FROM _changeset WHERE hash = ?", made.hash) == "missing_column"


def test_a_refused_row_without_its_key_is_shown_on_the_board(world: World) -> None:
    """C14: the list of refusals is for all campuses; one body must not take it away from everybody."""
    without_key(world)
    [refusal] = sync_status(world.hub.db, world.hub.replica).refusals
    assert (refusal.key, refusal.values["name"]) == (("",), "x")


@pytest.mark.parametrize("first", [True, False])
def test_a_refused_row_without_its_key_does_not_stop_the_law(world: World, first: bool) -> None:
    """C10: whether it comes before or after somebody is erased."""
    if first:
        without_key(world)
    erase(world.hub.db, world.hub.replica, Pupil, PUPIL_A, by="law")
    if not first:
        without_key(world)
    world.settle()
    assert world["A"].rows("SELECT k FROM _erased") == [PUPIL_A]


def test_an_erasure_hangs_on_a_changeset_that_all_holders_have(world: World, tmp_path: Path) -> None:
    """C10: an edit of the row that waits at the hub has no receipt; nodes could not say what the entry is about."""
    node = world["A"]
    n = int(str(node.value("SELECT _v FROM pupil WHERE id = ?", *PUPIL_A)))
    edit = updated("pupil", {"id": PUPIL_A[0]}, "name", {"name": "y"}, [0])
    names = (version_names(node.db, [n])[n],)
    half = changeset_of(node, [], scope="A", apart=[edit], names=names, action_size=2)
    send(world, node, half)
    assert world.hub.value("SELECT state FROM _changeset WHERE hash = ?", half.hash) == "waiting"
    erase(world.hub.db, world.hub.replica, Pupil, PUPIL_A, by="law")
    later = add_node(world, tmp_path, "A2")
    assert later.value("SELECT count(*) FROM pupil WHERE id = ?", *PUPIL_A) == 0
    assert later.rows("SELECT k FROM _erased") == [PUPIL_A]


BODIES: dict[str, bytes] = {
    "columns in a list": dumped([{"t": "calendar_day", "o": "i", "n": 1, "c": []}]),
    "columns as text": dumped([{"t": "calendar_day", "o": "i", "n": 1, "c": "x"}]),
    "a column called by a lone surrogate": dumped(
        [{"t": "calendar_day", "o": "i", "n": 1, "c": {**{k: [v] for k, v in DAY.items()}, "?": [1]}}]
    ).replace(b"?", b"\\ud800"),
    "an update of nothing that names a version": dumped(
        [{"t": "calendar_day", "o": "u", "n": 1, "c": {"campus": ["A"], "date": ["2026-09-01"]}, "b": [[0]]}]
    ),
    "an insert of units": dumped(
        [{"t": "calendar_day", "o": "i", "n": 1, "u": ["note"], "c": {k: [v] for k, v in DAY.items()}}]
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_of_another_form_is_refused_by_name(world: World, name: str) -> None:
    """Nothing of the message is stored; the hub stays up."""
    node, before = world["A"], sync_state(world.hub)
    n = int(str(node.value("SELECT _v FROM calendar_day WHERE campus = 'A'")))
    header = encode_header(replace(HONEST, names=(version_names(node.db, [n])[n],)))
    with pytest.raises(BadMessage) as caught:
        send(world, node, link(node.db, "con", header, (BODIES[name],)))
    assert caught.value.code == "bad_body"
    assert sync_state(world.hub) == before


def test_a_weight_beyond_sqlite_does_not_wait_for_the_upgrade(world: World) -> None:
    """C12: a newer schema's unit is not weighed here; the upgrade would stop at the number and open no more."""
    node = world["A"]
    n = int(str(node.value("SELECT _v FROM calendar_day WHERE campus = 'A'")))
    columns: dict[str, list[Any]] = {"campus": ["A"], "date": ["2026-09-01"], "later": ["x"]}
    block = Block("calendar_day", "u", 1, ("later",), columns, [[[0]]], [[2**70]])
    made = changeset_of(node, [block], names=(version_names(node.db, [n])[n],), schema=2)
    with pytest.raises(BadMessage, match="bad_body"):
        send(world, node, made)


def test_a_changeset_without_a_body_is_never_accepted(world: World) -> None:
    """C9: nobody can say what it writes; it is a hole at every holder, and what follows it goes on."""
    node = world["A"]
    made = replace(changeset_of(node, day()), parts=None)
    send(world, node, made)
    world.sync("B")
    for site in (world.hub, world["B"]):
        assert site.rows("SELECT state, reason FROM _changeset WHERE hash = ?", made.hash) == [("hole", "bad_body")]


def test_a_hole_in_an_own_stream_is_sent_and_stops_no_sync(world: World) -> None:
    """C11: a node and its hub, both restored from old copies, may hold of a refused changeset its header alone."""
    node = world["A"]
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "lost twice"})
    node.db.conn.execute("UPDATE _changeset SET state = 'hole', parts = NULL WHERE hub_seq IS NULL")
    with node.write(CLERK_A) as w:
        w.update(Pupil, PUPIL_A, {"name": "goes on"})
    assert world.sync("A").done
    assert world.hub.value("SELECT name FROM pupil WHERE id = ?", *PUPIL_A) == "goes on"


def test_an_origin_with_a_slash_is_refused(world: World) -> None:
    """A version is called ORIGIN/SCOPE/SEQ: with one more slash every page that shows it would stop."""
    node = world["A"]
    made, origin = changeset_of(node, day()), f"{node.replica.node}.AB/CD"
    hash_ = link_hash(bytes(32), f"{origin}/con", 1, made.header, made.body_hash)
    with pytest.raises(BadMessage, match="damaged"):
        send(world, node, replace(made, origin=origin, seq=1, prev=bytes(32), hash=hash_))


@pytest.mark.parametrize("name", ["app", "nonce", "epoch", "cursors"])
def test_a_lone_surrogate_in_a_head_is_damaged(world: World, name: str) -> None:
    """TRAPS 11: JSON can say what UTF-8 cannot."""
    node = world["A"]
    told: Any = {"QQ": [0, ""]} if name == "cursors" else "QQ"
    head = dumped({**ask(node.replica, node.db), "push": [], name: told}).replace(b"QQ", b"\\ud800")
    message = zstandard.ZstdCompressor().compress(len(head).to_bytes(4, "big") + head)
    with pytest.raises(BadMessage, match="damaged"):
        world.port.exchange(sealed_by(node, message))


GIVES: dict[str, dict[str, Any]] = {
    "a stretch of the scope []": {"g": [[[], 1]], "e": [ENTRY]},
    "a stretch of the scope {}": {"g": [[{}, 1]], "e": [ENTRY]},
    "parts counted in text": {"e": [[*ENTRY[:11], "x"]]},
    "parts counted in a list": {"e": [[*ENTRY[:11], []]]},
    "half a part": {"e": [[*ENTRY[:11], 1.5]]},
}


@pytest.mark.parametrize("name", GIVES)
def test_what_is_given_back_in_another_form_is_damaged(world: World, name: str) -> None:
    """C11: refused by name, nothing stored."""
    node, before = world["A"], sync_state(world.hub)
    gives = {"to": setting(world.hub.db, "epoch"), "e": [], "g": [], "h": [], "b": [], **GIVES[name]}
    told = {**ask(node.replica, node.db), "push": [], "epoch": "old", "gives": gives}
    with pytest.raises(BadMessage, match="damaged"):
        world.port.exchange(sealed_by(node, pack(told, [], node.replica.limits)))
    assert sync_state(world.hub) == before


def test_nothing_is_remembered_over_a_restored_hub(world: World) -> None:
    """C3, C11: the new log takes up old numbers again; an entry of it may be about a changeset that is known."""
    backup, node = world.hub.backup_bytes(), world["A"]
    for note in ("one", "two"):
        with node.write(CLERK_A) as w:
            w.update(CalendarDay, DAY_A, {"note": note})
        world.settle()
    before = position_of(node.db)
    world.hub.restore(backup)
    with world.hub.write(OFFICE) as w:
        w.update(CalendarDay, DAY_A, {"note": "by the hub"})
    world.settle()
    assert tables_touched_since(node.db, before) is None
    assert tables_touched_since(node.db, position_of(node.db)) == set()
