"""A node and a hub one release apart sync both ways; what one does not know is kept and takes effect later (C12)."""

from pathlib import Path

import pytest

from shared.database import transaction
from shared.errors import InvalidInput
from sync.change import LOCAL_OPERATOR
from sync.conflicts import count_open, open_conflicts, resolve
from sync.status import campus_boards, record_state, sync_status
from sync.steps.erase import erase
from sync.verify import verify
from tests.support.world import Site, tables_of_site
from tests.sync.forging import changeset_of, inserted, send
from tests.sync.skew import (
    CLERK,
    NEW,
    OFFICE,
    OLD,
    Notice,
    OldNotice,
    Reply,
    SkewedWorld,
    Visitor,
    assert_as_if_new_from_the_start,
    notice_at,
    skewed_world,
)

LONG = "a title of twelve"


def shown(site: Site, id_: str, *names: str) -> tuple[object, ...]:
    """Some columns of a notice as a site shows them."""
    row = notice_at(site, id_)
    assert row is not None
    return tuple(row[name] for name in names)


def refused(world: SkewedWorld) -> list[object]:
    """What the hub refused."""
    return [reason for (reason,) in world.hub.rows("SELECT reason FROM _changeset WHERE state = 'quarantined'")]


@pytest.fixture(params=[(OLD, NEW), (NEW, OLD)], ids=["the hub is older", "the hub is newer"])
def apart(request: pytest.FixtureRequest, tmp_path: Path) -> SkewedWorld:
    """A hub and node A a release apart, B like the hub, A2 like A; one notice that all have."""
    hub, node = request.param
    world = skewed_world(tmp_path, hub=hub, A=node, A2=node, B=hub)
    world.put("hub" if hub == OLD else "A", OldNotice(id="A-1", title="first"), OFFICE if hub == OLD else CLERK)
    world.settle()
    return world


def newer_and_older(world: SkewedWorld) -> tuple[str, str]:
    """The names of a site of each release."""
    return ("hub", "A") if world.hub.replica.schema == NEW else ("A", "hub")


def at(world: SkewedWorld, name: str) -> Site:
    """A site by name."""
    return world.hub if name == "hub" else world[name]


def finish(world: SkewedWorld) -> None:
    """All upgrade; in the end they show what a replica new from the start shows, and their logs prove it."""
    for site in world.sites():
        assert verify(site.replica, site.db) == []
    world.upgrade(*(name for name in ("hub", *world.nodes) if at(world, name).replica.schema == OLD))
    for site in world.sites():
        assert verify(site.replica, site.db) == [], site.name
        assert sync_status(site.db, site.replica).parked == 0
    world.settle()
    assert_as_if_new_from_the_start(world)
    assert refused(world) == []
    world.close()


def test_fields_tables_and_codes_pass_both_ways(apart: SkewedWorld) -> None:
    """C12: what a side does not know is kept, passed on and takes effect when it is upgraded."""
    newer, older = newer_and_older(apart)
    apart.put(newer, Notice(id="A-2", title="short", kind="eclipse", colour="red", weight=3), OFFICE)
    apart.put(newer, Reply(notice_id="A-2", person_id="p", words="yes"), OFFICE)
    apart.put(newer, author=OFFICE, id="A-1", colour="blue")
    apart.put(older, OldNotice(id="A-3", title="old"), OFFICE)
    apart.settle()
    assert shown(at(apart, older), "A-2", "title", "kind") == ("short", "eclipse")
    assert shown(at(apart, newer), "A-3", "colour", "weight") == ("white", None)
    # colour and weight of A-2, the row of reply, the colour of A-1
    assert sync_status(at(apart, older).db, at(apart, older).replica).parked == 4
    finish(apart)


def test_an_older_nodes_edit_of_other_fields_does_not_wipe_a_newer_one(apart: SkewedWorld) -> None:
    """C12: and a value that the older table cannot hold stays as well."""
    newer, older = newer_and_older(apart)
    apart.put(newer, author=OFFICE, id="A-1", colour="blue", copies=50)
    apart.settle()
    assert shown(at(apart, older), "A-1", "copies") == (1,)
    apart.put(older, author=OFFICE, id="A-1", title="edited")
    apart.settle()
    assert shown(at(apart, newer), "A-1", "title", "colour", "copies") == ("edited", "blue", 50)
    apart.upgrade(*(["hub", "B"] if older == "hub" else ["A", "A2"]))
    assert shown(at(apart, older), "A-1", "title", "colour", "copies") == ("edited", "blue", 50)
    assert_as_if_new_from_the_start(apart)


def test_a_value_that_cannot_be_held_leaves_the_cell_and_is_counted(apart: SkewedWorld) -> None:
    """C12, C14: parked; the head is known, the cell unchanged, and people are told."""
    newer, older = newer_and_older(apart)
    site = at(apart, older)
    record = OldNotice
    apart.put(newer, author=OFFICE, id="A-1", title=LONG)
    apart.settle()
    assert shown(site, "A-1", "title") == ("first",)
    assert sync_status(site.db, site.replica).parked == 1
    assert record_state(site.db, site.replica, record, ("A-1",)) == "parked"
    assert count_open(site.db, site.replica) == (0, 0)
    told = {board.node: board.parked for board in campus_boards(apart.hub.db, apart.hub.replica)}
    assert older == "hub" or told[site.replica.node] == 1
    apart.put(newer, author=OFFICE, id="A-1", title=LONG + "!")
    apart.settle()
    assert shown(site, "A-1", "title") == ("first",)
    assert sync_status(site.db, site.replica).parked == 1
    finish(apart)


