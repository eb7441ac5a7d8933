"""Play a school's seed: the deeds of every world and those of a school, then what validators must agree on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

from shared.bookings.rules import RULE
from shared.findings.memo import FindingsMemo
from shared.findings.model import Finding
from shared.findings.store import findings_between
from shared.ids import campus_of
from shared.lessons.store import lessons_between
from sync.capture import write
from sync.change import Author
from tests.simulation.checks import check_quiet
from tests.simulation.deeds import one_deed
from tests.simulation.play import DEEDS_A_WORLD, heal, look_at_once
from tests.simulation.promises import check_promises
from tests.simulation.school_deeds import SCHOOL_DEEDS, SPAN, UNSERVED, found_school, leave_so
from tests.simulation.world import Site, World

SCHOOL_SHARE = 0.6


def play_school(
    seed: int, folder: Path, *, deeds: int = DEEDS_A_WORLD, said: Callable[[str], None] = lambda _: None
) -> None:
    """Raises AssertionError where something did not hold, and whatever the product raised."""
    world = World(seed, folder, said, nodes=3)
    try:
        found_school(world)
        # One an opening: a file that was replaced meanwhile is another past.
        memos: dict[str, FindingsMemo] = {}
        for number in range(deeds):
            said(f"--- {number}")
            site = one_school_deed(world)
            look_at_once(world, site)
            check_memo(site, memos.setdefault(f"{site.name} {site.replica.boot}", FindingsMemo()))
        heal(world)
        check_quiet(world)
        check_promises(world)
        check_findings(world)
        check_answers(world)
        check_decisions(world)
    finally:
        world.close()


def one_school_deed(world: World) -> Site:
    """A deed of a school, or one of every world."""
    if world.random.random() > SCHOOL_SHARE:
        return one_deed(world)
    world.time.pass_by(world.random.choice((1, 300, 60_000, 3_600_000)))
    deed = world.random.choices([d for d, _ in SCHOOL_DEEDS], [w for _, w in SCHOOL_DEEDS])[0]
    site = world.random.choice(world.sites)
    deed(world, site)
    return site


def found_at(site: Site) -> list[Finding]:
    """The open findings of a site."""
    return findings_between(site.db, site.replica, *SPAN)


def held_by(site: Site, found: list[Finding]) -> list[Finding]:
    """Of the hub's findings those whose records a site holds."""
    local = ("register_twice", "pupil_two_classes")
    return [each for each in found if each.kind not in local or not site.campus or each.campuses == (site.campus,)]


def check_memo(site: Site, memo: FindingsMemo) -> None:
    """What is remembered is what is there."""
    named = [(each.kind, each.subject) for each in found_at(site)]
    assert len(named) == len(set(named)), f"{site.name}: two findings of one name"
    # An edit with the shell moves rows without a changeset; what follows from it is seen with the next save.
    if site.db.conn.execute("SELECT count(*) FROM _pending").fetchone()[0] == 0:
        remembered = memo.open_between(site.db, site.replica, *SPAN)
        assert remembered == found_at(site), f"{site.name}: remembered findings are not those of now"


def check_findings(world: World) -> None:
    """Replicas of the same scopes find the same (C3, C7), and none overlooks what a plain look at the rows shows."""
    at_hub = found_at(world.hub)
    for node in world.nodes:
        assert found_at(node) == held_by(node, at_hub), f"{node.name} and the hub find different things"
    for site in world.sites:
        check_rooms(site)
        check_covers(site)


def check_rooms(site: Site) -> None:
    """Every two confirmed bookings of one room and time are on a card, or somebody left them so."""
    rows = site.db.conn.execute(
        "SELECT series_id, room_id, date, begin, end FROM booking_occurrence"
        " WHERE state = 'confirmed' AND cancelled_at = ''"
    ).fetchall()
    shown = {each.subject for each in found_at(site)} | {
        subject for (subject,) in site.db.conn.execute("SELECT subject FROM domain_decision")
    }
    for one, other in combinations(rows, 2):
        if one[1:3] == other[1:3] and one[3] < other[4] and other[3] < one[4]:
            keys = "|".join(sorted((f"{one[0]}.1", f"{other[0]}.1")))
            assert f"{one[1]}|{one[2]}|{keys}" in shown, f"{site.name}: overlooked {one} {other}"


def check_answers(world: World) -> None:
    """Nobody waits for a campus that cannot answer, and the hub's rule speaks for no other (C8).

    What cannot answer has no computer, never had one or lost the last.
    """
    silent = (world.unserved | {UNSERVED}) - {node.campus for node in world.nodes}
    for site in world.sites:
        waiting = "SELECT series_id FROM booking_occurrence WHERE state = 'requested' AND cancelled_at = ''"
        waits = [series for (series,) in site.db.conn.execute(waiting) if campus_of(series) in silent]
        assert waits == [], f"{site.name}: nobody answers {waits}"
        ruled = site.db.conn.execute("SELECT series_id FROM booking_occurrence WHERE decided_by = ?", (RULE,))
        answered = {campus_of(series) for (series,) in ruled} - world.unserved - {UNSERVED}
        assert not answered, f"{site.name}: answered for {answered}, who can"


def check_covers(site: Site) -> None:
    """A cover that nobody disputes and nobody withdrew is who teaches the lesson, whatever came before it."""
    lessons = {lesson.planned_at: lesson for lesson in lessons_between(site.db, *SPAN) if lesson.state == "planned"}
    changes: dict[tuple[str, str, int], list[tuple[str, str]]] = {}
    for *place, kind, teacher in site.db.conn.execute(
        "SELECT group_id, date, period, kind, new_teacher_id FROM lesson_override WHERE withdrawn_at = ''"
    ):
        changes.setdefault((place[0], place[1], place[2]), []).append((kind, teacher))
    for place, made in changes.items():
        kinds, covers = {kind for kind, _ in made}, {teacher for kind, teacher in made if kind == "cover"}
        if kinds <= {"cover", "room"} and len(covers) == 1 and place in lessons:
            assert set(lessons[place].teachers) == covers, f"{site.name}: the cover of {place} is lost: {made}"


def check_decisions(world: World) -> None:
    """Everything left as it is at one site is closed at every other, and stays closed."""
    for site, found in list(_to_leave(world)):
        # Not the clerk: the hub may have taken his role away meanwhile, and would refuse his word.
        by = Author("office" if site is world.hub else f"{site.campus}-roamer")
        with write(site.replica, site.db, by) as w:
            leave_so(w, found, person_id=by.person_id, note="商定")
    heal(world)
    for site in world.sites:
        assert found_at(site) == [], f"{site.name}: left so elsewhere and still open here"


def _to_leave(world: World) -> Iterator[tuple[Site, Finding]]:
    for found in found_at(world.hub):
        holders = [site for site in world.sites if held_by(site, [found])]
        yield world.random.choice(holders), found
