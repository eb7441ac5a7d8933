"""Release: a person lets a quarantined changeset in after all; the whole action and what it names go with it (C9)."""

from __future__ import annotations

from sqlite_utils import Database

from shared.database import transaction
from shared.errors import NotFound
from sync.capture import commit_pending
from sync.change import LOCAL_OPERATOR, Author
from sync.opened import open_changeset
from sync.replica import Replica
from sync.steps.whole import let_in


def release(db: Database, replica: Replica, version: str, *, by: str) -> list[str]:
    """At the hub: release a changeset by its name ("origin/scope/seq"); the names of all that went in.

    `by` names the people who decided; it travels to every holder of the scope. Raises NotFound.
    """
    with transaction(db):
        commit_pending(replica, db, Author(LOCAL_OPERATOR))
        row = db.conn.execute(
            "SELECT n FROM changeset_name WHERE name = ? AND state = 'quarantined'", (version,)
        ).fetchone()
        if row is None:
            raise NotFound(changeset=version)
        numbers = _with_all_it_needs(db, int(row[0]))
        let_in(replica, db, numbers, {"by": by})
        marks = ", ".join("?" for _ in numbers)
        sql = f"SELECT name FROM changeset_name WHERE n IN ({marks}) ORDER BY n"  # noqa: S608 - only marks
        return [name for (name,) in db.conn.execute(sql, numbers)]


def _with_all_it_needs(db: Database, start: int) -> list[int]:
    """The changeset, its whole action, and every quarantined changeset these name; oldest first."""
    found: set[int] = set()
    todo = [start]
    while todo:
        n = todo.pop()
        if n in found:
            continue
        found.add(n)
        action, origin = db.conn.execute("SELECT action, o FROM _changeset WHERE n = ?", (n,)).fetchone()
        rows = db.conn.execute(
            "SELECT n FROM _changeset WHERE action = ? AND o = ? AND state = 'quarantined'", (action, origin)
        )
        todo += [other for (other,) in rows]
        for named in open_changeset(db, n).names:
            state = db.conn.execute("SELECT state FROM _changeset WHERE n = ?", (named,)).fetchone()
            if state is not None and state[0] == "quarantined":
                todo.append(named)
    return sorted(found)