def test_a_later_edit_by_the_older_side_replaces_the_parked_value(apart: SkewedWorld) -> None:
    """C12: it names the head it cannot show."""
    newer, older = newer_and_older(apart)
    apart.put(newer, author=OFFICE, id="A-1", title=LONG, mark=50)
    apart.settle()
    apart.put(older, author=OFFICE, id="A-1", title="later", mark=5)
    apart.settle()
    for name in (newer, older):
        assert shown(at(apart, name), "A-1", "title", "mark") == ("later", 5)
        assert count_open(at(apart, name).db, at(apart, name).replica) == (0, 0)
    assert sync_status(at(apart, older).db, at(apart, older).replica).parked == 0
    finish(apart)


def test_a_conflict_with_a_parked_value_is_open_on_both_sides(apart: SkewedWorld) -> None:
    """C4, C12: the older side sees both values, shows its own, and cannot decide for the one it cannot hold."""
    newer, older = newer_and_older(apart)
    site = at(apart, older)
    apart.put(newer, author=OFFICE, id="A-1", title=LONG)
    apart.put(older, author=OFFICE, id="A-1", title="other")
    apart.settle()
    assert shown(site, "A-1", "title") == ("other",)
    [conflict] = open_conflicts(site.db, site.replica)
    assert {head.values["title"] for head in conflict.heads} == {LONG, "other"}
    with pytest.raises(InvalidInput, match="waits_for_upgrade"), site.write(OFFICE) as w:
        resolve(w, conflict, {"title": LONG}, "no")
    assert len(open_conflicts(at(apart, newer).db, at(apart, newer).replica)) == 1
    finish(apart)


def test_a_row_that_cannot_be_shown_waits_alone(apart: SkewedWorld) -> None:
    """C12: no default for its title, or a key too long: parked whole; what else came is not held up."""
    newer, older = newer_and_older(apart)
    site = at(apart, older)
    ids = ["A-5", "A-a-much-longer-id", "A-6"]
    with at(apart, newer).write(OFFICE) as w:
        w.insert(*(Notice(id=i, title=t, copies=c) for i, t, c in zip(ids, [LONG, "x", "y"], [1, 2, 99], strict=True)))
    apart.settle()
    assert [notice_at(site, i) is None for i in ids] == [True, True, False]
    assert shown(site, "A-6", "copies") == (1,)
    assert record_state(site.db, site.replica, OldNotice, ("A-5",)) == "parked"
    # The older side happens to insert the same key: two heads a field, nothing is replaced unseen (point 2).
    apart.put(older, OldNotice(id="A-5", title="mine"), OFFICE)
    apart.put(newer, author=OFFICE, id="A-5", copies=7)
    apart.settle()
    units = {c.unit for c in open_conflicts(at(apart, newer).db, at(apart, newer).replica)}
    assert units == {"title", "copies"}
    finish(apart)


def test_an_older_delete_names_newer_fields_it_has_seen_and_spares_others(apart: SkewedWorld) -> None:
    """Precise point 3: unknown fields included; an edit of one that came meanwhile keeps the row."""
    newer, older = newer_and_older(apart)
    for number, id_ in enumerate(("A-7", "A-8")):
        apart.put(newer, Notice(id=id_, title="x"), OFFICE)
        apart.put(newer, author=OFFICE, id=id_, colour=f"c{number}")
    apart.settle()
    with at(apart, older).write(OFFICE) as w:
        w.delete(OldNotice, ("A-7",))
        w.delete(OldNotice, ("A-8",))
    apart.put(newer, author=OFFICE, id="A-8", colour="late")
    apart.settle()
    for name in (newer, older):
        assert notice_at(at(apart, name), "A-7") is None
        assert notice_at(at(apart, name), "A-8") is not None
        assert [c.key for c in open_conflicts(at(apart, name).db, at(apart, name).replica)] == [("A-8",)]
    finish(apart)


def test_what_the_shell_left_behind_survives_the_upgrade(apart: SkewedWorld) -> None:
    """C1, C12: packed first, then the rows are built anew; a migration's own writes are nobody's edit."""
    newer, older = newer_and_older(apart)
    site = at(apart, older)
    apart.put(newer, author=OFFICE, id="A-1", copies=50)
    apart.settle()
    site.db.conn.execute("UPDATE notice SET title = 'shell' WHERE id = 'A-1'")
    site.db.conn.execute("INSERT INTO notice (id, title) VALUES ('A-9', 'shell')")
    # The highest row numbers are used up: a rebuilt table must not give them out again.
    with site.write(OFFICE) as w:
        w.insert(*(OldNotice(id=f"A-{n}", title="gone") for n in range(50, 80)))
    with site.write(OFFICE) as w:
        w.db.conn.execute("DELETE FROM notice WHERE title = 'gone'")
    site.db.conn.execute("UPDATE notice SET kind = 'shell' WHERE id = 'A-9'")
    apart.upgrade(older)
    assert shown(site, "A-1", "title", "copies") == ("shell", 50)
    assert shown(site, "A-9", "title", "colour") == ("shell", "white")
    rows = site.rows("SELECT rows FROM _changeset WHERE person_id = ?", LOCAL_OPERATOR)
    assert rows == [(2,), (1,)]
    with site.write(OFFICE) as w:
        w.insert(Notice(id="A-10", title="counted"))
    assert site.value("SELECT count(*) FROM notice WHERE _v IS NULL") == 0


