"""The two sheets of entered evidence; a differing row is a correction, never an overwriting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlite_utils import Database

from hub.entry.rules import Asker, ethics_problems, evidence_problems
from hub.workbook.sheets import Sheet, columns_of
from shared.records import EthicsEvent, Evidence, StaffMembership
from shared.schema import select

_OWN = ("id", "entered_by", "replaces_id")


def evidence_sheet(asker: Asker, memberships: Mapping[str, Sequence[StaffMembership]]) -> Sheet:
    """Evidence: one row a person, campus, date, kind, subject and note."""
    return Sheet(
        Evidence, columns_of(Evidence, omit=_OWN), ("person_id", "campus", "date", "kind", "subject", "note"),
        appended=True, check=lambda values: evidence_problems(values, asker, memberships),
    )  # fmt: skip


def ethics_sheet(asker: Asker, memberships: Mapping[str, Sequence[StaffMembership]]) -> Sheet:
    """Ethics events: one row a person, campus, date, kind and note."""
    return Sheet(
        EthicsEvent, columns_of(EthicsEvent, omit=_OWN), ("person_id", "campus", "date", "kind", "note"),
        appended=True, check=lambda values: ethics_problems(values, asker, memberships),
    )  # fmt: skip


def memberships_in(db: Database) -> dict[str, list[StaffMembership]]:
    """Person → memberships."""
    found: dict[str, list[StaffMembership]] = defaultdict(list)
    for one in select(db, StaffMembership):
        found[one.person_id].append(one)
    return dict(found)
