"""Verify: the log proves itself, and the tables in use are what it says (C3, C10)."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from itertools import islice

from sqlite_utils import Database

from shared.database import reading, transaction
from shared.schema import Table, quoted
from sync.capture import commit_pending
from sync.change import LOCAL_OPERATOR, Author
from sync.floor_proof import is_floor_as_signed
from sync.heads import unit_versions
from sync.log import read_changeset
from sync.opened import open_changeset
from sync.proof import Finding, log_findings
from sync.replica import Replica, note_progress
from sync.scratch import rebuild, row_findings, scratch_of

# A file that is wrong all over is told by its first places.
FINDINGS_MAX = 1_000

UNREADABLE = frozenset({"body_changed", "link_changed"})

__all__ = ["FINDINGS_MAX", "Finding", "causal_shuffle", "rebuild", "state_of", "verify"]


def verify(replica: Replica, db: Database, *, findings_max: int = FINDINGS_MAX) -> list[Finding]:
    """Check every chain and signature, and the tables against a recomputation from the log. Empty: all is well.

    Rows left by the sqlite3 shell become a changeset first, as before every exchange. Needs as much free disk as the
    database takes, for the length of the check. Raises sqlite3.OperationalError where there is none.
    """
    with transaction(db):
        commit_pending(replica, db, Author(LOCAL_OPERATOR))
    note_progress(replica, db)
    with reading(db):
        return list(islice(_findings(replica, db), findings_max))


def _findings(replica: Replica, db: Database) -> Iterator[Finding]:
    proven = list(log_findings(replica, db))
    yield from proven
    if not is_floor_as_signed(replica, db):
        yield Finding("floor_changed", replica.node)
    if any(finding.kind in UNREADABLE for finding in proven):
        return  # what is not what was written cannot be computed from
    with scratch_of(replica, db) as scratch:
        yield from row_findings(replica, db, scratch)


def causal_shuffle(db: Database, chooser: random.Random) -> list[int]:
    """The applied changesets in a random order in which each follows its predecessor and what it names."""
    needs: dict[int, set[int]] = {}
    for (n,) in db.conn.execute("SELECT n FROM _changeset WHERE state = 'applied' AND parts IS NOT NULL"):
        opened = open_changeset(db, n)
        one = read_changeset(db, n)
        before = db.conn.execute("SELECT n FROM _changeset WHERE hash = ?", (one.prev,)).fetchone()
        needs[n] = {v for v in opened.names if v} | ({before[0]} if before else set())
    for n in needs:
        needs[n] &= needs.keys()
    order: list[int] = []
    while needs:
        free = sorted(n for n, wants in needs.items() if wants <= set(order))
        n = chooser.choice(free)
        order.append(n)
        del needs[n]
    return order


def state_of(tables: Mapping[str, Table], db: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every table in key order with versions by name, and the open heads: equal sets give equal states (C3)."""
    names = dict(db.conn.execute("SELECT n, hex(hash) FROM _changeset").fetchall())
    state: dict[str, list[tuple[object, ...]]] = {}
    for table in tables.values():
        columns = ", ".join(quoted(c.name) for c in table.columns)
        order = ", ".join(map(quoted, table.key))
        sql = f"SELECT {columns}, _v, _vx FROM {quoted(table.name)} ORDER BY {order}"  # noqa: S608 - declared names
        state[table.name] = [
            (*row[:-2], *(named_version(v, names) for v in unit_versions(row[-2:], table).values()))
            for row in db.conn.execute(sql)
            if row[-2] is not None
        ]
    heads = db.conn.execute("SELECT t, k, u, v, value, weight, deleted FROM _head")
    state["_head"] = sorted((t, k, u, names[v], value, w, d) for t, k, u, v, value, w, d in heads)
    deletes = db.conn.execute("SELECT t, k, v FROM _delete")
    state["_delete"] = sorted((t, k, names[v]) for t, k, v in deletes)
    return state


def named_version(version: int, names: Mapping[int, str]) -> str:
    """A version by name, with the sign that says of a unit that it has several heads; "?" for one that is not here."""
    return ("-" if version < 0 else "") + names.get(abs(version), "?")
