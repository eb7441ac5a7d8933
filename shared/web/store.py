"""Reading accounts: who has this log-in, what roles are held today."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from shared.bookings.rules import RULE
from sync.change import LOCAL_OPERATOR


@dataclass(frozen=True)
class AccountRow:
    """An account and the name of its person."""

    person_id: str
    login: str
    name: str
    password_hash: str
    revoked_at: str | None
    must_change: bool
    password_until: str | None = None


_ACCOUNT = """
SELECT a.person_id, a.login, coalesce(p.name, a.login), a.password_hash, a.revoked_at, a.must_change,
       a.password_until
FROM account a LEFT JOIN person p ON p.id = a.person_id
"""


def account_by_login(db: Database, login: str) -> AccountRow | None:
    """The account with this log-in name.

    Two people may hold one name after a merge (no UNIQUE, C7): then the live one that comes first by id.
    """
    sql = _ACCOUNT + "WHERE a.login = ? ORDER BY a.revoked_at IS NOT NULL, a.person_id LIMIT 1"
    row = db.conn.execute(sql, (login,)).fetchone()
    return _account(row) if row else None


def account_of(db: Database, person_id: str) -> AccountRow | None:
    """The account of a person."""
    row = db.conn.execute(_ACCOUNT + "WHERE a.person_id = ?", (person_id,)).fetchone()
    return _account(row) if row else None


def _account(row: tuple[Any, ...]) -> AccountRow:
    person_id, login, name, password_hash, revoked_at, must_change, until = row
    return AccountRow(person_id, login, name, password_hash, revoked_at, bool(must_change), until)


def roles_of(db: Database, person_id: str, day: str) -> frozenset[tuple[str, str]]:
    """(role, campus) pairs that a person holds on a date; begin included, end not."""
    sql = """SELECT role, campus FROM account_role
             WHERE person_id = ? AND begin <= ? AND (end IS NULL OR end > ?)"""
    return frozenset((role, campus) for role, campus in db.conn.execute(sql, (person_id, day, day)))


def campus_names(db: Database) -> dict[str, str]:
    """Campus code → name, in the order in which campuses are listed."""
    return dict(db.conn.execute("SELECT code, name FROM campus ORDER BY main DESC, position, code"))


_NAMES = """
SELECT id, name FROM person WHERE id IN (SELECT value FROM json_each(?))
UNION ALL SELECT id, name FROM pupil WHERE id IN (SELECT value FROM json_each(?))
UNION ALL SELECT id, name FROM roster_group WHERE id IN (SELECT value FROM json_each(?))
UNION ALL SELECT code, name FROM campus WHERE code IN (SELECT value FROM json_each(?))
UNION ALL SELECT id, name FROM room WHERE id IN (SELECT value FROM json_each(?))
"""


# Authors that are no people.
_PROGRAMS = {RULE: ("按规则自动", "by the rule"), LOCAL_OPERATOR: ("本机命令或夜间任务", "a command on this computer")}


def names_of(db: Database, ids: Iterable[str], *, campus: str = "", lang: str = "zh") -> dict[str, str]:
    """id → name for people, programs, pupils, groups, campuses and rooms; sessions of a campus as `session:<code>`."""
    wanted = sorted(ids)
    asked, spoken = json.dumps(wanted), 0 if lang.startswith("zh") else 1
    found = {author: words[spoken] for author, words in _PROGRAMS.items() if author in wanted}
    found |= dict(db.conn.execute(_NAMES, (asked,) * 5).fetchall())
    sql = "SELECT code, name, name_en FROM roll_session WHERE campus = ?"
    for code, name, name_en in db.conn.execute(sql, (campus,)):
        found[f"session:{code}"] = name if lang.startswith("zh") else name_en or name
    return found


def booker_of(db: Database, series_id: str) -> tuple[str, str]:
    """Who booked, and from which campus; two empty words for a booking that is not here."""
    row = db.conn.execute("SELECT booked_by, campus FROM booking_series WHERE id = ?", (series_id,)).fetchone()
    return (str(row[0]), str(row[1])) if row else ("", "")


def person_of_evidence(db: Database, id_: str) -> str:
    """Whom a row of evidence is about; "" for one that is not here."""
    row = db.conn.execute("SELECT person_id FROM evidence WHERE id = ?", (id_,)).fetchone()
    return str(row[0]) if row else ""


def exception_noted_by(db: Database, key: Sequence[object]) -> str:
    """Who noted a lesson's exception (group, date, period, teacher); "" for one that is not here."""
    sql = "SELECT entered_by FROM lesson_exception WHERE group_id = ? AND date = ? AND period = ? AND person_id = ?"
    row = db.conn.execute(sql, tuple(key)).fetchone()
    return str(row[0]) if row else ""


def homerooms_of(db: Database, pupil_id: str, day: str | None = None) -> frozenset[str]:
    """The homeroom teachers of the classes in which a pupil is or was; with a date, in which the pupil is on it."""
    sql = """SELECT g.homeroom_id FROM group_member m JOIN roster_group g ON g.id = m.group_id
             WHERE m.member_id = ?1 AND g.kind = 'class' AND g.homeroom_id IS NOT NULL
             AND (?2 IS NULL OR (m.begin <= ?2 AND (m.end IS NULL OR m.end > ?2)))"""
    return frozenset(str(person) for (person,) in db.conn.execute(sql, (pupil_id, day)))


@dataclass(frozen=True)
class Known:
    """What the rules of `shared.rights` look up, as the replica has it on a date."""

    db: Database
    day: str

    def roles_held_by(self, person_id: str) -> frozenset[tuple[str, str]]:
        """See `shared.rights.Known`."""
        return roles_of(self.db, person_id, self.day)

    def booker_of(self, series_id: str) -> tuple[str, str]:
        """See `shared.rights.Known`."""
        return booker_of(self.db, series_id)

    def person_of_evidence(self, id_: str) -> str:
        """See `shared.rights.Known`."""
        return person_of_evidence(self.db, id_)

    def exception_noted_by(self, key: Sequence[object]) -> str:
        """See `shared.rights.Known`."""
        return exception_noted_by(self.db, key)

    def homerooms_of(self, pupil_id: str) -> frozenset[str]:
        """See `shared.rights.Known`."""
        return homerooms_of(self.db, pupil_id)
