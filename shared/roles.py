"""Who may do what: the roles of a school, the actions of the software, and one pure question.

A route names an action; an action names the roles that may do it. A role is held at one campus, or at all
of them (`*`). Nothing here knows a database, a page or a date.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

Held = tuple[str, str]  # role, campus; "*" stands for every campus

EVERYWHERE: Final = "*"

# Route actions that ask for no role: anybody; another machine (which proves itself in its message);
# anybody who is logged in.
PUBLIC: Final = "public"
MACHINE: Final = "machine"
ANY_STAFF: Final = "any_staff"

# code, Chinese, English: the order is the one in which a list of people is read out.
ROLES: Final[tuple[tuple[str, str, str], ...]] = (
    ("general_principal", "总校长", "general principal"),
    ("campus_head", "校区负责人", "campus head"),
    ("centre_director", "中心主任", "centre director"),
    ("middle_leader", "中层干部", "middle leader"),
    ("grade_leader", "年级组长", "grade leader"),
    ("research_leader", "教研组长", "research group leader"),
    ("prep_leader", "备课组长", "lesson-preparation leader"),
    ("homeroom_teacher", "班主任", "homeroom teacher"),
    ("deputy_homeroom_teacher", "副班主任", "deputy homeroom teacher"),
    ("teacher", "任课教师", "teacher"),
    ("supply_teacher", "代课教师", "supply teacher"),
    ("kindergarten_teacher", "幼儿教师", "kindergarten teacher"),
    ("support_staff", "教辅人员", "support staff"),
    ("dorm_supervisor", "生活老师", "dorm supervisor"),
    ("health_teacher", "校医", "health teacher"),
    ("gate", "门卫", "gate"),
    ("duty_leader", "值班领导", "duty leader"),
    ("bursar", "会计", "bursar"),
    ("clerk", "教务员", "clerk"),
    ("union_chair", "工会主席", "union chair"),
    ("congress_delegate", "教代会代表", "congress delegate"),
    ("supervision_group", "考核监督组", "supervision group"),
    ("inspector", "督学（只读）", "inspector (read-only)"),
    ("system_operator", "系统管理员", "system operator"),
)

_TAKERS = frozenset(
    {
        "homeroom_teacher", "deputy_homeroom_teacher", "teacher", "supply_teacher", "kindergarten_teacher",
        "dorm_supervisor", "duty_leader", "clerk", "campus_head", "middle_leader", "grade_leader",
    }
)  # fmt: skip
_OFFICE = frozenset({"clerk", "campus_head", "general_principal", "centre_director"})
_DAY_CLOSERS = _OFFICE | {"middle_leader", "duty_leader"}

# RECORDS.md, "Roles × actions, first cut". Finer limits (days, own class, own person) are rules of the
# room that performs the action: this table says who may knock at all.
ACTIONS: Final = MappingProxyType(
    {
        "register.see": _TAKERS | _OFFICE | {"health_teacher", "supervision_group", "inspector"},
        "register.take": _TAKERS,
        "register.correct": frozenset({"homeroom_teacher"}) | _OFFICE,
        "pupil_private.see": frozenset(
            {"homeroom_teacher", "health_teacher", "dorm_supervisor", "campus_head", "clerk", "general_principal"}
        ),
        # Names, classes and groups; what is private about a child asks for the action above as well.
        "pupil.see": _TAKERS | _OFFICE | {"health_teacher"},
        "card.order": frozenset({"clerk", "campus_head", "general_principal"}),
        # At the host campus; each of them sees the fields that the work needs (`shared/web/cards/rules.py`).
        "guest_card.see": frozenset(
            {"dorm_supervisor", "health_teacher", "duty_leader", "gate", "campus_head", "clerk", "general_principal"}
        ),
        # For ever, everywhere and without a way back.
        "record.erase": frozenset({"general_principal", "system_operator"}),
        # Who answers for children's data sees who read it.
        "reading.see": frozenset({"general_principal", "system_operator"}),
        "pupil.change": _OFFICE | {"system_operator"},
        "staff.see": _OFFICE | {"middle_leader", "system_operator", "supervision_group"},
        "staff.change": frozenset({"general_principal", "centre_director", "clerk", "system_operator"}),
        "staff_day.see": _OFFICE | {"middle_leader", "supervision_group", "inspector"},
        "staff_day.enter": _OFFICE | {"middle_leader"},
        "calendar.change": _OFFICE | {"system_operator"},
        "person_private.see": frozenset({"general_principal", "centre_director", "clerk", "system_operator"}),
        "person_private.change": frozenset({"general_principal", "centre_director", "clerk", "system_operator"}),
        "pupil_private.change": frozenset({"homeroom_teacher", "general_principal", "clerk", "system_operator"}),
        "room.change": _OFFICE | {"system_operator"},
        "account.manage": frozenset({"system_operator", "clerk"}),
        # Making and renaming them; a new password for a colleague is "manage".
        "account.create": frozenset({"system_operator"}),
        "role.grant": frozenset({"system_operator", "general_principal"}),
        "leave.approve": frozenset({"grade_leader", "middle_leader", "campus_head", "general_principal"}),
        "timetable.change": frozenset({"clerk", "middle_leader", "centre_director"}),
        # Lessons and leave: finer limits are rules of the rooms.
        "lesson.close": frozenset(
            {
                "teacher", "homeroom_teacher", "deputy_homeroom_teacher", "supply_teacher", "kindergarten_teacher",
                "research_leader", "prep_leader", "grade_leader",
            }
        ) | _DAY_CLOSERS,  # fmt: skip
        "lesson.close_campus": _DAY_CLOSERS,
        "leave.file": frozenset({"clerk"}),
        # Rooms: who works at a school may ask for one; who only looks on may not.
        "room.book": _TAKERS | _OFFICE | frozenset(
            {"research_leader", "prep_leader", "support_staff", "health_teacher", "bursar", "union_chair"}
        ),
        "room.decide": frozenset({"clerk", "campus_head", "centre_director"}),
        # At the hub, for the rooms of a campus that has no computer of its own (C8).
        "room.decide_for": _OFFICE,
        "ethics.enter": frozenset({"campus_head", "centre_director"}),
        "task.enter": frozenset({"centre_director"}),
        "campus_item.enter": frozenset({"campus_head"}),
        "evidence.enter": _OFFICE | {"middle_leader", "supervision_group"},
        "scheme.draft": frozenset({"union_chair"}),
        "scheme.adopt": frozenset({"union_chair"}),
        "scheme.enforce": frozenset({"general_principal"}),
        "appraisal.run": frozenset({"supervision_group", "general_principal", "system_operator"}),
        "appraisal.sign": frozenset({"general_principal"}),
        "appraisal.see_campus": frozenset(
            {"campus_head", "general_principal", "supervision_group", "inspector"}
        ),
        "appraisal.see_all": frozenset({"general_principal", "supervision_group", "inspector"}),
        "pay.enter": frozenset({"bursar"}),
        "pay.approve": frozenset({"general_principal"}),
        "conflict.see": _TAKERS | _OFFICE | {"system_operator", "supervision_group"},
        "conflict.resolve": _TAKERS | _OFFICE | {"system_operator"},
        # The hub's office may end every domain conflict; elsewhere the role that owns the kind does.
        "finding.settle": _OFFICE,
        # Sync by file: the bundle is sealed, whoever carries it; making and loading one is the office's.
        "bundle.carry": _OFFICE | {"system_operator", "duty_leader", "middle_leader"},
        "sync.now": _OFFICE | {"system_operator", "duty_leader", "middle_leader"},
        "campus_today.see": _OFFICE | {"middle_leader", "grade_leader", "duty_leader", "supervision_group"},
        "board.see": _OFFICE | {"system_operator", "supervision_group", "inspector"},
        "node.enrol": frozenset({"system_operator"}),
        "node.revoke": frozenset({"system_operator"}),
        "quarantine.release": frozenset({"system_operator"}),
    }
)

# Two hands are needed for these: whoever did the first may not do the second on the same thing.
INCOMPATIBLE: Final[tuple[tuple[str, str], ...]] = (
    ("scheme.draft", "scheme.enforce"),
    ("scheme.adopt", "scheme.enforce"),
    ("appraisal.run", "appraisal.sign"),
    ("pay.enter", "pay.approve"),
)


def may_do(action: str, held: Iterable[Held], campus: str | None = None) -> bool:
    """True when one of the roles held allows an action at a campus.

    campus None asks whether it is allowed anywhere. Raises KeyError for an action nobody declared, so that
    a misspelt action never means "allowed".
    """
    if action in (PUBLIC, MACHINE):
        return True
    roles = ACTIONS[action] if action != ANY_STAFF else frozenset(role for role, _, _ in ROLES)
    return any(role in roles and (campus is None or at in (EVERYWHERE, campus)) for role, at in held)


def second_hand_needed(action: str, done_before: Iterable[str]) -> bool:
    """True when the same person has already done, on the same thing, what excludes this action."""
    before = frozenset(done_before)
    return any(action in pair and (before & set(pair) - {action}) for pair in INCOMPATIBLE)


def role_word(code: str, lang: str = "zh") -> str:
    """The word for a role; an unknown one is shown as it is."""
    for role, zh, en in ROLES:
        if role == code:
            return zh if lang.startswith("zh") else en
    return code