def test_an_erasure_reaches_a_table_of_a_newer_release(tmp_path: Path) -> None:
    """C10, C12: an older node keeps the erased row's parts neither now nor at its upgrade."""
    world = skewed_world(tmp_path, hub=NEW, A=OLD)
    with world.hub.write(OFFICE) as w:
        w.insert(Visitor(id="A-1", name="erase me"), Visitor(id="A-2", name="keep me"))
    world.settle()
    erase(world.hub.db, world.hub.replica, Visitor, ("A-1",), by="law")
    world.settle()
    assert verify(world["A"].replica, world["A"].db) == []
    world.upgrade("A")
    assert world["A"].rows("SELECT id FROM visitor") == [("A-2",)]
    assert_as_if_new_from_the_start(world)


@pytest.mark.parametrize(
    ("row", "reason"),
    [({"title": "x" * 19, "copies": 1}, None), ({"title": 5, "copies": 1}, "invalid_value"),
     ({"title": "x", "copies": 2**70}, "invalid_value"), ({"title": "\a", "copies": 1}, "invalid_value"),
     ({"title": None, "copies": "2"}, "invalid_value"), ({"title": None, "copies": 1}, None)],
)  # fmt: skip
def test_a_newer_header_excuses_wider_values_and_nothing_else(
    tmp_path: Path, row: dict[str, object], reason: str | None
) -> None:
    """C9: types never change, and what SQLite could never hold is refused."""
    world = skewed_world(tmp_path, hub=OLD, A=OLD)
    whole = {"id": "A-1", "kind": "x", "room": None, "hour": None, "mark": None, **row}
    send(world, world["A"], changeset_of(world["A"], [inserted("notice", whole)], schema=NEW))
    world.sync("A")
    assert [r or None for r in refused(world)] == ([reason] if reason else [])
    assert notice_at(world.hub, "A-1") is None
    assert verify(world.hub.replica, world.hub.db) == []
    with transaction(world.hub.db):
        assert tables_of_site(world.hub)["notice"] == []


def test_a_value_of_a_wider_release_under_an_older_header_stops_nobody(tmp_path: Path) -> None:
    """C11: a newer hub takes it for good; an older node parks it and goes on."""
    world = skewed_world(tmp_path, hub=NEW, A=NEW, B=OLD)
    whole = {"id": "A-1", "title": LONG, "kind": "x", "copies": 1, "room": None, "hour": None, "mark": None}
    send(world, world["A"], changeset_of(world["A"], [inserted("notice", whole)], schema=OLD))
    world.put("hub", Notice(id="A-2", title="after"), OFFICE)
    world.sync("B")
    assert [notice_at(world["B"], i) is None for i in ("A-1", "A-2")] == [True, False]
    world.upgrade("B")
    assert shown(world["B"], "A-1", "title") == (LONG,)


def test_the_cell_goes_on_showing_the_newest_value_that_was_replaced(tmp_path: Path) -> None:
    """C12 with a clock in 2099 (C6): of two values replaced by parked ones, the one that replaced the other."""
    world = skewed_world(tmp_path, hub=OLD, A=NEW, A2=NEW, A3=NEW)
    world.put("hub", OldNotice(id="A-1", title="first"), OFFICE)
    world.settle()
    now = world["A"].clock.now_ms()
    world["A"].clock.set_wall(now + 73 * 365 * 86_400_000)
    world.put("A", id="A-1", title="x")
    world.settle()
    world.put("A2", id="A-1", title="y")
    world.put("A3", id="A-1", title="a parked title")
    world.sync("A2")
    world.put("A2", id="A-1", title="another parked one")
    world.settle()
    assert len(open_conflicts(world.hub.db, world.hub.replica)) == 1
    assert shown(world.hub, "A-1", "title") == ("y",)
    finish(world)


def test_clerks_of_either_release_write_the_same_row(apart: SkewedWorld) -> None:
    """C2 over the gap: chains of edits, each naming the one before."""
    newer, older = newer_and_older(apart)
    for copies, name in ((50, newer), (5, older), (60, newer), (70, newer)):
        apart.put(name, author=CLERK if name == "A" else OFFICE, id="A-1", copies=copies)
        apart.settle(1)
        apart.settle(1)
    assert shown(at(apart, newer), "A-1", "copies") == (70,)
    assert shown(at(apart, older), "A-1", "copies") == (5,)
    finish(apart)
