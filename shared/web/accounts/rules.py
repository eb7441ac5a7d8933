"""Log-in names, one-time passwords, and whose account may be touched: pure decisions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from shared.ids import Randomness

# Of eight characters of a 32-letter alphabet: 40 bits, for a fortnight, behind the lock-out.
GROUP_LENGTH = 4
GROUPS = 2
# What a category of staff may do follows from the category; every other role is granted by hand.
ROLE_OF_CATEGORY = {
    "teacher": "teacher",
    "homeroom_teacher": "homeroom_teacher",
    "supply_teacher": "supply_teacher",
    "kindergarten_teacher": "kindergarten_teacher",
    "support_staff": "support_staff",
}


@dataclass(frozen=True)
class Holder:
    """A member of staff and the state of his account: none, first (one-time password), lapsed, active or revoked."""

    person_id: str
    name: str
    initials: str
    staff_number: str
    campuses: tuple[str, ...]
    categories: tuple[tuple[str, str], ...]  # (campus, category)
    login: str
    state: str


@dataclass(frozen=True)
class Slip:
    """What is printed for one person and shown once."""

    name: str
    campuses: tuple[str, ...]
    login: str
    password: str


def account_state(login: str | None, revoked_at: str | None, must_change: int, until: str | None, now: str) -> str:
    """The state of an account in one word."""
    if login is None:
        return "none"
    if revoked_at:
        return "revoked"
    if not must_change:
        return "active"
    return "lapsed" if until is not None and until <= now else "first"


def one_time_password(randomness: Randomness) -> str:
    """Two groups of letters that nobody misreads, as `K7PM-3QXD`."""
    return "-".join(randomness.text(GROUP_LENGTH) for _ in range(GROUPS))


def login_for(staff_number: str, person_id: str, taken: Collection[str]) -> str:
    """A new log-in: the staff number, which everybody knows; made different where two schools used the same."""
    wanted = (staff_number or person_id).lower()
    if wanted not in taken:
        return wanted
    return next(name for n in range(2, len(taken) + 3) if (name := f"{wanted}-{n}") not in taken)
