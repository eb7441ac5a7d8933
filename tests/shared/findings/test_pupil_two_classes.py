"""One pupil in two classes: half-open spans, only where the memberships are held (C7)."""

from __future__ import annotations

import pytest

from shared.findings.model import Finding
from shared.findings.pupil_two_classes import Place, pupil_two_classes
from shared.findings.store import findings_between
from shared.records import DomainDecision, GroupMember, RosterGroup
from tests.support.world import CLERK_A, CLERK_B, GROUP_A, GROUP_B, OFFICE, PUPIL_A, make_world

HOME, OTHER, CLUB, AWAY, PUPIL = GROUP_A[0], "A-22-x", "A-23-x", GROUP_B[0], PUPIL_A[0]
SPAN = ("2026-09-01", "2026-10-01")


def place(group: str, begin: str, end: str = "", pupil: str = "p") -> Place:
    return Place(group, pupil, begin, end, begin, end)


@pytest.mark.parametrize(
    ("places", "days"),
    [
        ([place("A-1", "2026-09-01"), place("A-2", "2026-09-10")], ["2026-09-10"]),
        ([place("A-2", "2026-09-10"), place("A-1", "2026-09-01")], ["2026-09-10"]),
        # Half-open: who leaves on the day on which he comes elsewhere is never in both.
        ([place("A-1", "2026-09-01", "2026-09-10"), place("A-2", "2026-09-10")], []),
        ([place("A-1", "2026-09-01", "2026-09-11"), place("A-2", "2026-09-10")], ["2026-09-10"]),
        # A place that ends as it begins was none.
        ([place("A-1", "2026-09-01"), place("A-2", "2026-09-10", "2026-09-10")], []),
        # One class twice is an odd entry, not two classes; two pupils are two.
        ([place("A-1", "2026-09-01"), place("A-1", "2026-09-10")], []),
        ([place("A-1", "2026-09-01"), place("A-2", "2026-09-01", pupil="q")], []),
        ([place(f"A-{n}", f"2026-09-0{n}") for n in (1, 2, 3)], ["2026-09-02", "2026-09-03", "2026-09-03"]),
    ],
)
def test_a_pair_of_classes_that_share_a_day_is_a_finding(places, days):
    found = pupil_two_classes(places)
    assert [each.date for each in found] == days
    # "Leave it so" goes to every campus by this key: it names no child and no class.
    assert len({each.subject for each in found}) == len(found)
    assert not any(word in each.subject for each in found for word in ("A-1", "A-2", "-", "p"))


@pytest.fixture
def world(tmp_path):
    made = make_world(tmp_path, ("A", "A2", "B"))
    with made.hub.write(OFFICE) as w:
        w.db.conn.execute("DELETE FROM group_member")
        for id_, kind in ((OTHER, "class"), (CLUB, "club")):
            w.insert(RosterGroup(id=id_, campus="A", kind=kind, name=id_, begin="2026-08-01"))
        w.insert(GroupMember(group_id=HOME, member_id=PUPIL, begin="2026-09-01"))
    made.settle()
    yield made
    made.close()


def found(site, span=SPAN) -> list[Finding]:
    return [each for each in findings_between(site.db, site.replica, *span) if each.kind == "pupil_two_classes"]


def test_two_offices_that_move_one_pupil_see_it_everywhere_it_is_held_and_it_closes_by_the_state(world):
    with world["A"].write(CLERK_A) as w:
        w.insert(GroupMember(group_id=OTHER, member_id=PUPIL, begin="2026-09-07"))
        w.insert(GroupMember(group_id=CLUB, member_id=PUPIL, begin="2026-09-01"))
    world.settle()
    [at_hub] = found(world.hub)
    assert at_hub.date == "2026-09-07" and found(world["A"]) == found(world["A2"]) == [at_hub]
    assert found(world["B"]) == []
    with world["A2"].write(CLERK_A) as w:
        w.update(GroupMember, (HOME, PUPIL, "2026-09-01"), {"end": "2026-09-07"})
    world.settle()
    assert [found(site) for site in world.sites()] == [[]] * 4


def test_across_campuses_only_the_hub_holds_both_and_finds_it(world):
    """C7: a validator runs only where all it reads is held."""
    with world["B"].write(CLERK_B) as w:
        w.insert(GroupMember(group_id=AWAY, member_id=PUPIL, begin="2026-09-07"))
    world.settle()
    assert [each.campuses for each in found(world.hub)] == [("A", "B")]
    assert [found(world[name]) for name in ("A", "A2", "B")] == [[], [], []]


def test_one_that_lasts_is_found_in_every_span_it_touches_under_one_name(world):
    with world["A"].write(CLERK_A) as w:
        w.insert(GroupMember(group_id=OTHER, member_id=PUPIL, begin="2026-09-07", end="2026-11-01"))
    for span, there in (
        (SPAN, True), (("2026-10-20", "2026-11-20"), True), (("2026-11-01", "2026-12-01"), False),
        (("2026-09-01", "2026-09-07"), False), (("2026-09-07", "2026-09-08"), True),
    ):  # fmt: skip
        assert [each.date for each in found(world["A"], span)] == ["2026-09-07"] * there, span


def test_left_so_it_stays_closed_until_a_membership_changes(world):
    with world["A"].write(CLERK_A) as w:
        w.insert(GroupMember(group_id=OTHER, member_id=PUPIL, begin="2026-09-07"))
    [one] = found(world["A"])
    with world["A"].write(CLERK_A) as w:
        w.insert(DomainDecision(kind=one.kind, subject=one.subject, state_digest=one.digest, decided_by="A-1-x"))
    assert found(world["A"]) == []
    with world["A"].write(CLERK_A) as w:
        w.update(GroupMember, (OTHER, PUPIL, "2026-09-07"), {"end": "2026-12-01"})
    assert len(found(world["A"])) == 1


def test_a_class_that_is_over_holds_nobody_any_more(world):
    with world["A"].write(CLERK_A) as w:
        w.update(RosterGroup, (HOME,), {"end": "2026-09-05"})
        w.insert(GroupMember(group_id=OTHER, member_id=PUPIL, begin="2026-09-07"))
    assert found(world["A"]) == []
