"""All SQL of pupils, and the way they are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlite_utils import Database

from shared.errors import InvalidInput, NotFound, Problem
from shared.records import GroupMember, Pupil, PupilPrivate, RosterGroup
from shared.schema import Value, find, record_of, select, table_of
from shared.text import initials_of
from shared.validation import load
from sync.capture import ABSENT, token_of, write
from sync.change import Author
from sync.replica import Replica

PUPIL_FIELDS = ("name", "sex", "birth")


@dataclass(frozen=True)
class Line:
    """A pupil with the class of a date ("" for none), and the other groups of that date by name."""

    pupil: Pupil
    class_id: str
    class_name: str
    number: int
    others: tuple[str, ...]


@dataclass(frozen=True)
class ClassLine:
    """A group of a date with its homeroom teacher's name and how many belong to it."""

    group: RosterGroup
    homeroom: str
    members: int


@dataclass(frozen=True)
class Place:
    """A dated membership with its group, None where that is not known here."""

    member: GroupMember
    group: RosterGroup | None


def lines(db: Database, campus: str, day: str) -> list[Line]:
    """Every pupil of a campus: by class, number and name; those without a class last."""
    groups = {group.id: group for group in select(db, RosterGroup)}
    classes: dict[str, tuple[RosterGroup, int]] = {}
    others: dict[str, list[str]] = {}
    for one in _members_on(db, day):
        group = groups.get(one.group_id)
        if group is not None and group.kind == "class":
            classes[one.member_id] = (group, one.seat_number)
        elif group is not None:
            others.setdefault(one.member_id, []).append(group.name)
    found = []
    for row in db.query("SELECT * FROM pupil WHERE substr(id, 1, instr(id, '-') - 1) = ?", (campus,)):
        pupil = record_of(Pupil, row)
        place = classes.get(pupil.id)
        group_id, name, number = (place[0].id, place[0].name, place[1]) if place else ("", "", 0)
        found.append(Line(pupil, group_id, name, number, tuple(sorted(others.get(pupil.id, ())))))
    positions = {id_: (group.position, group.name) for id_, group in groups.items()}
    far = (10**6, "")
    found.sort(key=lambda line: (positions.get(line.class_id, far), line.number, line.pupil.initials, line.pupil.id))
    return found


def _members_on(db: Database, day: str) -> list[GroupMember]:
    rows = db.query(
        "SELECT * FROM group_member WHERE begin <= ? AND (end IS NULL OR end > ?) ORDER BY begin", (day, day)
    )
    return [record_of(GroupMember, row) for row in rows]


def class_lines(db: Database, campus: str, day: str) -> list[ClassLine]:
    """The groups of a campus that exist on a date, classes first."""
    rows = db.query(
        "SELECT g.*, COALESCE(p.name, '') AS homeroom, (SELECT count(DISTINCT m.member_id) FROM group_member m"
        " WHERE m.group_id = g.id AND m.begin <= ? AND (m.end IS NULL OR m.end > ?)) AS members"
        " FROM roster_group g LEFT JOIN person p ON p.id = g.homeroom_id"
        " WHERE g.campus = ? AND g.begin <= ? AND (g.end IS NULL OR g.end > ?)"
        " ORDER BY g.kind <> 'class', g.kind, g.position, g.name, g.id",
        (day, day, campus, day, day),
    )
    return [ClassLine(record_of(RosterGroup, row), row["homeroom"], row["members"]) for row in rows]


def pupil_named(db: Database, pupil_id: str) -> Pupil:
    """The pupil. Raises NotFound for one who is not held here, and for one who was erased."""
    found = find(db, Pupil, pupil_id)
    if found is None:
        raise NotFound(pupil=pupil_id)
    return found


def places(db: Database, pupil_id: str) -> list[Place]:
    """All dated memberships, the newest first."""
    members = sorted(select(db, GroupMember, member_id=pupil_id), key=lambda one: (one.begin, one.group_id))
    return [Place(one, find(db, RosterGroup, one.group_id)) for one in reversed(members)]


def in_dorm(db: Database, pupil_id: str, day: str) -> bool:
    """True when the pupil has a bed in a dorm room on a date."""
    held = (place for place in places(db, pupil_id) if place.member.begin <= day < (place.member.end or "9999"))
    return any(place.group is not None and place.group.kind == "dorm_room" for place in held)


def private_of(db: Database, pupil_id: str) -> PupilPrivate:
    """The private data; all empty where there is none."""
    return find(db, PupilPrivate, pupil_id) or PupilPrivate(pupil_id=pupil_id)


def token(db: Database, replica: Replica, record: type, pupil_id: str) -> str:
    """What a form of this record carries as the version that its page shows (C2)."""
    return token_of(db, replica, record, (pupil_id,)) or ABSENT


def typed(record: type, changes: Mapping[str, str]) -> dict[str, Value]:
    """A form's changes as the record's values. Raises InvalidInput with one problem a field."""
    values = load(record, changes, only=list(changes)) if changes else {}
    if values.get("name") == "":
        raise InvalidInput(Problem("name", "missing", {"zh": "姓名", "en": "Name"}))
    if "name" in values:
        values["initials"] = initials_of(str(values["name"]))
    return values


def save(
    replica: Replica, db: Database, author: Author, record: type, pupil_id: str, changes: Mapping[str, Value],
    shown: str,
) -> None:  # fmt: skip
    """Write what a person changed, upon the version the page showed. Raises NotFound, RowErased."""
    key = table_of(record).key[0]
    with write(replica, db, author) as w:
        if record is PupilPrivate and find(db, PupilPrivate, pupil_id) is None:
            w.put(PupilPrivate(**{key: pupil_id, **changes}))  # type: ignore[arg-type]  # checked by `typed`
        else:
            w.update(record, (pupil_id,), changes, shown)
