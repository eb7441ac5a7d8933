"""Records, each declared once: key, scope, writer, conflict rule, bounds, codes, labels.

`RECORDS` is written out, in the order in which tables are made. Adding a field is one line here (new
fields last) plus a migration.
"""

from __future__ import annotations

from shared.records.appraisal import (
    AppraisalExplanation,
    AppraisalResult,
    AppraisalRun,
    SchemeAdoption,
    SchemeVersion,
)
from shared.records.attendance import Register, RegisterException, StaffDay
from shared.records.evidence import EthicsEvent, Evidence
from shared.records.people import Account, AccountRole, Person, StaffMembership
from shared.records.places import (
    BellPeriod,
    CalendarDay,
    Campus,
    Consortium,
    DateConfirmation,
    RollSession,
    SchoolYear,
    Term,
)
from shared.records.pupils import GroupMember, Pupil, RosterGroup

RECORDS: tuple[type, ...] = (
    Consortium,
    Campus,
    SchoolYear,
    Term,
    BellPeriod,
    CalendarDay,
    RollSession,
    DateConfirmation,
    Person,
    StaffMembership,
    Account,
    AccountRole,
    Pupil,
    RosterGroup,
    GroupMember,
    Register,
    RegisterException,
    StaffDay,
    Evidence,
    EthicsEvent,
    SchemeVersion,
    SchemeAdoption,
    AppraisalRun,
    AppraisalResult,
    AppraisalExplanation,
)

__all__ = [
    "Account",
    "AccountRole",
    "AppraisalExplanation",
    "AppraisalResult",
    "AppraisalRun",
    "BellPeriod",
    "CalendarDay",
    "Campus",
    "Consortium",
    "DateConfirmation",
    "EthicsEvent",
    "Evidence",
    "GroupMember",
    "Person",
    "Pupil",
    "RECORDS",
    "Register",
    "RegisterException",
    "RollSession",
    "RosterGroup",
    "SchemeAdoption",
    "SchemeVersion",
    "SchoolYear",
    "StaffDay",
    "StaffMembership",
    "Term",
]
