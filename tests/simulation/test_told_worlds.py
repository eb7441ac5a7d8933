"""Worlds whose story is told by hand: what seeds found once, or find too rarely to rely on."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.records import Account, CalendarDay, Evidence, Pupil, Register, RegisterException
from shared.schema import find
from sync.capture import token_of, write
from sync.change import Author
from sync.errors import SyncError
from sync.exchange import run_exchange
from sync.status import refusals, sync_status
from sync.steps.release import release
from sync.undo import UndoRefused, undo
from tests.simulation.chance import YEAR_MS
from tests.simulation.checks import check_quiet
from tests.simulation.line import FaultyLine
from tests.simulation.play import heal
from tests.simulation.world import ROOMY, TINY, Site, World

OFFICE = Author("office", rank="office")
DAY = "2025-09-01"
MARK = ("C-1", DAY, "am", "C-p", "teacher")


@pytest.fixture
def world(tmp_path: Path):
    made = World(1, tmp_path, limits=ROOMY, nodes=3)
    for site in made.sites:
        site.clock.offset_ms = 0
    with write(made.hub.replica, made.hub.db, OFFICE) as w:
        w.insert(Account(person_id="A-clerk", login="before"))
    heal(made)
    yield made
    made.close()


def clerk(site: Site) -> Author:
    """The clerk of a site's campus."""
    return Author(f"{site.campus}-clerk", rank="office")


def states_at_hub(world: World) -> list[str]:
    """States of what nodes sent, in the order of arrival."""
    rows = world.hub.db.conn.execute(
        "SELECT state FROM _changeset JOIN _origin USING (o) WHERE node <> ? ORDER BY n", (world.hub.replica.node,)
    )
    return [state for (state,) in rows]


def login(site: Site) -> str:
    """What a site shows as the clerk's log-in name."""
    account = find(site.db, Account, "A-clerk")
    assert account is not None
    return account.login


def test_a_receipt_that_comes_late_takes_a_future_stamp_s_win_away(world: World) -> None:
    """C6: a stamp of 2099 counts as its receipt, also where the other value came with it in one answer."""
    ahead, right = world.nodes[0], world.nodes[1]
    world.reopen(ahead)
    ahead.clock.offset_ms = 74 * YEAR_MS
    with write(ahead.replica, ahead.db, clerk(ahead)) as w:
        w.update(Account, ("A-clerk",), {"login": "of 2099"})
    with pytest.raises(SyncError):
        run_exchange(ahead.replica, ahead.db, FaultyLine(world.serve, world.random, 1.0, faults=("lose_reply",)))
    world.time.pass_by(3_600_000)
    with write(right.replica, right.db, clerk(right)) as w:
        w.update(Account, ("A-clerk",), {"login": "an hour later"})
    world.time.pass_by(60_000)
    world.sync(right, fault_share=0.0)
    world.sync(ahead, fault_share=0.0)
    assert [login(site) for site in (world.hub, ahead)] == ["an hour later"] * 2
    heal(world)
    check_quiet(world)


def test_verdicts_follow_the_order_of_saves_not_of_streams(world: World) -> None:
    """C9: an edit of an edit of a refused row is refused, though its stream was sent first."""
    node = world.nodes[2]
    with write(node.replica, node.db, clerk(node)) as w:
        w.insert(CalendarDay(campus="C", date=DAY, kind="school_day"))
    with write(node.replica, node.db, Author("C-guest")) as w:
        w.insert(RegisterException(group_id="C-1", date=DAY, session="am", person_id="C-p", source="teacher",
                                   mark="late"))  # fmt: skip
    with write(node.replica, node.db, clerk(node)) as w:
        w.update(RegisterException, MARK, {"mark": "sick"})
    with write(node.replica, node.db, clerk(node)) as w:
        w.update(RegisterException, MARK, {"mark": "late"})
        w.update(CalendarDay, ("C", DAY), {"note": "in the same save"})
    heal(world)
    assert sorted(states_at_hub(world)) == ["applied"] + ["quarantined"] * 4
    assert find(world.hub.db, RegisterException, *MARK) is None
    assert {r.reason for r in refusals(node.db, node.replica)} == {
        "unknown_author", "depends_on_refused", "whole_action"
    }  # fmt: skip
    check_quiet(world)


def test_a_row_written_into_a_scope_that_is_not_held_comes_back_with_its_reason(world: World) -> None:
    """C9, C14: the node never gets that scope's log, but the verdict on its own changeset it does."""
    node = world.nodes[0]
    with write(node.replica, node.db, clerk(node)) as w:
        w.insert(Register(group_id="B-1", date=DAY, session="am", taken_by="A-clerk", taken_at="t", roster_size=1,
                          roster_digest="d"))  # fmt: skip
    heal(world)
    assert [r.reason for r in refusals(node.db, node.replica)] == ["foreign_scope"]
    assert sync_status(node.db, node.replica).backlog_changesets == 0
    assert find(node.db, Register, "B-1", DAY, "am") is None
    check_quiet(world)


