"""The consortium of the demo, invented: the size is the plan's, every name is made up, one seed decides all.

Main campus A: 31 classes with 1,812 pupils, 300 kindergarten children in 10 groups, 92 staff. Small boarding
campus B: 6 classes with 90 pupils of whom 48 board, 14 staff. Two teachers of A also work at B.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

from scripts.demo_play.lessons import rooms_of, timetables
from scripts.demo_play.names import GIVEN_ADULT, GIVEN_CHILD, distinct_names, invented_name
from scripts.demo_play.term import SCHEDULE, SCHOOL_YEAR, TERM, TERM_BEGIN, TERM_END, term_days
from shared.records import (
    Account,
    AccountRole,
    BellPeriod,
    Campus,
    Consortium,
    GroupMember,
    Person,
    Pupil,
    RollSession,
    RosterGroup,
    SchoolYear,
    StaffMembership,
    Term,
)
from shared.roles import EVERYWHERE
from shared.text import initials_of

Mint = Callable[[str], str]

SEED = 20250901
BEGIN = TERM_BEGIN.isoformat()
HIRED = "2020-09-01"
# Roles that are held for the whole consortium.
_OVER_ALL = frozenset({"general_principal", "centre_director", "supervision_group", "union_chair", "system_operator"})


@dataclass(frozen=True)
class Size:
    """How large one campus is. `staff` counts every person whose home it is."""

    code: str
    school_code: str
    name: str
    classes: int
    pupils: int
    kindergarten_groups: int
    children: int
    staff: int
    boarders: int


FULL = (
    Size("A", "4206820101", "中心小学", 31, 1812, 10, 300, 92, 0),
    Size("B", "4206820102", "柳林寄宿小学", 6, 90, 0, 0, 14, 48),
)
# The same shape for tests: every kind of person and group is there, with few of each.
SMALL = (
    Size("A", "4206820101", "中心小学", 3, 30, 1, 10, 18, 0),
    Size("B", "4206820102", "柳林寄宿小学", 2, 10, 0, 0, 10, 6),
)
ITINERANT = 2


@dataclass(frozen=True)
class Staffed:
    """A member of staff with what the play needs to know about them."""

    person: Person
    campus: str
    category: str
    login: str
    roles: tuple[str, ...]
    also_at: str = ""


@dataclass(frozen=True)
class Invented:
    """The whole consortium: records in the order in which they may be written, and who is who."""

    records: tuple[object, ...]
    staff: tuple[Staffed, ...]
    groups: tuple[RosterGroup, ...]
    members: dict[str, tuple[str, ...]]  # group id -> pupil ids
    sizes: tuple[Size, ...]

    def who(self, role: str, campus: str) -> Staffed:
        """The first person with a role at a campus. Raises StopIteration when there is none."""
        return next(each for each in self.staff if each.campus == campus and role in each.roles)


def invented(sizes: Sequence[Size], mint: Mint, password_hash: str) -> Invented:
    """Invent a consortium. `mint` gives the next id of a campus; all accounts share one password."""
    random = Random(SEED)
    staff = _staff(random, sizes, mint)
    places = _places(sizes)
    groups: list[RosterGroup] = []
    members: dict[str, tuple[str, ...]] = {}
    pupils: list[object] = []
    for size in sizes:
        homerooms = [each.person.id for each in staff if each.campus == size.code and _leads(each)]
        made, children = _groups(random, size, mint, homerooms)
        groups += made
        pupils += children
    for record in pupils:
        if isinstance(record, GroupMember):
            members[record.group_id] = (*members.get(record.group_id, ()), record.member_id)
    people = [record for each in staff for record in _records_of(each, mint, password_hash)]
    rooms, groups = _with_rooms(groups, sizes, mint)
    lessons = timetables(staff, groups, rooms, mint, SEED)
    return Invented(
        (*places, *people, *rooms, *groups, *pupils, *lessons), tuple(staff), tuple(groups), members, tuple(sizes)
    )


def _with_rooms(
    groups: Sequence[RosterGroup], sizes: Sequence[Size], mint: Mint
) -> tuple[list[object], list[RosterGroup]]:
    """The rooms of all campuses, and the groups with the room that is theirs."""
    made: list[object] = []
    own: dict[str, str] = {}
    for size in sizes:
        rooms, theirs = rooms_of(size.code, [g for g in groups if g.campus == size.code and g.kind == "class"], mint)
        made += rooms
        own |= theirs
    return made, [replace(group, room_id=own.get(group.id)) for group in groups]


def _leads(staffed: Staffed) -> bool:
    return bool({"homeroom_teacher", "kindergarten_teacher"} & set(staffed.roles))


def _places(sizes: Sequence[Size]) -> list[object]:
    made: list[object] = [
        Consortium(code="LL", name="柳林教联体（演示）", mode="fused"),
        SchoolYear(code=SCHOOL_YEAR, name="2025—2026学年", begin=BEGIN, end="2026-09-01"),
        Term(code=TERM, school_year=SCHOOL_YEAR, name="2025年秋季学期", begin=BEGIN, end=TERM_END.isoformat()),
    ]
    for position, size in enumerate(sizes):
        made.append(
            Campus(code=size.code, school_code=size.school_code, name=size.name, main=int(position == 0),
                   position=position)
        )
        made += _bells(size.code)
        made += _sessions(size)
        made += term_days(size.code)
    return made


def _bells(campus: str) -> list[object]:
    times = [("08:20", "09:00"), ("09:10", "09:50"), ("10:20", "11:00"), ("11:10", "11:50"), ("14:00", "14:40"),
             ("14:50", "15:30"), ("15:40", "16:20")]
    return [
        BellPeriod(schedule=f"{campus}-{SCHEDULE}", period=n, name=f"第{n}节", begin=begin, end=end)
        for n, (begin, end) in enumerate(times, start=1)
    ]


def _sessions(size: Size) -> list[object]:
    code = size.code
    made: list[object] = [
        RollSession(campus=code, code="am", name="上午", name_en="morning", begin="07:40", end="12:00"),
        RollSession(campus=code, code="pm", name="下午", name_en="afternoon", begin="13:40", end="17:00"),
    ]
    if size.boarders:
        made.append(
            RollSession(campus=code, code="night", name="晚点名", name_en="night roll", begin="20:30",
                        end="22:00", group_kind="dorm_room")
        )
    return made


def _places_of_staff(size: Size) -> list[tuple[str, str, tuple[str, ...]]]:
    """(category, employment kind, roles) of each person of a campus, leaders first."""
    main = size.code == "A"
    head = [("campus_head", "established", ("campus_head", "general_principal") if main else ("campus_head",))]
    office = [("support_staff", "labour_contract", ("clerk", "system_operator") if main else ("clerk",))]
    middle = [("middle_leader", "established", roles) for roles in (
        [("middle_leader", "centre_director"), ("middle_leader", "supervision_group"),
         ("middle_leader", "union_chair"), ("middle_leader",)] if main else [("middle_leader",)]
    )]
    leaders = [("homeroom_teacher", "established", ("homeroom_teacher", "teacher"))] * size.classes
    kindergarten = [
        ("kindergarten_teacher", "labour_contract", ("kindergarten_teacher",))
    ] * size.kindergarten_groups
    supply = [("supply_teacher", "supply", ("supply_teacher",))] * (2 if size.staff > 12 else 1)
    dorm = [("support_staff", "labour_contract", ("dorm_supervisor",))] * (1 if size.boarders else 0)
    found = head + office + middle + leaders + kindergarten + supply + dorm
    teachers = size.staff - len(found)
    kinds = ("established", "established", "special_post", "support_teaching")
    return found + [("teacher", kinds[n % len(kinds)], ("teacher",)) for n in range(teachers)]


def _staff(random: Random, sizes: Sequence[Size], mint: Mint) -> list[Staffed]:
    names = iter(distinct_names(random, GIVEN_ADULT, sum(size.staff for size in sizes)))
    found: list[Staffed] = []
    for size in sizes:
        places = _places_of_staff(size)
        travelling = [n for n, place in enumerate(places) if place[0] == "teacher"][:ITINERANT]
        for number, (category, _kind, roles) in enumerate(places):
            name = next(names)
            person = Person(
                id=mint(size.code), name=name, sex=random.choice(("male", "female")),
                staff_number=f"{size.code}{number + 1:04d}", initials=initials_of(name),
            )
            elsewhere = sizes[1].code if size is sizes[0] and number in travelling else ""
            found.append(Staffed(person, size.code, category, f"{size.code.lower()}{number + 1:03d}", roles, elsewhere))
    return found


def _records_of(staffed: Staffed, mint: Mint, password_hash: str) -> list[object]:
    person = staffed.person
    share = "0.6" if staffed.also_at else "1"
    kind = {"supply_teacher": "supply", "support_staff": "labour_contract", "kindergarten_teacher": "labour_contract"}
    employed = kind.get(staffed.category, "established")
    made: list[object] = [
        person,
        StaffMembership(id=mint(staffed.campus), person_id=person.id, campus=staffed.campus, share=share,
                        category=staffed.category, employment_kind=employed, begin=HIRED),
        Account(person_id=person.id, login=staffed.login, password_hash=password_hash),
    ]
    made += [
        AccountRole(person_id=person.id, role=role, begin=HIRED,
                    campus=EVERYWHERE if role in _OVER_ALL else staffed.campus)
        for role in staffed.roles
    ]
    if staffed.also_at:
        made.append(StaffMembership(id=mint(staffed.also_at), person_id=person.id, campus=staffed.also_at, home=0,
                                    share="0.4", category=staffed.category, begin=BEGIN))
        made.append(AccountRole(person_id=person.id, role="teacher", campus=staffed.also_at, begin=BEGIN))
    return made


def _groups(
    random: Random, size: Size, mint: Mint, homerooms: Sequence[str]
) -> tuple[list[RosterGroup], list[object]]:
    groups: list[RosterGroup] = []
    records: list[object] = []
    for number, count in enumerate(spread(size.pupils, size.classes)):
        grade, place = grade_of(number, size.classes)
        group = RosterGroup(
            id=mint(size.code), campus=size.code, cohort=str(2026 - grade), name=f"{2026 - grade}级{place}班",
            homeroom_id=homerooms[number], position=number, begin=BEGIN,
        )
        groups.append(group)
        records += _children(random, group, count, mint, 2019 - grade)
    for number, count in enumerate(spread(size.children, size.kindergarten_groups)):
        group = RosterGroup(
            id=mint(size.code), campus=size.code, stage="kindergarten", cohort="2025",
            name=f"{('小', '中', '大')[number % 3]}{number // 3 + 1}班",
            homeroom_id=homerooms[size.classes + number], position=100 + number, begin=BEGIN,
        )
        groups.append(group)
        records += _children(random, group, count, mint, 2020)
    dorms, beds = _dorms(size, mint, [r for r in records if isinstance(r, GroupMember)])
    return groups + dorms, records + beds


def _dorms(size: Size, mint: Mint, seats: Sequence[GroupMember]) -> tuple[list[RosterGroup], list[object]]:
    groups: list[RosterGroup] = []
    beds: list[object] = []
    boarders = [seat.member_id for seat in seats][: size.boarders]
    for start in range(0, len(boarders), 12):
        group = RosterGroup(id=mint(size.code), campus=size.code, kind="dorm_room", name=f"宿舍{101 + start // 12}",
                            position=200 + start, begin=BEGIN)
        groups.append(group)
        beds += [GroupMember(group_id=group.id, member_id=pupil, begin=BEGIN, seat_number=n)
                 for n, pupil in enumerate(boarders[start : start + 12], start=1)]
    return groups, beds


def spread(total: int, parts: int) -> list[int]:
    """`total` shared out over `parts` as evenly as can be, the larger parts first."""
    if parts == 0:
        return []
    low, rest = divmod(total, parts)
    return [low + 1] * rest + [low] * (parts - rest)


def grade_of(number: int, classes: int) -> tuple[int, int]:
    """(grade 1 to 6, class within the grade) of the class with this number from 0."""
    per_grade = spread(classes, min(6, classes))
    for grade, count in enumerate(per_grade, start=1):
        if number < count:
            return grade, number + 1
        number -= count
    raise ValueError(number)


def _children(random: Random, group: RosterGroup, count: int, mint: Mint, birth_year: int) -> list[object]:
    made: list[object] = []
    for number in range(1, count + 1):
        name = invented_name(random, GIVEN_CHILD)
        child = Pupil(
            id=mint(group.campus), name=name, sex=random.choice(("male", "female")), initials=initials_of(name),
            birth=f"{birth_year}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}",
        )
        made += [child, GroupMember(group_id=group.id, member_id=child.id, begin=BEGIN, seat_number=number)]
    return made
