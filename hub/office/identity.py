"""Identity numbers of the People's Republic (GB 11643-1999): their form, and whether they can be right."""

from __future__ import annotations

import re
from datetime import date

_FORM = re.compile(r"[1-9]\d{16}[0-9X]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_FIRST_YEAR = 1900


def is_identity_number(text: str) -> bool:
    """True for 17 digits and a digit or a capital X; says nothing about whether they fit each other."""
    return text.isascii() and _FORM.fullmatch(text) is not None


def check_digit_of(text: str) -> str:
    """The eighteenth character that the first seventeen ask for (ISO 7064, MOD 11-2)."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(text, _WEIGHTS, strict=False)) % 11]


def birth_in(text: str) -> str | None:
    """The birth date inside the number, `YYYY-MM-DD`; None where it is no date."""
    try:
        found = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return None
    return found.isoformat() if found.year >= _FIRST_YEAR else None


def doubt_about(text: str, birth: str = "") -> str | None:
    """Why a well-formed number cannot be right, as a reason code; None where it can.

    birth: the birth date known from elsewhere, "" where none is.
    """
    inside = birth_in(text)
    if inside is None:
        return "identity_birth"
    if check_digit_of(text) != text[17]:
        return "identity_check_digit"
    return "identity_birth_differs" if birth and birth != inside else None
