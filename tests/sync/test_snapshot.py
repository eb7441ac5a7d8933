"""A new or long-absent node starts from a signed snapshot, and is then like any other (C3, C13)."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from shared.database import transaction
from shared.records import CalendarDay, Pupil, StaffDay
from shared.schema import find
from sync.conflicts import open_conflicts, resolve
from sync.errors import BadMessage, HubUnreachable
from sync.exchange import hub_keys
from sync.loading import check_signed, load_snapshot
from sync.pruning import prune
from sync.replica import set_setting
from sync.snapshot import Snapshot, make_snapshots
from sync.status import refusals
from sync.steps.erase import erase
from sync.steps.release import release
from sync.steps.snapshot import take_slice
from sync.verify import verify
from sync.wire import PieceReader
from tests.support.world import (
    CLERK_A,
    CLERK_B,
    DAY_A,
    DAY_B,
    OFFICE,
    PUPIL_A,
    STAFF_DAY_A,
    TEACHER_A,
    DirectHub,
    Site,
    World,
    add_node,
    assert_same_tables,
    tables_of_site,
)


def cover(world: World) -> list[Snapshot]:
    """A verified backup covers the hub's log, and its snapshots are made; any is cheap enough."""
    world.hub.limit(snapshot_log_percent=10_000_000)
    set_setting(world.hub.db, "covered_hub_seq", str(world.hub.value("SELECT max(hub_seq) FROM _entry")))
    return make_snapshots(world.hub.replica, world.hub.db)


def busy(world: World) -> None:
    """Edits, deletes, a delete and an insert over it, a refusal, an open conflict."""
    with world["A"].write(CLERK_A) as w:
        w.update(Pupil, PUPIL_A, {"name": "改名"})
        w.delete(Pupil, ("A-12-x",))
        w.delete(StaffDay, STAFF_DAY_A)
    with world["A"].write(CLERK_A) as w:
        w.insert(StaffDay(person_id="A-2-x", date="2026-09-01", campus="A", status="absent"))
    with world["A"].write(TEACHER_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "refused"})
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"week": 7})
    with world.hub.write(OFFICE) as w:
        w.update(CalendarDay, DAY_A, {"week": 8})
    world.settle()


def bodies(site: Site) -> int:
    return int(str(site.value("SELECT count(*) FROM _changeset WHERE parts IS NOT NULL AND state = 'applied'")))


def test_a_new_node_that_starts_from_a_snapshot_is_like_one_that_read_the_log(world: World, tmp_path: Path) -> None:
    """C3: rows, versions, tombstones, open conflicts and refusals are the same."""
    busy(world)
    assert [one.scope for one in cover(world)] == ["A", "B", "con"]
    late = add_node(world, tmp_path, "A2")
    assert bodies(late) < bodies(world["A"]), "it came without most bodies"
    assert tables_of_site(late, late.scopes) == tables_of_site(world["A"], late.scopes)
    [ours], [theirs] = (open_conflicts(site.db, site.replica) for site in (late, world["A"]))
    assert [h.values for h in ours.heads] == [h.values for h in theirs.heads]
    assert ours.base is not None and theirs.base is not None and ours.base.values == theirs.base.values
    assert verify(late.replica, late.db) == []


def test_it_goes_on_writing_conflicting_resolving_and_pruning(world: World, tmp_path: Path) -> None:
    busy(world)
    cover(world)
    late = add_node(world, tmp_path, "A2")
    with late.write(CLERK_A) as w:
        resolve(w, open_conflicts(late.db, late.replica)[0], {"week": 7}, "商定")
        w.update(Pupil, PUPIL_A, {"name": "ours"})
        w.insert(Pupil(id="A-12-x", name="back again"))
    with world.hub.write(OFFICE) as w:
        w.update(Pupil, PUPIL_A, {"name": "theirs"})
    world.settle()
    assert_same_tables(world)
    [conflict] = open_conflicts(late.db, late.replica)
    assert conflict.base is not None and conflict.base.values == {"name": "改名"}
    late.limit(prune_after_ms=0)
    cover(world)
    world.settle()
    prune(late.replica, late.db)
    assert_same_tables(world)
    assert verify(late.replica, late.db) == []


