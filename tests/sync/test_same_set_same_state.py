"""Same set ⇒ same state: any order that causality allows, any batching, any duplication (C3, precise point 4)."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.database import transaction
from shared.records.attendance import StaffDay
from shared.records.places import CalendarDay, RollSession
from shared.records.pupils import Pupil, RosterGroup
from sync.capture import token_of
from sync.change import Changeset
from sync.conflicts import open_conflicts, resolve
from sync.journal import apply_changesets
from sync.log import read_changeset
from sync.opened import open_changeset
from sync.status import sync_status
from sync.steps.receive import Arrival, receive
from sync.verify import causal_shuffle, rebuild, verify
from tests.support.world import (
    CLERK_A,
    GROUP_A,
    OFFICE,
    PUPIL_A,
    STAFF_DAY_A,
    START_MS,
    TERMINAL_A,
    Site,
    World,
    add_node,
    assert_same_tables,
    make_world,
    new_site,
    tables_of_site,
)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[World]:
    """Three writers' weeks with every kind of disagreement, some of it still open."""
    world = make_world(tmp_path, ("A", "A2", "B"))
    for week in range(3):
        for name in ("A", "A2", "hub"):
            _week(world.hub if name == "hub" else world[name], week)
        world.settle(1)
    [*_, last] = open_conflicts(world["A"].db, world["A"].replica)
    with world["A"].write(CLERK_A) as w:
        resolve(w, last, {name: last.heads[-1].values[name] for name in last.columns}, "settled")
    world.settle()
    yield world
    world.close()


def _week(site: Site, week: int) -> None:
    author = OFFICE if site.name == "hub" else CLERK_A
    token = token_of(site.db, site.replica, RosterGroup, GROUP_A)
    key = ("A", f"s{week}")
    with site.write(author) as w:
        w.put(CalendarDay(campus="A", date="2026-09-01", kind="exam", note=f"{site.name}{week}"))
        w.update(Pupil, PUPIL_A, {"name": f"{site.name}{week}"})
    with site.write(author) as w:
        w.insert(RollSession(campus="A", code=f"s{week}", name=site.name, begin="07:00", end="07:30"))
    if site.name == "A":
        with site.write(author) as w:
            w.delete(RollSession, key)
            w.delete(Pupil, ("A-12-x",))
    else:
        with site.write(author) as w:
            w.update(RollSession, key, {"name_en": site.name})
    if week == 1 and site.name != "A2" and token is not None:
        with site.write(author) as w:
            w.update(RosterGroup, GROUP_A, {"name": f"{site.name}"}, token)
        with site.write(author) as w:
            w.update(RosterGroup, GROUP_A, {"name": f"{site.name} stale"}, token)


def changesets_of(site: Site) -> list[tuple[Changeset, int]]:
    """Every applied changeset with its final stamp."""
    rows = site.rows("SELECT n, effective FROM _changeset WHERE state = 'applied' ORDER BY n")
    return [(read_changeset(site.db, int(str(n))), int(str(effective))) for n, effective in rows]


def take(site: Site, arrivals: list[tuple[Changeset, int]]) -> int:
    """Receive and apply in one transaction; how many wait afterwards."""
    with transaction(site.db):
        ready = receive(site.replica, site.db, [Arrival(c, effective) for c, effective in arrivals])
        apply_changesets(site.db, site.replica.tables, [open_changeset(site.db, n) for n in ready])
    return sync_status(site.db, site.replica).waiting


def test_the_story_has_something_to_get_wrong(story: World) -> None:
    assert_same_tables(story)
    kinds = {conflict.kind for conflict in open_conflicts(story.hub.db, story.hub.replica)}
    assert kinds == {"edit", "delete"}
    assert story.hub.value("SELECT count(*) FROM _delete") != 0
    assert len(changesets_of(story.hub)) > 20


@pytest.mark.parametrize("seed", range(6))
def test_a_rebuild_in_any_causal_order_gives_the_same_tables(story: World, seed: int) -> None:
    """C3: a fresh fold of the log, changesets one at a time in a shuffled order, open conflicts included."""
    for site in story.sites():
        before = tables_of_site(site)
        order = causal_shuffle(site.db, random.Random(seed))
        with transaction(site.db):
            rebuild(site.replica.tables, site.db, order=[])
            batch = 1 + seed % 3
            for at in range(0, len(order), batch):
                opened = [open_changeset(site.db, n) for n in order[at : at + batch]]
                apply_changesets(site.db, site.replica.tables, opened)
        assert tables_of_site(site) == before, site.name
        assert verify(site.replica, site.db) == []


