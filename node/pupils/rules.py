"""Pure decisions about pupils: who reads which part of the private data, and what a form changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from shared.roles import EVERYWHERE, Held

# What is private about a pupil, in parts that different work needs.
FIELDS_OF_PART: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "identity": ("identity_number", "roll_number"),
        "guardian": ("guardian", "guardian_phone", "second_guardian", "second_phone"),
        "health": ("health_note",),
    }
)
PARTS: Final = frozenset(FIELDS_OF_PART)
_OFFICE: Final = frozenset({"clerk", "campus_head", "general_principal"})


def parts_readable(roles: Iterable[Held], campus: str, *, own_class: bool, in_dorm: bool) -> frozenset[str]:
    """The parts that somebody with these roles reads of one pupil (RECORDS, roles × actions).

    own_class: the pupil is in a class whose homeroom teacher asks; in_dorm: in a dorm room of this campus, of
    which a dorm supervisor reads what a card would say.
    """
    here = {role for role, at in roles if at in (EVERYWHERE, campus)}
    if here & _OFFICE or ("homeroom_teacher" in here and own_class):
        return PARTS
    found = frozenset({"health"}) if "health_teacher" in here else frozenset()
    return found | {"guardian", "health"} if "dorm_supervisor" in here and in_dorm else found


def fields_of(parts: Iterable[str]) -> tuple[str, ...]:
    """The fields of some parts, in the order of the record."""
    wanted = set(parts)
    return tuple(name for part, names in FIELDS_OF_PART.items() if part in wanted for name in names)


def changed(form: Mapping[str, str], fields: Iterable[str]) -> dict[str, str]:
    """The fields that a person changed: posted otherwise than the page showed them.

    What was left alone is not written, so that it cannot stand against what came in meanwhile (C2).
    """
    return {
        name: form[name].strip()
        for name in fields
        if name in form and form[name].strip() != form.get(f"shown.{name}", "").strip()
    }