def test_a_release_after_the_snapshot_brings_the_body(world: World, tmp_path: Path) -> None:
    """C9: what was refused when the snapshot was made is a hole in it, and goes in when people say so."""
    busy(world)
    cover(world)
    late = add_node(world, tmp_path, "A2")
    [refusal] = refusals(world.hub.db, world.hub.replica)
    release(world.hub.db, world.hub.replica, refusal.version, by="H-1-x")
    world.settle()
    assert find(late.db, CalendarDay, *DAY_A).note == "refused"  # type: ignore[union-attr]
    assert_same_tables(world)


def test_a_snapshot_of_a_scope_that_is_not_ours_is_refused(world: World) -> None:
    """C13: the hub's own signature makes it no less another campus's."""
    busy(world)
    foreign = next(one for one in cover(world) if one.scope == "B")
    node = world["A"]
    before = tables_of_site(node)
    with pytest.raises(BadMessage, match="bad_snapshot"), transaction(node.db):
        load_snapshot(node.replica, node.db, foreign, world.hub.replica.verify_key)
    assert tables_of_site(node) == before


def test_a_snapshot_that_the_log_has_passed_takes_nothing_back(world: World) -> None:
    """C11: its last slice comes after a stick has brought the log."""
    busy(world)
    old = next(one for one in cover(world) if one.scope == "con")
    with world.hub.write(OFFICE) as w:
        w.update(CalendarDay, DAY_B, {"note": "later"})
    world.settle()
    node = world["A"]
    before, cursors = tables_of_site(node), node.rows("SELECT * FROM _cursor ORDER BY scope")
    told = [old.scope, old.hub_seq, old.log_hash.hex(), len(old.data), 0, old.digest.hex()]
    with transaction(node.db):
        loaded = take_slice(
            node.replica, node.db, {"snapshot": told}, PieceReader([old.data, old.signature, b""]), hub_keys(node.db)
        )
    assert loaded.changesets == 0
    assert (tables_of_site(node), node.rows("SELECT * FROM _cursor ORDER BY scope")) == (before, cursors)
    assert node.value("SELECT count(*) FROM _snapshot") == 0


def test_a_snapshot_comes_in_slices_and_goes_on_where_the_line_was_cut(world: World, tmp_path: Path) -> None:
    """C11: nothing of it is seen before all of it is there."""
    chance = random.Random(0)
    with world.hub.write(OFFICE) as w:
        w.insert(*(Pupil(id=f"A-{n}-z", name=chance.randbytes(18).hex()) for n in range(1000, 1800)))
    cover(world)
    world.hub.limit(frame_bytes=1)
    late = add_node_behind(world, tmp_path)
    seen = []
    for _ in range(40):
        report = world.sync("A2", budget_bytes=1)
        seen.append(int(str(late.value("SELECT count(*) FROM pupil"))))
        if report.done:
            break
    assert len([count for count in seen if count == 0]) > 2
    assert set(seen) <= {0, max(seen)}, "all or nothing"
    world.settle()
    assert_same_tables(world)


class Deaf(DirectHub):
    """A hub that enrols and then does not answer."""

    def exchange(self, sealed: bytes) -> bytes:
        raise HubUnreachable(asked=len(sealed))


def add_node_behind(world: World, folder: Path) -> Site:
    """A node that is enrolled and has not synced yet."""
    port, world.port = world.port, Deaf(world.hub)
    with pytest.raises(HubUnreachable):
        add_node(world, folder, "A2")
    world.port = port
    return world["A2"]


def test_a_long_absent_node_keeps_what_it_has_not_sent(world: World) -> None:
    """C11, C13: its own changes stand over the snapshot as they would over the log."""
    world.settle()
    away = world["B"]
    with away.write(CLERK_B) as w:
        w.update(CalendarDay, DAY_B, {"note": "written away"})
    for number in range(5):
        with world.hub.write(OFFICE) as w:
            w.update(CalendarDay, DAY_B, {"note": f"n{number}", "week": number + 1})
    cover(world)
    world.settle()
    assert_same_tables(world)
    assert len(open_conflicts(away.db, away.replica)) == 1
    assert away.value("SELECT count(*) FROM _changeset WHERE parts IS NULL AND state = 'applied'") != 0
    assert verify(away.replica, away.db) == []


