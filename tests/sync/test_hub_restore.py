"""A hub restored from an old copy takes back from the nodes what it has lost, and adopts it (C6, C11)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.records.people import Account, AccountRole
from shared.records.places import CalendarDay
from shared.records.pupils import Pupil, RosterGroup
from sync.errors import CodeRefused, HubUnreachable, NotEnrolled
from sync.log import read_changeset
from sync.replica import setting
from sync.status import campus_boards, refusals, restored, sync_status
from sync.steps.enrol import enrol, issue_code
from sync.steps.erase import erase
from sync.steps.release import release
from sync.verify import verify
from tests.support.world import (
    CLERK_A,
    CLERK_B,
    DAY_A,
    DAY_B,
    OFFICE,
    PUPIL_A,
    Site,
    World,
    add_node,
    assert_same_tables,
    new_site,
)  # fmt: skip
from tests.sync.forging import push


def a_day(world: World) -> None:
    """Work everywhere that a backup of the morning knows nothing of."""
    with world.hub.write(OFFICE) as w:
        w.update(RosterGroup, ("B-21-x",), {"name": "by the hub"})
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "by A"})
        w.update(Pupil, PUPIL_A, {"name": "of A"})
    with world["B"].write(CLERK_B) as w:
        w.update(CalendarDay, DAY_B, {"note": "by B"})
    world.settle()


def verdicts(site: Site) -> list[tuple[object, ...]]:
    """What the log of a site says, entry by entry, without its numbers."""
    return site.rows(
        "SELECT e.kind, o.name, c.scope, c.seq, e.received_at, e.effective, e.verdict, e.reason, e.reason_data"
        " FROM _entry AS e JOIN _changeset AS c USING (n) JOIN _origin AS o USING (o) WHERE o.name NOT LIKE 'H%'"
        " ORDER BY c.scope, e.hub_seq"
    )


def all_well(world: World) -> None:
    """Everybody agrees, every log proves itself, nobody owes the hub anything."""
    world.settle()
    assert_same_tables(world)
    for site in world.sites():
        assert verify(site.replica, site.db) == []
        assert sync_status(site.db, site.replica).waiting == 0
    epoch = setting(world.hub.db, "epoch")
    assert {setting(node.db, "epoch") for node in world.nodes.values()} == {epoch}
    for node in world.nodes.values():
        assert sync_status(node.db, node.replica).backlog_changesets == 0


def test_a_restored_hub_gets_the_lost_day_back_as_it_was(world: World) -> None:
    """C11: changesets, receipts and verdicts; the hub's own writes too, as far as a node held them."""
    backup = world.hub.backup_bytes()
    a_day(world)
    before, epoch = verdicts(world.hub), setting(world.hub.db, "epoch")
    world.hub.restore(backup)
    assert setting(world.hub.db, "epoch") != epoch
    assert world.hub.value("SELECT note FROM calendar_day WHERE campus = 'A'") != "by A"
    first = world.sync("A")
    assert (first.epochs, first.done, first.changesets_back > 0) == (1, True, True)
    all_well(world)
    assert sorted(map(repr, verdicts(world.hub))) == sorted(map(repr, before))
    assert world.hub.value("SELECT name FROM roster_group WHERE id = 'B-21-x'") == "by the hub"


@dataclass
class LosingLine:
    """The hub over a line that loses the answer number `lost`, counted from nought."""

    world: World
    lost: int

    def exchange(self, sealed: bytes) -> bytes:
        """See `sync.protocol.HubPort`."""
        answer = self.world.port.exchange(sealed)
        self.lost -= 1
        if self.lost == -1:
            raise HubUnreachable(why="lost")
        return answer

    def enrol(self, request: bytes) -> bytes:
        """Not over this line."""
        raise NotImplementedError


def lose_answer(world: World, name: str, lost: int = 0) -> None:
    """A run of a node that ends with a lost answer."""
    with pytest.raises(HubUnreachable):
        world.sync(name, LosingLine(world, lost))


