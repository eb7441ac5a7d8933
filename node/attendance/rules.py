"""What holds, and who may say so: pure decisions about registers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.calendar import month_is_closed
from shared.errors import Problem
from shared.records import RosterGroup
from shared.roles import EVERYWHERE, Held, may_do

# Highest first: a person's correction beats a teacher's mark beats a terminal's punch (DESIGN C4).
SOURCES = ("office", "teacher", "terminal")
TIMED_MARKS = frozenset({"late", "early_leave"})
TEACHING_DAYS = frozenset({"school_day", "make_up", "exam"})
# A dorm is checked and a bus is counted on days without lessons too.
LESSON_GROUPS = frozenset({"class", "after_school", "club"})
OFFICE_ROLES = frozenset({"clerk", "campus_head"})


@dataclass(frozen=True)
class RegisterLimits:
    """How long a register stays open, in local days; settings of the school.

    late_days: how long a register that nobody took may still be taken by those who take it.
    homeroom_days: how long homeroom and deputy may correct (RECORDS, roles × actions: 3).
    month_close_day: from this day of the next month on, a month is closed to the campus office.
    """

    late_days: int = 3
    homeroom_days: int = 3
    month_close_day: int = 10


@dataclass(frozen=True)
class Mark:
    """What one source says of one pupil."""

    code: str
    minutes: int = 0
    note: str = ""


PRESENT = Mark("present")


@dataclass(frozen=True)
class Asker:
    """Who wants to write: what the role table allows here, and whether the class is theirs."""

    person_id: str
    takes: bool
    office: bool
    own_class: bool


@dataclass(frozen=True)
class Situation:
    """The register as it stands when someone wants to write it."""

    today: date
    day: date
    session_over: bool
    taken_by: str | None


def current(marks: Mapping[str, Mark]) -> tuple[str | None, Mark]:
    """The source that decides and its mark; (None, present) where no source says anything."""
    for source in SOURCES:
        if source in marks:
            return source, marks[source]
    return None, PRESENT


def beneath(source: str, marks: Mapping[str, Mark]) -> Mark:
    """What would hold if this source said nothing: the mark of the next lower source, else present."""
    lower = SOURCES[SOURCES.index(source) + 1 :]
    return current({name: marks[name] for name in lower if name in marks})[1]


def shown_to(source: str, marks: Mapping[str, Mark]) -> Mark:
    """What a form of this source starts from: its own mark, else what lies beneath."""
    return marks[source] if source in marks else beneath(source, marks)


def row_wanted(source: str, wanted: Mark, marks: Mapping[str, Mark]) -> Mark | None:
    """The row that must stand for this source so that `wanted` is what it says, or None for no row.

    "Present" is a row of its own only where it contradicts a lower source: never one a present pupil.
    """
    return None if wanted == beneath(source, marks) else wanted


class Step(StrEnum):
    """What happens to one pupil's row of one source."""

    LEAVE = "leave"
    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"
    BESIDE = "beside"


@dataclass(frozen=True)
class Rows:
    """One pupil's row of one source: as the page showed it, as it stands, as the sender wants it.

    None: no row. meant: the sender stands by `wanted` even where the page showed the same (no page was
    shown, or the pupil was touched). own: what stands is the sender's own earlier save.
    """

    shown: Mark | None
    stands: Mark | None
    wanted: Mark | None
    meant: bool
    own: bool


def step_for(rows: Rows) -> Step:
    """The one decision per pupil. What nobody touched is left; what moved under a page is kept beside (C2)."""
    if rows.wanted == rows.stands or (not rows.meant and rows.wanted == rows.shown):
        return Step.LEAVE
    if rows.stands is None:
        return Step.ADD
    if rows.own or rows.stands == rows.shown:
        return Step.CHANGE if rows.wanted is not None else Step.REMOVE
    return Step.BESIDE if rows.shown is not None or rows.wanted is not None else Step.LEAVE


def mark_problems(person: str, mark: Mark) -> list[Problem]:
    """What is wrong with a mark beyond what its fields can say: late needs its minutes, leave has none."""
    if mark.code == "late" and mark.minutes == 0:
        return [Problem(f"minutes-{person}", "minutes_missing")]
    if mark.code not in TIMED_MARKS and mark.minutes != 0:
        return [Problem(f"minutes-{person}", "minutes_not_for_this_mark")]
    return []


def roster_digest(members: Iterable[str]) -> str:
    """The first 16 hex digits of SHA-256 over the sorted member ids, one a line."""
    return hashlib.sha256("\n".join(sorted(members)).encode()).hexdigest()[:16]


def day_refusal(kind: str | None, group_kind: str, day: date, today: date) -> str | None:
    """The reason why no register can exist on this date, or None. `kind` is the calendar's, None if unknown."""
    if day > today:
        return "future_date"
    if kind is None:
        return "day_not_in_calendar"
    if group_kind in LESSON_GROUPS and kind not in TEACHING_DAYS:
        return "not_a_school_day"
    return None


def take_refusal(asker: Asker, now: Situation, limits: RegisterLimits) -> str | None:
    """The reason why this person may not (or no longer) take this register or save it again, or None.

    Whoever took it may save again as long as it could still be taken late: a save that waited for the
    Wi-Fi must not be refused for having waited.
    """
    if not asker.takes:
        return "not_your_register"
    age_days = (now.today - now.day).days
    if asker.office and now.taken_by in (None, asker.person_id):
        closed = month_is_closed(now.day, now.today, limits.month_close_day)
        return "month_closed" if closed else None
    if now.taken_by in (None, asker.person_id):
        return None if age_days <= limits.late_days else "too_late_to_take"
    if asker.own_class:
        return None if age_days <= limits.homeroom_days else "too_late_to_correct"
    return None if age_days == 0 and not now.session_over else "session_over"


def correct_refusal(asker: Asker, now: Situation, limits: RegisterLimits) -> str | None:
    """The reason why the office may not put a correction beside the marks, or None."""
    if not asker.office:
        return "not_the_office"
    if now.taken_by is None:
        return "not_taken_yet"
    if month_is_closed(now.day, now.today, limits.month_close_day):
        return "month_closed"
    return None


def source_offered(take: str | None, correct: str | None, taken_by: str | None, person_id: str) -> str | None:
    """Which source the page writes as when nothing else was asked for; None shows it without a form.

    An office person who did not take the register corrects beside it; everyone else saves again.
    """
    if take is None and (correct is not None or taken_by in (None, person_id)):
        return "teacher"
    return "office" if correct is None else None


def counts(marks: Sequence[Mark]) -> dict[str, int]:
    """Mark → number of pupils, present always named; the sum is the size of the roster."""
    found = {"present": 0}
    for mark in marks:
        found[mark.code] = found.get(mark.code, 0) + 1
    return found


def asker_of(person_id: str, held: Iterable[Held], group: RosterGroup) -> Asker:
    """What a person with these roles may do with this group's registers (RECORDS, roles × actions).

    A dorm supervisor takes dorm rooms only; the office of a campus is its head and its clerks.
    """
    here = {role for role, at in held if at in (EVERYWHERE, group.campus)}
    if group.kind != "dorm_room":
        here.discard("dorm_supervisor")
    at_home = [(role, group.campus) for role in here]
    takes = bool(person_id) and may_do("register.take", at_home, group.campus)
    own = takes and person_id in (group.homeroom_id, group.deputy_id)
    return Asker(person_id, takes, bool(here & OFFICE_ROLES), own)