def test_nothing_erased_is_in_a_snapshot(world: World, tmp_path: Path) -> None:
    """C10: not in one made later, and one made before is never sent."""
    with world["A"].write(CLERK_A) as w:
        w.update(Pupil, PUPIL_A, {"name": "秘密姓名"})
    world.settle()
    cover(world)
    erase(world.hub.db, world.hub.replica, Pupil, PUPIL_A, by="law")
    assert world.hub.value("SELECT count(*) FROM _snapshot WHERE scope = 'A'") == 0
    made = {one.scope: one for one in cover(world)}
    late = add_node(world, tmp_path, "A2")
    assert find(late.db, Pupil, *PUPIL_A) is None
    assert late.value("SELECT count(*) FROM _erased WHERE k = ?", PUPIL_A[0]) == 1
    late.db.conn.execute("VACUUM")
    late.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert "秘密姓名".encode() not in late.replica.path.read_bytes()
    world.settle()
    assert made["A"].hub_seq == world.hub.value("SELECT max(hub_seq) FROM _entry WHERE scope = 'A'")
    assert_same_tables(world)


def test_an_erasure_in_a_snapshot_reaches_what_the_new_node_wrote_before_it_came(
    world: World, tmp_path: Path
) -> None:
    """C10: it beats every edit, earlier or later (found by a world)."""
    erase(world.hub.db, world.hub.replica, Pupil, PUPIL_A, by="law")
    cover(world)
    late = add_node_behind(world, tmp_path)
    with late.write(CLERK_A) as w:
        w.insert(Pupil(id=PUPIL_A[0], name="once more"))
    world.settle()
    assert find(late.db, Pupil, *PUPIL_A) is None
    assert_same_tables(world)
    assert verify(late.replica, late.db) == []


def test_a_snapshot_that_the_hub_did_not_sign_is_not_looked_into(world: World, tmp_path: Path) -> None:
    """C10: the signature comes first."""
    one = cover(world)[0]
    key = world.hub.replica.verify_key
    check_signed(one, key)
    for forged in (
        replace(one, data=one.data[:-1] + b"\0"), replace(one, hub_seq=one.hub_seq + 1), replace(one, scope="B"),
        replace(one, signature=bytes(64)), replace(one, log_hash=bytes(32)),
    ):  # fmt: skip
        with pytest.raises(BadMessage, match="bad_snapshot"):
            check_signed(forged, key)
    world.hub.db.conn.execute("UPDATE _snapshot SET signature = zeroblob(64)")
    with pytest.raises(BadMessage, match="bad_snapshot"):
        add_node(world, tmp_path, "A2")
    assert world["A2"].value("SELECT count(*) FROM _changeset") == 0
    assert world["A2"].value("SELECT count(*) FROM _snapshot") == 0


def test_a_snapshot_of_a_log_that_the_hub_no_longer_has_is_not_sent(world: World, tmp_path: Path) -> None:
    """C11: a restored hub may have gone another way since."""
    cover(world)
    world.hub.db.conn.execute("UPDATE _snapshot SET log_hash = zeroblob(32)")
    late = add_node(world, tmp_path, "A2")
    assert bodies(late) > 0
    assert_same_tables(world)


@pytest.mark.parametrize("schema", [2])
def test_a_node_of_another_release_reads_the_log(world: World, tmp_path: Path, schema: int) -> None:
    """C12: a snapshot holds only what the hub's own release knows."""
    cover(world)
    world.hub.replica = replace(world.hub.replica, schema=schema)
    late = add_node(world, tmp_path, "A2")
    assert late.value("SELECT count(*) FROM _changeset WHERE parts IS NULL AND state = 'applied'") == 0


def test_the_log_is_read_where_it_is_cheaper(world: World, tmp_path: Path) -> None:
    cover(world)
    world.hub.limit(snapshot_log_percent=0)
    late = add_node(world, tmp_path, "A2")
    assert late.value("SELECT count(*) FROM _changeset WHERE parts IS NULL AND state = 'applied'") == 0


def test_an_older_snapshot_never_takes_a_floor_away(world: World, tmp_path: Path) -> None:
    """C11, C13: a hub put back from a copy offers the snapshot that the copy holds; what a node has pruned since is in
    no such snapshot (found by a world)."""
    world.settle()
    cover(world)
    copy = world.hub.backup_bytes()
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "运动会"})
    world.settle()
    newer = world.hub.backup_bytes()
    set_setting(world.hub.db, "covered_hub_seq", str(world.hub.value("SELECT max(hub_seq) FROM _entry")))
    world["B"].limit(prune_after_ms=0)
    world.settle()
    assert prune(world["B"].replica, world["B"].db).changesets > 0
    for data in (newer, copy):
        world.hub.restore(data)
        world.hub.limit(snapshot_log_percent=10_000_000)
        world.sync("A")
        world.sync("B")
    world.settle()
    assert_same_tables(world)
    assert verify(world["B"].replica, world["B"].db) == []