@pytest.mark.parametrize("lost", range(6))
def test_a_line_that_breaks_at_any_step_loses_and_repeats_nothing(world: World, lost: int) -> None:
    """C11: giving back again is harmless, and the next run goes on where this one ended."""
    for site in world.sites():
        site.limit(frame_rows=1, frame_bytes=1)
    backup = world.hub.backup_bytes()
    a_day(world)
    before = sorted(map(repr, verdicts(world.hub)))
    world.hub.restore(backup)
    world.hub.limit(frame_rows=1, frame_bytes=1)
    with world.hub.write(OFFICE) as w:
        w.update(RosterGroup, ("A-21-x",), {"name": "the hub goes on"})
    lose_answer(world, "A", lost)
    lose_answer(world, "B", lost)
    all_well(world)
    assert sorted(map(repr, verdicts(world.hub))) == before


def test_a_hub_restored_twice_gets_back_what_it_lost_twice(world: World) -> None:
    """C11: E0, E1, E2; what a node let go of when it followed E1 is given to E2."""
    backup = world.hub.backup_bytes()
    a_day(world)
    first = sorted(map(repr, verdicts(world.hub)))
    world.hub.restore(backup)
    with world.hub.write(OFFICE) as w:
        w.update(RosterGroup, ("A-21-x",), {"name": "of the second hub"})
    lose_answer(world, "A", 2)
    epoch = setting(world.hub.db, "epoch")
    assert setting(world["A"].db, "epoch") == epoch
    assert world["A"].value("SELECT count(*) FROM _former_entry") != 0
    assert sync_status(world["A"].db, world["A"].replica).backlog_changesets > 0, "no receipt of this hub yet (C14)"
    world.hub.restore(backup)
    assert setting(world.hub.db, "epoch") != epoch
    world.sync("A")
    assert world.hub.value("SELECT name FROM roster_group WHERE id = 'B-21-x'") == "by the hub"
    all_well(world)
    assert sorted(map(repr, verdicts(world.hub))) == first


def test_the_same_copy_put_in_place_twice_in_a_row_is_two_restores(world: World) -> None:
    """C11: nothing was written in between, and still no log may go on as if nothing had happened."""
    backup = world.hub.backup_bytes()
    a_day(world)
    epochs = [setting(world.hub.db, "epoch")]
    for _ in range(2):
        world.hub.restore(backup)
        epochs.append(setting(world.hub.db, "epoch"))
    assert len(set(epochs)) == 3
    all_well(world)


def test_verdicts_come_back_and_are_not_given_anew(world: World) -> None:
    """C9, C11: refused stays refused though it would be let in today; released stays released, erased erased."""
    key = ("A-1-x", "clerk", "A")
    with world.hub.write(OFFICE) as w:
        w.delete(AccountRole, key)
    world.settle()
    backup = world.hub.backup_bytes()
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "released"})
    with world["A"].write(CLERK_A) as w:
        w.update(RosterGroup, ("A-21-x",), {"name": "refused"})
    with world["B"].write(CLERK_B) as w:
        w.insert(Pupil(id="B-99-x", name="forgotten"))
    world.settle()
    released = next(r for r in refusals(world.hub.db, world.hub.replica) if r.values.get("note") == "released")
    release(world.hub.db, world.hub.replica, released.version, by="two people")
    erase(world.hub.db, world.hub.replica, Pupil, ("B-99-x",), by="law")
    world.settle()
    before = sorted(map(repr, verdicts(world.hub)))
    world.hub.restore(backup)
    with world.hub.write(OFFICE) as w:
        w.insert(AccountRole(person_id=key[0], role=key[1], campus=key[2], begin="2026-08-01"))
    world.sync("B")
    all_well(world)
    assert sorted(map(repr, verdicts(world.hub))) == before
    [left] = refusals(world["A"].db, world["A"].replica)
    assert left.values["name"] == "refused"
    assert {r.version for r in refusals(world.hub.db, world.hub.replica)} == {left.version}
    assert world["B"].value("SELECT note FROM calendar_day WHERE campus = 'A'") == "released"
    for site in (world.hub, world["B"]):
        assert site.rows("SELECT k FROM _erased") == [("B-99-x",)]
        assert site.value("SELECT count(*) FROM pupil WHERE id = 'B-99-x'") == 0


