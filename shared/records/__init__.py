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
from shared.records.bookings import BookingOccurrence, BookingSeries
from shared.records.cards import CardDelivery, CardOrder, GuestCard
from shared.records.decisions import DomainDecision
from shared.records.evidence import EthicsEvent, Evidence
from shared.records.leave import LeaveApproval, LeaveRequest
from shared.records.people import Account, AccountRole, Person, StaffMembership
from shared.records.places import (
    BellPeriod,
    CalendarDay,
    Campus,
    Consortium,
    DateConfirmation,
    PublicHoliday,
    RollSession,
    SchoolYear,
    Term,
)
from shared.records.private import PersonPrivate, PupilPrivate
from shared.records.pupils import GroupMember, Pupil, RosterGroup
from shared.records.rooms import Building, Room, TravelTime
from shared.records.timetable import (
    LessonDay,
    LessonException,
    LessonOverride,
    SlotTeacher,
    TeachingAssignment,
    TimetableSlot,
    TimetableVersion,
)

RECORDS: tuple[type, ...] = (
    Consortium,
    Campus,
    SchoolYear,
    Term,
    BellPeriod,
    CalendarDay,
    RollSession,
    DateConfirmation,
    PublicHoliday,
    Building,
    Room,
    TravelTime,
    Person,
    PersonPrivate,
    StaffMembership,
    Account,
    AccountRole,
    Pupil,
    PupilPrivate,
    RosterGroup,
    GroupMember,
    Register,
    RegisterException,
    StaffDay,
    LeaveRequest,
    LeaveApproval,
    TimetableVersion,
    TimetableSlot,
    SlotTeacher,
    TeachingAssignment,
    LessonOverride,
    LessonDay,
    LessonException,
    BookingSeries,
    BookingOccurrence,
    DomainDecision,
    Evidence,
    EthicsEvent,
    SchemeVersion,
    SchemeAdoption,
    AppraisalRun,
    AppraisalResult,
    AppraisalExplanation,
    CardOrder,
    CardDelivery,
    GuestCard,
)

__all__ = [
    "Account",
    "AccountRole",
    "AppraisalExplanation",
    "AppraisalResult",
    "AppraisalRun",
    "BellPeriod",
    "BookingOccurrence",
    "BookingSeries",
    "Building",
    "CalendarDay",
    "Campus",
    "CardDelivery",
    "CardOrder",
    "Consortium",
    "DateConfirmation",
    "DomainDecision",
    "EthicsEvent",
    "Evidence",
    "GroupMember",
    "GuestCard",
    "LeaveApproval",
    "LeaveRequest",
    "LessonDay",
    "LessonException",
    "LessonOverride",
    "Person",
    "PersonPrivate",
    "PublicHoliday",
    "Pupil",
    "PupilPrivate",
    "RECORDS",
    "Register",
    "RegisterException",
    "RollSession",
    "Room",
    "RosterGroup",
    "SchemeAdoption",
    "SchemeVersion",
    "SchoolYear",
    "SlotTeacher",
    "StaffDay",
    "StaffMembership",
    "TeachingAssignment",
    "Term",
    "TimetableSlot",
    "TimetableVersion",
    "TravelTime",
]
