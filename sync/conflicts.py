"""Open conflicts for people: base, ours and theirs of one field, and the write that settles it (C4, C5)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlite_utils import Database

from shared.clock import instant_text
from shared.errors import InvalidInput, NotFound, Problem
from shared.records.declare import Rule
from shared.schema import Table, Value, holds, key_parts, key_text
from sync.capture import Writing
from sync.change import State
from sync.floor import base_values, is_pruned
from sync.heads import load_state, read_row, unit_versions
from sync.log import logged
from sync.merge import disagree
from sync.opened import Key, changes_of
from sync.replica import Replica
from sync.rows import KEPT_AND_EDITED


@dataclass(frozen=True)
class Shown:
    """One value of a unit with the person who wrote it. rank: as which he spoke (`sync.change.RANKS`)."""

    version: int
    values: dict[str, Value]
    person_id: str
    campus: str
    instant: str
    winner: bool
    node: str
    rank: int = 0


@dataclass(frozen=True)
class Conflict:
    """One card: a unit of a row with several values, or a row that one deleted and another edited.

    kind "edit": `resolve` takes the unit's values. kind "delete": it takes {"keep": 1} or {"keep": 0}.
    """

    id: str
    table: str
    key: Key
    unit: str
    unit_index: int
    columns: tuple[str, ...]
    review: bool
    base: Shown | None
    heads: tuple[Shown, ...]
    kind: str


def open_conflicts(db: Database, replica: Replica, scope: str | None = None) -> list[Conflict]:
    """All open conflicts, oldest newest-version first; of one scope, or of all."""
    rows = db.conn.execute(
        "SELECT t, k, u FROM _head WHERE deleted = 0 AND u >= 0 AND parked < 2 GROUP BY t, k, u"
        " HAVING count(DISTINCT value) > 1 ORDER BY min(v)"
    ).fetchall()
    found = []
    for name, text, unit in rows:
        table = replica.tables.get(name)
        if table is None or (scope and table.scope_of(key_parts(table, text)) != scope):
            continue
        conflict = _edit_conflict(db, table, key_parts(table, text), unit)
        if conflict is not None:
            found.append(conflict)
    return found + [c for c in _delete_conflicts(db, replica) if scope is None or _scope(replica, c) == scope]


def count_open(db: Database, replica: Replica) -> tuple[int, int]:
    """How many conflicts are open, and how many of them stop an appraisal (`review`)."""
    rows = db.conn.execute(
        "SELECT t, u FROM _head WHERE deleted = 0 AND u >= 0 AND parked < 2 GROUP BY t, k, u"
        " HAVING count(DISTINCT value) > 1"
    ).fetchall()
    rules = [replica.tables[t].units[u].rule for t, u in rows if t in replica.tables]
    deletes = sum(1 for _ in _delete_conflicts(db, replica))
    return sum(r is not Rule.QUIET for r in rules) + deletes, sum(r is Rule.REVIEW for r in rules)


def conflict_of(db: Database, replica: Replica, id_: str) -> Conflict:
    """One open conflict. Raises NotFound, with the code "conflict_settled" when it was settled meanwhile."""
    try:
        name, text, unit = json.loads(base64.urlsafe_b64decode(id_ + "=" * (-len(id_) % 4)))
        table = replica.tables[name]
        key = key_parts(table, text)
        unit = int(unit)
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise NotFound(conflict=id_) from error
    found: Conflict | None
    if unit == 0:
        found = next((c for c in _delete_conflicts(db, replica) if c.id == id_), None)
    else:
        found = _edit_conflict(db, table, key, unit)
    if found is None:
        raise NotFound("conflict_settled", conflict=id_)
    return found


def check_held(table: Table, values: Mapping[str, Value]) -> None:
    """Nobody decides for a value that this release cannot hold. Raises InvalidInput("waits_for_upgrade") (C12)."""
    for name, value in values.items():
        spec = table.specs.get(name)
        if spec is not None and not holds(spec, value):
            raise InvalidInput(Problem(name, "waits_for_upgrade", {"zh": spec.zh, "en": spec.en}))


def resolve(w: Writing, conflict: Conflict, values: dict[str, Value], note: str) -> None:
    """Settle a conflict by a write that names every head it saw, with its author and reason (C5).

    Raises InvalidInput for a value that waits for an upgrade.
    """
    check_held(w.replica.tables[conflict.table], values)
    w.note(note)
    if conflict.kind == "delete":
        _resolve_delete(w, conflict, bool(values.get("keep")))
        return
    row = [values.get(name, conflict.heads[0].values[name]) for name in conflict.columns]
    bases = json.dumps(sorted(head.version for head in conflict.heads) + _equal_heads(w.db, w.replica, conflict))
    w.db.conn.execute(
        "INSERT OR REPLACE INTO _pending_stale (t, k, u, bases, value) VALUES (?, ?, ?, ?, ?)",
        (conflict.table, key_text(conflict.key), conflict.unit_index, bases, json.dumps(row, ensure_ascii=False)),
    )


def _equal_heads(db: Database, replica: Replica, conflict: Conflict) -> list[int]:
    """Heads with a value that a shown head has too: several for causality, one for people."""
    state = load_state(db, replica.tables[conflict.table], conflict.key)
    shown = {head.version for head in conflict.heads}
    values = {tuple(head.values.values()) for head in conflict.heads}
    heads = state.heads.get(conflict.unit_index, {}).values()
    return [head.version for head in heads if head.version not in shown and head.values in values]


def _resolve_delete(w: Writing, conflict: Conflict, keep: bool) -> None:
    table = w.replica.tables[conflict.table]
    if keep:
        keep_row(w, table, conflict.key)
    else:
        w.delete(table.record, conflict.key)


def keep_row(w: Writing, table: Table, key: Key) -> None:
    """Keep a row against its deletes: names them and the heads of existence (precise point 3).

    Raises InvalidInput("kept_and_edited") when this very save has written the row already.
    """
    place = (table.name, key_text(key))
    if w.db.conn.execute("SELECT 1 FROM _pending WHERE t = ? AND k = ?", place).fetchone():
        raise InvalidInput(Problem(table.name, KEPT_AND_EDITED))
    state = load_state(w.db, table, key)
    named = sorted({*state.heads.get(0, {}), *state.deletes})
    w.db.conn.execute(
        "INSERT INTO _pending (t, k, op, mask, old) VALUES (?, ?, 'k', 0, ?)",
        (*place, json.dumps(named)),
    )


def _edit_conflict(db: Database, table: Table, key: Key, unit: int) -> Conflict | None:
    state = load_state(db, table, key)
    declared = table.units[unit]
    standing = [head for head in state.heads.get(unit, {}).values() if not head.deleted]
    row = read_row(db, table, key)
    if row is None or not disagree(standing, declared.rule):
        return None
    won = abs(unit_versions(row[-2:], table)[unit])
    values: dict[tuple[Value, ...], int] = {}
    by_version = {head.version: head for head in standing}
    for version in [*_oldest_first(db, by_version), won]:
        if version in by_version:
            values[by_version[version].values] = version
    heads = _shown(db, declared.columns, {version: value for value, version in values.items()}, won)
    base = _base_of(db, table, key, unit, [head.version for head in standing])
    return Conflict(
        _id(table, key, unit), table.name, key, declared.name, unit, declared.columns,
        declared.rule is Rule.REVIEW, base, heads, "edit",
    )  # fmt: skip


def _shown(
    db: Database, columns: tuple[str, ...], values: dict[int, tuple[Value, ...]], won: int
) -> tuple[Shown, ...]:
    about = logged(db, values)
    found = [
        Shown(
            version, dict(zip(columns, value, strict=True)), about[version].person_id, about[version].campus,
            instant_text(about[version].effective), version == won, about[version].origin.split(".", 1)[0],
            about[version].rank,
        )
        for version, value in values.items()
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda shown: (not shown.winner, shown.instant, shown.version)))


def _base_of(db: Database, table: Table, key: Key, unit: int, versions: Iterable[int]) -> Shown | None:
    """What all heads grew from: the newest version that every head names, or else that any of them names. None too
    where a pruned body took it along."""
    versions = list(versions)
    if any(is_pruned(db, version) for version in versions):
        return None  # what it named went with its body (C13)
    named = [_names(db, table, key, unit, version) for version in versions]
    candidates = (set.intersection(*named) or set.union(*named)) if named else set()
    for version in reversed(_oldest_first(db, candidates)):
        if is_pruned(db, version):
            # Of what was replaced before it was pruned the value is gone, and the card does without (C13).
            left = base_values(db, table, key, table.units[unit], version)
            return _shown(db, table.units[unit].columns, {version: left}, 0)[0] if left is not None else None
        for change in changes_of(db, table, key, version):
            if unit in change.writes:
                return _shown(db, table.units[unit].columns, {version: change.writes[unit]}, 0)[0]
    return None


def _oldest_first(db: Database, versions: Iterable[int]) -> list[int]:
    """Applied versions by stamp and name, never by local number: every replica shows the same card (C3)."""
    about = logged(db, versions)
    applied = [n for n, one in about.items() if one.state == State.APPLIED.value]
    return sorted(applied, key=lambda n: (about[n].effective, about[n].origin, about[n].hash))


def _names(db: Database, table: Table, key: Key, unit: int, version: int) -> set[int]:
    for change in changes_of(db, table, key, version):
        if unit in change.writes:
            return {v for v in change.bases.get(unit, frozenset()) if v}
    return set()


def _delete_conflicts(db: Database, replica: Replica) -> list[Conflict]:
    found = []
    for name, text in db.conn.execute("SELECT DISTINCT t, k FROM _delete ORDER BY t, k").fetchall():
        table = replica.tables.get(name)
        if table is None:
            continue
        key = key_parts(table, text)
        row = read_row(db, table, key)
        if row is None:
            continue
        deletes = [v for (v,) in db.conn.execute("SELECT v FROM _delete WHERE t = ? AND k = ?", (name, text))]
        latest = _oldest_first(db, {abs(v) for v in unit_versions(row[-2:], table).values()})[-1]
        heads = _shown(db, ("keep",), {latest: (1,), **{v: (0,) for v in deletes}}, latest)
        found.append(
            Conflict(_id(table, key, 0), name, key, "row", 0, ("keep",), False, None, heads, "delete")
        )
    return found


def _scope(replica: Replica, conflict: Conflict) -> str:
    return replica.tables[conflict.table].scope_of(conflict.key)


def _id(table: Table, key: Key, unit: int) -> str:
    raw = json.dumps([table.name, key_text(key), unit], ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
