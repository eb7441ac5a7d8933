"""Pruning: what a verified backup covers may go, and nothing but bodies goes (C13)."""

import random

import pytest

from shared.records import CalendarDay, Person, Pupil, StaffDay
from shared.schema import find
from sync.conflicts import open_conflicts, resolve
from sync.errors import BadMessage, LogDamaged
from sync.floor_proof import is_floor_as_signed
from sync.pruning import Candidate, Pruned, prune, to_prune
from sync.replica import set_setting
from sync.status import refusals
from sync.steps.erase import erase
from sync.steps.release import release
from sync.verify import causal_shuffle, rebuild, state_of, verify
from tests.support.world import (
    CLERK_A,
    DAY_A,
    DAY_B,
    OFFICE,
    PUPIL_A,
    STAFF_DAY_A,
    TEACHER_A,
    Site,
    World,
    assert_same_tables,
    tables_of_site,
)

Row = tuple[str, str]


def cover(world: World) -> None:
    """The hub says that a verified backup covers all of its log."""
    top = world.hub.value("SELECT max(hub_seq) FROM _entry")
    set_setting(world.hub.db, "covered_hub_seq", str(top))


def pruned(world: World, node: Site) -> Pruned:
    """Prune a node of all that is covered."""
    node.limit(prune_after_ms=0)
    cover(world)
    world.sync(node.name)
    return prune(node.replica, node.db)


def bodies(node: Site) -> int:
    return int(str(node.value("SELECT count(*) FROM _changeset WHERE parts IS NOT NULL")))


def candidate(n: int, *names: int, rows: tuple[Row, ...] = (), stays: bool = False) -> Candidate:
    return Candidate(n, frozenset(names), frozenset(rows), stays)


ROW = ("pupil", "A-1")


@pytest.mark.parametrize(
    ("candidates", "gone", "disputed", "chosen"),
    [
        ([candidate(1), candidate(2, 1)], [], set(), {1, 2}),
        ([candidate(2, 1)], [1], set(), {2}),
        ([candidate(2, 1)], [], set(), set()),  # what it names stays, or is a hole
        ([candidate(1, stays=True), candidate(2, 1), candidate(3, 2)], [], set(), set()),
        ([candidate(1, rows=(ROW,)), candidate(2)], [], {ROW}, {2}),
        ([candidate(1, rows=(ROW,)), candidate(2, 1)], [], {ROW}, set()),
    ],
)
def test_what_is_pruned_names_only_what_is_pruned(candidates, gone, disputed, chosen) -> None:
    """C13: else a change that comes later could be struck by a body that is gone."""
    assert to_prune(candidates, gone, disputed) == chosen


def test_nothing_is_pruned_that_no_backup_covers(world: World, node: Site) -> None:
    node.limit(prune_after_ms=0)
    world.settle()
    before = bodies(node)
    assert prune(node.replica, node.db).changesets == 0
    cover(world)
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "later than the backup"})
    world.sync("A")
    assert prune(node.replica, node.db).changesets == before
    assert bodies(node) == 1


def test_young_bodies_stay(world: World, node: Site) -> None:
    """The setting: so many days a node can undo by itself."""
    cover(world)
    world.settle()
    assert prune(node.replica, node.db).changesets == 0


def test_what_waits_for_a_verdict_is_not_pruned(world: World, node: Site) -> None:
    """C9: no body is pruned before its verdict."""
    pruned(world, node)
    with node.write(TEACHER_A) as w:
        w.update(StaffDay, STAFF_DAY_A, {"status": "absent"})
    set_setting(node.db, "covered", f"{world.hub.value('SELECT value FROM _setting WHERE name = ?', 'epoch')}/999999")
    assert prune(node.replica, node.db).changesets == 0


def test_a_covered_sequence_of_another_epoch_covers_nothing(world: World, node: Site) -> None:
    """C11: a restored hub gives its numbers out anew."""
    node.limit(prune_after_ms=0)
    set_setting(node.db, "covered", "OTHER/999999")
    assert prune(node.replica, node.db).changesets == 0


def test_a_pruned_node_shows_syncs_and_verifies_as_before(world: World, node: Site) -> None:
    """C3, C13."""
    before = tables_of_site(node)
    assert pruned(world, node).changesets > 0
    assert tables_of_site(node) == before
    assert verify(node.replica, node.db) == []
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "运动会"})
        w.update(Pupil, PUPIL_A, {"name": "新名"})
    with world.hub.write(OFFICE) as w:
        w.update(Pupil, PUPIL_A, {"sex": "female"})
    world.settle()
    assert_same_tables(world)
    assert verify(node.replica, node.db) == []


