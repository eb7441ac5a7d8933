"""What a campus has already, looked up by the names that a timetable file uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlite_utils import Database

from shared.records import (
    BellPeriod,
    Building,
    Person,
    Room,
    RosterGroup,
    SlotTeacher,
    StaffMembership,
    TeachingAssignment,
    TimetableSlot,
    TimetableVersion,
)
from shared.schema import select

Row = TimetableSlot | SlotTeacher | TeachingAssignment


@dataclass(frozen=True)
class There:
    """Records of one campus; persons of all, since a teacher of another campus may teach here too.

    members: the persons who belong to the campus. rows: what the version of this name and day holds already.
    """

    groups: Sequence[RosterGroup] = ()
    persons: Sequence[Person] = ()
    members: frozenset[str] = frozenset()
    rooms: Sequence[Room] = ()
    buildings: Sequence[Building] = ()
    bells: Sequence[BellPeriod] = ()
    version: TimetableVersion | None = None
    rows: Sequence[Row] = field(default=())


def there_of(db: Database, campus: str, name: str, begin: str) -> There:
    """What a campus has, and the timetable of this name that begins on this day."""
    members = frozenset(
        m.person_id for m in select(db, StaffMembership, campus=campus) if m.end is None or m.end > begin
    )
    version = next(iter(select(db, TimetableVersion, campus=campus, name=name, begin=begin)), None)
    rows: list[Row] = []
    if version is not None:
        rows += select(db, TimetableSlot, version_id=version.id)
        rows += select(db, SlotTeacher, version_id=version.id)
        rows += select(db, TeachingAssignment, version_id=version.id)
    return There(
        [g for g in select(db, RosterGroup, campus=campus) if g.end is None or g.end > begin],
        select(db, Person), members, select(db, Room, campus=campus), select(db, Building, campus=campus),
        select(db, BellPeriod, schedule=campus), version, rows,
    )  # fmt: skip
