"""Verify and rebuild: the log proves itself, and the tables are what the log says (C3, C10)."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from shared.database import open_database, transaction
from shared.schema import Table, quoted
from sync.chain import GENESIS, body_hash, entry_hash, head_statement, link_hash, part_hash, scope_statement
from sync.entries import entries_since
from sync.heads import unit_versions
from sync.journal import Applied, apply_changesets, settle_capture
from sync.keys import signed_by
from sync.log import read_changeset
from sync.opened import open_changeset
from sync.replica import Replica, setting


@dataclass(frozen=True)
class Finding:
    """One thing that does not verify: what kind, and where."""

    kind: str
    place: str


def verify(replica: Replica, db: Database) -> list[Finding]:
    """Check every chain, the hub's log, and the tables against a rebuild of a copy. Empty: all is well."""
    findings = [*_broken_links(db), *_broken_log(db), *broken_signatures(replica, db)]
    copy = open_database(":memory:")
    try:
        db.conn.backup(copy.conn)
        with transaction(copy):
            rebuild(replica.tables, copy)
        before, after = state_of(replica.tables, db), state_of(replica.tables, copy)
    finally:
        copy.close()
    for table in before:
        if before[table] != after[table]:
            different = set(before[table]) ^ set(after[table])
            findings += [Finding("row_differs", f"{table}: {row}") for row in sorted(different, key=repr)[:20]]
    return findings


def _broken_links(db: Database) -> list[Finding]:
    findings = []
    for (n,) in db.conn.execute("SELECT n FROM _changeset ORDER BY n").fetchall():
        one = read_changeset(db, n)
        place = f"{one.origin}/{one.scope}"
        if one.parts is not None and body_hash([part_hash(part) for part in one.parts]) != one.body_hash:
            findings.append(Finding("body_changed", f"{place}/{one.seq}"))
        if link_hash(one.prev, place, one.seq, one.header, one.body_hash) != one.hash:
            findings.append(Finding("link_changed", f"{place}/{one.seq}"))
        before = db.conn.execute("SELECT 1 FROM _changeset WHERE hash = ?", (one.prev,)).fetchone()
        if (one.prev != GENESIS) if one.seq == 1 else before is None:
            findings.append(Finding("no_predecessor", f"{place}/{one.seq}"))
    return findings


def _broken_log(db: Database) -> list[Finding]:
    findings = []
    for (scope,) in db.conn.execute("SELECT DISTINCT scope FROM _entry").fetchall():
        hash_ = GENESIS
        for entry, n in entries_since(db, scope, 0):
            hash_ = entry_hash(hash_, entry.hashed(read_changeset(db, n).hash))
            stored = db.conn.execute("SELECT log_hash FROM _entry WHERE hub_seq = ?", (entry.hub_seq,)).fetchone()[0]
            if stored != hash_:
                findings.append(Finding("log_changed", f"{scope}/{entry.hub_seq}"))
                break
    return findings


def broken_signatures(replica: Replica, db: Database) -> list[Finding]:
    """What the hub signed of its log, and the writers (or the hub for them) of their streams, as kept here."""
    findings = []
    keys = dict(db.conn.execute("SELECT node, verify_key FROM _node").fetchall())
    keys["hub"] = replica.verify_key if replica.role == "hub" else keys.get(setting(db, "hub_node"), b"")
    told = {row for row in db.conn.execute("SELECT scope, hub_seq, log_hash FROM told_entry")}
    for scope, hub_seq, log_hash, signature in db.conn.execute(
        "SELECT scope, hub_seq, log_hash, signature FROM _signed_top"
    ):
        if (scope, hub_seq, log_hash) not in told:
            findings.append(Finding("signed_log_missing", f"{scope}/{hub_seq}"))
        if not signed_by(keys["hub"], scope_statement(scope, hub_seq, log_hash), signature):
            findings.append(Finding("log_signature_wrong", f"{scope}/{hub_seq}"))
    heads = "SELECT name, node, scope, seq, hash, signature FROM _signed_head JOIN _origin USING (o)"
    for name, node, scope, seq, hash_, signature in db.conn.execute(heads):
        # A node that a restored hub has forgotten has no key here.
        if node in keys and not any(
            signed_by(key, head_statement(f"{name}/{scope}", seq, hash_), signature)
            for key in (keys[node], keys["hub"])
        ):
            findings.append(Finding("head_signature_wrong", f"{name}/{scope}/{seq}"))
    return findings


def rebuild(tables: Mapping[str, Table], db: Database, *, order: Sequence[int] | None = None) -> Applied:
    """Make all tables, heads and deletes anew from the log. Call inside a transaction, with nothing pending.

    order: the changesets' local numbers in some causal order; by default the order of arrival.
    """
    for table in tables.values():
        db.conn.execute(f"UPDATE {quoted(table.name)} SET _v = -1, _vx = NULL")  # noqa: S608 - declared names
        db.conn.execute(f"DELETE FROM {quoted(table.name)}")  # noqa: S608 - declared names
    db.conn.execute("DELETE FROM _head")
    db.conn.execute("DELETE FROM _delete")
    if order is None:
        rows = db.conn.execute("SELECT n FROM _changeset WHERE state = 'applied' AND parts IS NOT NULL ORDER BY n")
        order = [n for (n,) in rows]
    applied = apply_changesets(db, tables, [open_changeset(db, n) for n in order])
    settle_capture(db)
    return applied


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