def test_a_conflict_over_a_pruned_value_shows_all_three_and_is_settled(world: World, node: Site) -> None:
    """C4, C5: base, ours and theirs, though the body of the base is gone."""
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "base"})
    world.settle()
    pruned(world, node)
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "ours"})
    with world.hub.write(OFFICE) as w:
        w.update(CalendarDay, DAY_A, {"note": "theirs"})
    world.settle()
    [conflict] = open_conflicts(node.db, node.replica)
    assert conflict.base is not None and conflict.base.values == {"note": "base"}
    assert {head.values["note"] for head in conflict.heads} == {"ours", "theirs"}
    assert pruned(world, node).changesets == 0, "what people have to decide about stays"
    with node.write(CLERK_A) as w:
        resolve(w, conflict, {"note": "ours"}, "商定")
    world.settle()
    assert_same_tables(world)
    assert pruned(world, node).changesets > 0


def test_a_refusal_brings_back_the_pruned_value(world: World, node: Site) -> None:
    """C9: what was refused is un-applied; the value before it comes from the row's base."""
    pruned(world, node)
    with node.write(TEACHER_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "not a teacher's business"})
    world.settle()
    assert find(node.db, CalendarDay, *DAY_A).note != "not a teacher's business"  # type: ignore[union-attr]
    assert_same_tables(world)


def test_an_edit_and_a_delete_in_one_save_leave_the_written_values(world: World, node: Site) -> None:
    """C1, C3: what the save itself had changed belongs to no changeset, pruned or not."""
    pruned(world, node)
    with node.write(CLERK_A) as w:
        w.update(Pupil, PUPIL_A, {"name": "only for a moment"})
        w.delete(Pupil, PUPIL_A)
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "moment"})
        w.db.conn.execute("REPLACE INTO calendar_day (campus, date, kind) VALUES ('A', '2026-09-01', 'holiday')")
    world.settle()
    assert_same_tables(world)
    assert verify(node.replica, node.db) == []


def test_an_erasure_reaches_a_pruned_row_and_its_base(world: World, node: Site) -> None:
    """C10: nothing of an erased row is left in any file."""
    pruned(world, node)
    with node.write(CLERK_A) as w:
        w.update(Pupil, PUPIL_A, {"name": "改名"})
    world.settle()
    assert node.value("SELECT count(*) FROM _base WHERE t = 'pupil'") == 1
    erase(world.hub.db, world.hub.replica, Pupil, PUPIL_A, by="law")
    world.settle()
    assert node.value("SELECT count(*) FROM _base WHERE t = 'pupil'") == 0
    assert find(node.db, Pupil, *PUPIL_A) is None
    assert_same_tables(world)


def test_pruning_twice_folds_the_second_time_over_the_first(world: World, node: Site) -> None:
    pruned(world, node)
    for note in ("one", "two"):
        with node.write(CLERK_A) as w:
            w.update(CalendarDay, DAY_A, {"note": note})
    world.sync("A")
    cover(world)
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "three"})
    world.sync("A")
    assert prune(node.replica, node.db).changesets == 2
    assert verify(node.replica, node.db) == []
    assert pruned(world, node).changesets == 1
    assert node.value("SELECT count(*) FROM _base") == 0, "the row is its own base again"
    assert verify(node.replica, node.db) == []


def test_a_run_is_bounded_and_the_next_goes_on(world: World, node: Site) -> None:
    node.limit(prune_after_ms=0, prune_rows=1)
    cover(world)
    world.settle()
    runs = 0
    while prune(node.replica, node.db).changesets:
        runs += 1
        assert verify(node.replica, node.db) == []
    assert runs > 1 and bodies(node) == 0


def test_the_file_shrinks(world: World, node: Site) -> None:
    names = [Person(id=f"A-{n}-y", name=f"名{n}", staff_number=f"s{n}") for n in range(900)]
    with world.hub.write(OFFICE) as w:
        w.insert(*names)
    for round_ in range(4):
        with world.hub.write(OFFICE) as w:
            for one in names:
                w.update(Person, (one.id,), {"name": random.Random(one.id).randbytes(16).hex() + str(round_)})
    world.settle()
    done = pruned(world, node)
    assert done.bytes_after < done.bytes_before * 0.95
    assert_same_tables(world)


def test_a_pruned_file_opens_again_and_goes_on(world: World, node: Site) -> None:
    pruned(world, node)
    node.reopen()
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "again"})
    world.settle()
    assert_same_tables(world)


def test_any_order_of_what_is_left_gives_the_same_state(world: World, node: Site) -> None:
    """C3 over a floor."""
    pruned(world, node)
    for number in range(6):
        with (node if number % 2 else world.hub).write(CLERK_A if number % 2 else OFFICE) as w:
            w.update(CalendarDay, DAY_A, {"note": f"n{number}"})
    world.settle()
    before = state_of(node.tables(), node.db)
    for seed in range(5):
        rebuild(node.tables(), node.db, order=causal_shuffle(node.db, random.Random(seed)))
        assert state_of(node.tables(), node.db) == before