@pytest.mark.parametrize("seed", range(6))
def test_changesets_in_any_order_at_all_wait_for_what_they_need(story: World, tmp_path: Path, seed: int) -> None:
    """Precise point 4: frames out of order, some twice; in the end nothing waits and the tables are the same."""
    chooser = random.Random(seed)
    arrivals = changesets_of(story.hub)
    chooser.shuffle(arrivals)
    arrivals += chooser.sample(arrivals, 5)
    stranger = new_site(tmp_path, "stranger")
    waited = 0
    while arrivals:
        size = chooser.randint(1, 5)
        waited = max(waited, take(stranger, arrivals[:size]))
        arrivals = arrivals[size:]
    assert waited > 0
    assert sync_status(stranger.db, stranger.replica).waiting == 0
    assert tables_of_site(stranger) == tables_of_site(story.hub)
    stranger.db.close()


def test_what_waits_is_counted_and_holds_up_only_what_follows(story: World, tmp_path: Path) -> None:
    """Precise point 4: stored and shown, not applied; other streams go on."""
    stranger = new_site(tmp_path, "stranger")
    arrivals = changesets_of(story.hub)
    first = next(c for c, _ in arrivals if c.origin.startswith(story["A"].replica.node) and c.scope == "A")
    missing = (first.origin, first.scope, first.seq)
    rest = [(c, e) for c, e in arrivals if (c.origin, c.scope, c.seq) != missing]
    waiting = take(stranger, rest)
    assert 0 < waiting < len(rest)
    assert stranger.value("SELECT count(*) FROM campus") == 2
    assert take(stranger, [(c, e) for c, e in arrivals if (c.origin, c.scope, c.seq) == missing]) == 0
    assert tables_of_site(stranger) == tables_of_site(story.hub)
    stranger.db.close()


def test_a_new_node_gets_the_same_tables_from_the_log(story: World, tmp_path: Path) -> None:
    """C3 through the exchange itself, with frames of one row."""
    story.hub.limit(frame_rows=1, frame_bytes=1)
    add_node(story, tmp_path, "A3")
    assert_same_tables(story)


def test_verify_names_what_was_changed_behind_the_logs_back(story: World) -> None:
    """C10: a cell, a body, the hub's log."""
    node = story["A"]
    node.db.conn.execute("UPDATE calendar_day SET note = 'forged', _v = _v, _vx = _vx WHERE campus = 'A'")
    node.db.conn.execute("DELETE FROM _pending")
    assert {finding.kind for finding in verify(node.replica, node.db)} == {"row_differs"}
    hub = story.hub
    hub.db.conn.execute("UPDATE _entry SET received_at = received_at + 1 WHERE hub_seq = 3")
    hub.db.conn.execute("UPDATE _changeset SET header = CAST(header || ' ' AS BLOB) WHERE n = 4")
    kinds = {finding.kind for finding in verify(hub.replica, hub.db)}
    assert {"log_changed", "link_changed"} <= kinds


@pytest.mark.parametrize("seed", range(6), ids=lambda seed: f"seed_{seed}")
def test_an_edit_keeps_the_rank_of_the_winner_that_it_replaced_whatever_arrives_first(
    tmp_path: Path, seed: int
) -> None:
    """C4: the carried weight is not lost where the edit comes before the rival and is applied as a plain newer one."""
    world = make_world(tmp_path, ("A", "A2"))
    with world["A"].write(CLERK_A) as w:
        w.update(StaffDay, STAFF_DAY_A, {"status": "sick_leave"})
    with world["A2"].write(TERMINAL_A) as w:
        w.update(StaffDay, STAFF_DAY_A, {"status": "personal_leave"})
    world.settle()
    # A clock that runs behind: by the stamps alone, the rival would be the later one.
    world["A"].clock.set_wall(START_MS - 86_400_000)
    shown = token_of(world["A"].db, world["A"].replica, StaffDay, STAFF_DAY_A)
    with world["A"].write(TERMINAL_A) as w:
        w.update(StaffDay, STAFF_DAY_A, {"status": "official_leave"}, shown)
    world.settle()
    for site in (world.hub, world["A2"]):
        assert site.value("SELECT status FROM staff_day") == "official_leave"
        before = tables_of_site(site)
        order = causal_shuffle(site.db, random.Random(seed))
        with transaction(site.db):
            rebuild(site.replica.tables, site.db, order=order)
        assert tables_of_site(site) == before
    world.close()
