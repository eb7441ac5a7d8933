"""SQL of this room: what was saved last, and the marks that tell a clean stop from a power cut.

`_setting`, `_changeset` and `_entry` are the engine's; only their times are read here.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlite_utils import Database

from shared.database import transaction
from sync.replica import set_setting, setting

RUNNING = "node_running"
DUE = "node_recovery_due"


@dataclass(frozen=True)
class LastRegister:
    """The register saved last on this node's replica."""

    group_id: str
    group: str
    date: str
    session: str
    session_en: str
    taken_at: str
    taken_by: str


_LAST = """
SELECT r.group_id, coalesce(g.name, r.group_id), r.date, coalesce(s.name, r.session),
       coalesce(nullif(s.name_en, ''), r.session), r.taken_at, coalesce(p.name, r.taken_by)
FROM register r
LEFT JOIN roster_group g ON g.id = r.group_id
LEFT JOIN roll_session s ON s.campus = g.campus AND s.code = r.session
LEFT JOIN person p ON p.id = r.taken_by
WHERE r._r > (SELECT max(_r) - 200 FROM register)
ORDER BY r.taken_at DESC, r._r DESC LIMIT 1
"""


def last_register(db: Database) -> LastRegister | None:
    """The register taken last, among the two hundred newest rows."""
    row = db.conn.execute(_LAST).fetchone()
    return LastRegister(*row) if row else None


def newest_ms(db: Database) -> int | None:
    """The newest instant on record: the hub's latest receipt, and what this node wrote since.

    Other nodes' clocks do not count before the hub has received them: one wrong 2099 stops nobody (C6).
    """
    receipt = db.conn.execute("SELECT received_at FROM _entry ORDER BY hub_seq DESC LIMIT 1").fetchone()
    own = db.conn.execute(
        "SELECT max(effective) FROM _changeset WHERE hub_seq IS NULL AND o IN (SELECT o FROM _origin WHERE mine = 1)"
    ).fetchone()
    instants = [row[0] for row in (receipt, own) if row and row[0] is not None]
    return max(instants) if instants else None


def begin_run(db: Database, boot: str) -> bool:
    """Note that a server runs; True when the one before did not say that it stopped."""
    with transaction(db):
        unclean = setting(db, RUNNING) not in ("", boot)
        set_setting(db, RUNNING, boot)
        if unclean:
            set_setting(db, DUE, "1")
    return unclean


def end_run(db: Database) -> None:
    """Note a clean stop."""
    with transaction(db):
        set_setting(db, RUNNING, "")


def recovery_due(db: Database) -> bool:
    """True while nobody has seen the recovery page since the last unclean stop."""
    return setting(db, DUE) == "1"


def recovery_seen(db: Database) -> None:
    """Somebody has seen it."""
    with transaction(db):
        set_setting(db, DUE, "")