def test_a_hub_put_back_from_before_its_verified_backup_is_told_so(world: World, node: Site) -> None:
    """C11, C13: what the pruned node cannot give back is named, a person is needed, and nothing is skipped silently;
    once a newer copy is in place, or another node has given it back, all goes on."""
    old = world.hub.backup_bytes()
    with node.write(CLERK_A) as w:
        w.update(Pupil, PUPIL_A, {"name": "改名"})
    world.sync("A")
    newer = world.hub.backup_bytes()
    pruned(world, node)
    world.hub.restore(old)
    before = tables_of_site(node)
    with pytest.raises(BadMessage, match="body_pruned"):
        world.sync("A")
    assert tables_of_site(node) == before
    world.hub.restore(newer)
    world.settle()
    assert find(world.hub.db, Pupil, *PUPIL_A).name == "改名"  # type: ignore[union-attr]
    assert_same_tables(world)


def test_what_a_pruned_node_cannot_give_back_another_gives(world: World, node: Site) -> None:
    """C11: the consortium's scope is at every node."""
    old = world.hub.backup_bytes()
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "运动会"})
    world.settle()
    pruned(world, node)
    world.hub.restore(old)
    with pytest.raises(BadMessage, match="body_pruned"):
        world.sync("A")
    world.sync("B")
    world.settle()
    assert find(world.hub.db, CalendarDay, *DAY_A).note == "运动会"  # type: ignore[union-attr]
    assert_same_tables(world)


def test_the_base_of_a_row_is_its_own(world: World, node: Site) -> None:
    """C3: heads of other rows of the table have no part in it (found by a world)."""
    pruned(world, node)
    with node.write(CLERK_A) as w:
        w.delete(Pupil, ("A-12-x",))
    world.settle()
    pruned(world, node)
    with node.write(CLERK_A) as w:
        w.update(Pupil, PUPIL_A, {"name": "改名"})
    assert node.value("SELECT heads FROM _base WHERE t = 'pupil' AND k = ?", PUPIL_A[0]) == "[]"
    with node.write(CLERK_A) as w:
        w.insert(Pupil(id="A-12-x", name="back again"))
    world.settle()
    assert_same_tables(world)
    assert verify(node.replica, node.db) == []


def test_a_pruned_row_that_somebody_changes_behind_the_engine_is_found(world: World, node: Site) -> None:
    """C10: no body proves it any more; what the node signed when it let go does. Nor is it pruned any further."""
    pruned(world, node)
    with node.write(CLERK_A) as w:
        w.update(Pupil, PUPIL_A, {"name": "改名"})
    assert verify(node.replica, node.db) == [], "laying down a base changes nothing"
    node.db.conn.execute("DROP TRIGGER pupil_capture_update")
    node.db.conn.execute("UPDATE pupil SET name = 'forged' WHERE id = 'A-13-x'")
    assert [finding.kind for finding in verify(node.replica, node.db)] == ["floor_changed"]
    with pytest.raises(LogDamaged, match="floor_changed"):
        prune(node.replica, node.db)


def test_a_base_that_somebody_changes_is_found(world: World, node: Site) -> None:
    pruned(world, node)
    with node.write(CLERK_A) as w:
        w.update(Pupil, PUPIL_A, {"name": "改名"})
    node.db.conn.execute("UPDATE _base SET row = replace(row, '学生', '先生')")
    assert "floor_changed" in {finding.kind for finding in verify(node.replica, node.db)}


def test_a_restored_hub_that_tells_a_refusal_and_its_release_again_moves_nothing_pruned(
    world: World, node: Site
) -> None:
    """C9, C13: both are covered, so both come again; the pruned body stays gone and is not folded in twice."""
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_B, {"note": "released"})
    world.settle()
    [refusal] = refusals(world.hub.db, world.hub.replica)
    release(world.hub.db, world.hub.replica, refusal.version, by="two people")
    world.settle()
    others = [node, world["B"]]
    for site in others:
        pruned(world, site)
    kept = world.hub.backup_bytes()
    with world.hub.write(OFFICE) as w:
        w.update(CalendarDay, DAY_A, {"note": "lost"})
    world.sync("B")
    world.hub.restore(kept)
    for turn in range(9):  # so many that the places it tells of lie before the refusal
        with world.hub.write(OFFICE) as w:
            w.update(CalendarDay, DAY_B, {"note": f"later {turn}"})
    world.settle()
    assert find(node.db, CalendarDay, *DAY_B).note == "later 8"  # type: ignore[union-attr]
    assert_same_tables(world)
    for site in others:
        assert is_floor_as_signed(site.replica, site.db)
        assert open_conflicts(site.db, site.replica) == []
        assert verify(site.replica, site.db) == []