def test_a_row_made_unmade_and_made_in_one_save_is_sent(world: World) -> None:
    """C1."""
    node = world.nodes[0]
    with write(node.replica, node.db, clerk(node)) as w:
        w.insert(Pupil(id="A-p", name="甲"))
        w.delete(Pupil, ("A-p",))
        w.insert(Pupil(id="A-p", name="乙"))
    heal(world)
    pupil = find(world.hub.db, Pupil, "A-p")
    assert pupil is not None and pupil.name == "乙"
    check_quiet(world)


def test_a_save_holds_one_value_of_a_field(world: World) -> None:
    """C3: of a value written with an old page's token and one written after it in one save, the later stands."""
    node = world.nodes[0]
    token = token_of(node.db, node.replica, Account, ("A-clerk",))
    with write(node.replica, node.db, clerk(node)) as w:
        w.update(Account, ("A-clerk",), {"login": "meanwhile"})
    for first, second in ((token, None), (None, token)):
        with write(node.replica, node.db, clerk(node)) as w:
            w.update(Account, ("A-clerk",), {"login": f"first {first}"}, first)
            w.update(Account, ("A-clerk",), {"login": f"second {first}"}, second)
        assert login(node) == f"second {first}"
        heal(world)
        check_quiet(world)


def test_an_edit_undone_by_a_delete_in_one_save_leaves_no_trace_of_its_value(world: World) -> None:
    """C3: the tombstone keeps what changesets wrote, not what one save had in between."""
    node = world.nodes[0]
    with write(node.replica, node.db, clerk(node)) as w:
        w.update(Account, ("A-clerk",), {"login": "in between"})
        w.delete(Account, ("A-clerk",))
    heal(world)
    check_quiet(world)


def test_a_release_does_not_swallow_what_the_shell_has_written(world: World) -> None:
    """C1: whatever touches the tables packs first what is pending."""
    node = world.nodes[0]
    with write(node.replica, node.db, Author("A-guest")) as w:
        w.insert(Evidence(id="A-e", person_id="A-clerk", campus="A", date=DAY, kind="lesson", quantity="1"))
    heal(world)
    world.hub.db.conn.execute("UPDATE account SET login = 'by the shell'")
    [refusal] = refusals(world.hub.db, world.hub.replica)
    release(world.hub.db, world.hub.replica, refusal.version, by="office")
    heal(world)
    assert {login(site) for site in world.sites} == {"by the shell"}
    check_quiet(world)


def test_two_computers_with_one_identity_keep_both_branches_and_part(world: World) -> None:
    """C10: a clone forks the stream once; both then go on in incarnations of their own."""
    node = world.nodes[0]
    with write(node.replica, node.db, clerk(node)) as w:
        w.insert(CalendarDay(campus="A", date=DAY, kind="school_day"))
    world.clone(node)
    twins = (node, world.nodes[-1])
    for number in range(2):
        for twin in twins:
            with write(twin.replica, twin.db, clerk(twin)) as w:
                w.update(CalendarDay, ("A", DAY), {"note": f"{twin.name} {number}"})
        heal(world)
    sql = "SELECT count(*), count(DISTINCT o) FROM _changeset JOIN _origin USING (o) WHERE node = ?"
    assert world.hub.db.conn.execute(sql, (node.replica.node,)).fetchone() == (5, 3)
    check_quiet(world)


def test_the_delete_of_a_row_whose_insert_was_refused_has_nothing_to_come_back_to(tmp_path: Path) -> None:
    """C9: the refusal has come, the delete is not judged yet; an undo of it says so and writes nothing."""
    world = World(1, tmp_path, limits=TINY, nodes=3)
    node = world.nodes[0]
    with write(node.replica, node.db, Author("A-guest")) as w:
        w.insert(CalendarDay(campus="A", date=DAY, kind="school_day"))
    with write(node.replica, node.db, clerk(node)) as w:
        w.delete(CalendarDay, ("A", DAY))
    [(action,)] = node.db.conn.execute(
        "SELECT name || '.' || action FROM _changeset JOIN _origin USING (o) ORDER BY n DESC LIMIT 1"
    ).fetchall()
    # One frame, one row: the rest waits for the next run.
    run_exchange(node.replica, node.db, world.line(node, 0.0), budget_bytes=1)
    assert [r.reason for r in refusals(node.db, node.replica)] == ["unknown_author"]
    with pytest.raises(UndoRefused) as refused:
        undo(node.replica, node.db, action, clerk(node), "错了", lambda _: None)
    assert {each.reason for each in refused.value.obstacles} == {"undo_base_unknown"}
    heal(world)
    check_quiet(world)
    world.close()