def test_a_part_that_waited_in_the_backup_gets_the_verdict_it_had(world: World) -> None:
    """C9, C11: the copy knew half an action; whoever gives that half back ends its waiting, the rest comes after."""
    node = world["A"]
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "for all"})
        w.update(Pupil, PUPIL_A, {"name": "for A"})
    sql = "SELECT n FROM _changeset WHERE hub_seq IS NULL AND scope = 'con'"
    half = read_changeset(node.db, int(str(node.value(sql))))
    push(world, node, [half])
    state = "SELECT state FROM _changeset WHERE hash = ?"
    assert world.hub.value(state, half.hash) == "waiting"
    backup = world.hub.backup_bytes()
    world.settle()
    before = verdicts(world.hub)
    world.hub.restore(backup)
    world.sync("B")
    assert world.hub.value(state, half.hash) == "applied"
    assert world.hub.value("SELECT note FROM calendar_day WHERE campus = 'A'") == "for all"
    all_well(world)
    assert verdicts(world.hub) == before
    assert refusals(world.hub.db, world.hub.replica) == []


def test_a_body_that_others_hold_only_as_a_hole_comes_from_its_own_node(world: World) -> None:
    """C9: whoever gives back first; the values of what was refused are never lost while its node has them."""
    backup = world.hub.backup_bytes()
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, DAY_B, {"note": "not ours"})
    world.settle()
    world.hub.restore(backup)
    world.sync("B")
    assert world.hub.value("SELECT count(*) FROM _changeset WHERE state = 'hole'") == 1
    all_well(world)
    [refused] = refusals(world.hub.db, world.hub.replica)
    assert (refused.reason, refused.values["note"]) == ("foreign_owner", "not ours")


@pytest.mark.parametrize("first", ["accepted", "refused"])
def test_what_was_judged_anew_meanwhile_holds_for_everybody(world: World, first: str) -> None:
    """C11: the writer never got the receipt and sends again; another node that had the old verdict follows."""
    key = ("A-1-x", "clerk", "A")
    if first == "accepted":
        with world.hub.write(OFFICE) as w:
            w.delete(AccountRole, key)
        world.settle()
    backup = world.hub.backup_bytes()
    with world.hub.write(OFFICE) as w:
        if first == "accepted":
            w.insert(AccountRole(person_id=key[0], role=key[1], campus=key[2], begin="2026-08-01"))
        else:
            w.delete(AccountRole, key)
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "judged twice"})
    lose_answer(world, "A")
    world.sync("B")
    had = world["B"].value("SELECT note FROM calendar_day WHERE campus = 'A'")
    assert (had == "judged twice") == (first == "accepted")
    world.hub.restore(backup)
    world.sync("A")
    world.sync("B")
    has = world["B"].value("SELECT note FROM calendar_day WHERE campus = 'A'")
    assert (has == "judged twice") == (first == "refused")
    all_well(world)


def test_of_two_receipts_the_smaller_stamp_holds_everywhere(world: World) -> None:
    """C6: a stamp of 2099 counts as its first receipt, which only another node was told of."""
    ahead = world["A"]
    with world.hub.write(OFFICE) as w:
        w.insert(Account(person_id="A-2-x", login="before"))
    world.settle()
    backup = world.hub.backup_bytes()
    ahead.clock.set_wall(ahead.clock.now_ms() + 74 * 365 * 86_400_000)
    ahead.reopen()
    with ahead.write(CLERK_A) as w:
        w.update(Account, ("A-2-x",), {"login": "of 2099"})
    lose_answer(world, "A")
    world.sync("B")
    sql = "SELECT effective FROM _changeset WHERE n = (SELECT max(n) FROM _changeset)"
    told = world["B"].value(sql)
    world.hub.restore(backup)
    world.wait_ms(3_600_000)
    world.sync("A")
    version = "SELECT effective FROM _changeset JOIN _origin USING (o) WHERE node = ? ORDER BY n DESC LIMIT 1"
    assert int(str(world.hub.value(version, ahead.replica.node))) > int(str(told))
    all_well(world)
    assert {site.value(version, ahead.replica.node) for site in world.sites()} == {told}
    assert world.hub.rows("SELECT count(*) FROM _entry WHERE kind = 'redate'") == [(1,)]


