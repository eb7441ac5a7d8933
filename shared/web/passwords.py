"""Passwords: hashing, checking, and what a new one must be."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from shared.errors import Problem
from shared.web.config import PasswordCost

# What a name that does not exist is compared with, so that both answers take the same time.
_NOBODY = "tongxin-nobody"
LENGTH_MAX = 200


def hash_password(password: str, cost: PasswordCost) -> str:
    """The argon2id hash of a password, salt and parameters included."""
    return _hasher(cost).hash(password)


def password_fits(password: str, hashed: str, cost: PasswordCost) -> bool:
    """True when the password gives this hash; an empty or unreadable hash fits nothing.

    A missing hash costs as much time as a wrong password.
    """
    if not hashed:
        hash_password(_NOBODY, cost)
        return False
    try:
        return _hasher(cost).verify(hashed, password[: LENGTH_MAX + 1])
    except (VerificationError, InvalidHashError):
        return False


def problem_with_password(new: str, again: str, *, login: str, length_min: int) -> Problem | None:
    """What is wrong with a newly chosen password, or None."""
    if len(new) < length_min:
        return Problem("new", "password_short", {"low": length_min})
    if len(new) > LENGTH_MAX:
        return Problem("new", "too_long", {"high": LENGTH_MAX})
    if new.strip().lower() == login.lower() or len(set(new)) < 3:
        return Problem("new", "password_plain")
    if new != again:
        return Problem("again", "password_differs")
    return None


def _hasher(cost: PasswordCost) -> PasswordHasher:
    return PasswordHasher(
        time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes, type=Type.ID
    )