def test_the_receipt_clock_goes_on_behind_what_was_adopted(world: World) -> None:
    """C6: also when the clock of the hub that came back runs late."""
    backup = world.hub.backup_bytes()
    a_day(world)
    newest = int(str(world.hub.value("SELECT max(received_at) FROM _entry")))
    world.hub.restore(backup)
    world.hub.clock.set_wall(newest - 3_600_000)
    world.sync("A")
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "after"})
    world.sync("A")
    assert int(str(world.hub.value("SELECT received_at FROM _entry ORDER BY hub_seq DESC LIMIT 1"))) >= newest


def test_a_small_budget_gives_back_over_several_runs(world: World) -> None:
    """What was acknowledged is not sent again."""
    for site in world.sites():
        site.limit(frame_rows=1, frame_bytes=1)
    backup = world.hub.backup_bytes()
    a_day(world)
    world.hub.restore(backup)
    with world.hub.write(OFFICE) as w:
        w.update(RosterGroup, ("A-21-x",), {"name": "the hub goes on"})
    back = [world.sync("A", budget_bytes=3_000).changesets_back for _ in range(8)]
    assert [count > 0 for count in back[:2]] == [True, True] and back[-1] == 0
    all_well(world)


def test_a_node_that_the_copy_does_not_know_enrols_again_and_keeps_its_file(world: World, tmp_path: Path) -> None:
    """C11, C14: its work is there again with the old receipts, and so is what only it held."""
    backup = world.hub.backup_bytes()
    late = add_node(world, tmp_path, "A2")
    with late.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "by the new node"})
    world.settle()
    before = sorted(map(repr, verdicts(world.hub)))
    world.hub.restore(backup)
    world.sync("B")
    with pytest.raises(NotEnrolled):
        world.sync("A2")
    elsewhere = issue_code(world.hub.db, world.hub.replica, campus="B")
    with pytest.raises(CodeRefused):
        enrol(late.replica, late.db, world.port, elsewhere)
    enrol(late.replica, late.db, world.port, issue_code(world.hub.db, world.hub.replica, campus="A"))
    assert world.sync("A2").epochs == 1
    all_well(world)
    assert sorted(map(repr, verdicts(world.hub))) == before
    newest = new_site(tmp_path, "B9")
    newest.world, world.nodes["B9"] = world, newest
    newest.clock.set_wall(world.hub.clock.now_ms())
    enrol(newest.replica, newest.db, world.port, issue_code(world.hub.db, world.hub.replica, campus="B"))
    all_well(world)


def test_the_hub_says_who_still_owes(world: World) -> None:
    """C14."""
    assert restored(world.hub.db) is None
    backup = world.hub.backup_bytes()
    a_day(world)
    world.hub.restore(backup)
    found = restored(world.hub.db)
    assert found is not None and found.copy_until is not None and found.copy_until < found.since
    assert {state.campus: state.owes for state in campus_boards(world.hub.db, world.hub.replica)} == {
        "A": True, "B": True
    }  # fmt: skip
    world.sync("B")
    assert {state.campus: state.owes for state in campus_boards(world.hub.db, world.hub.replica)} == {
        "A": True, "B": False
    }  # fmt: skip
    all_well(world)
    assert not any(state.owes for state in campus_boards(world.hub.db, world.hub.replica))


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("UPDATE _signed_top SET signature = zeroblob(64)", "log_signature_wrong"),
        ("UPDATE _signed_top SET hub_seq = hub_seq + 1", "signed_log_missing"),
        ("UPDATE _signed_head SET signature = zeroblob(64)", "head_signature_wrong"),
    ],
    ids=["top", "log", "head"],
)
def test_verify_finds_a_changed_signature(world: World, sql: str, kind: str) -> None:
    """C10."""
    a_day(world)
    node = world["A"]
    assert verify(node.replica, node.db) == []
    node.db.conn.execute(sql)
    assert kind in {finding.kind for finding in verify(node.replica, node.db)}
