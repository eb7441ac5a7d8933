"""The one door for local writes: rows and their changeset in one transaction (C1).

Domain code writes plain rows inside `write`; at its end everything the triggers noticed is packed into one
changeset per scope, hashed, chained and logged. Nothing else has to be remembered by anybody.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlite_utils import Database

from shared.database import transaction
from shared.errors import InvalidInput, NotFound, Problem, RowErased
from shared.ids import minted_id
from shared.schema import Table, Value, insert, key_text, quoted, table_of, values_of
from sync.body import encode_header, encode_parts
from sync.chain import body_hash, link_hash, part_hash
from sync.change import LOCAL_OPERATOR, RANKS, Author, Block, Changeset, Header, State
from sync.entries import receipt_time
from sync.erasure import is_dead
from sync.floor import has_floor, keep_bases, keep_pending_bases
from sync.heads import (
    apply_to_rows,
    load_state,
    own_weight,
    read_row,
    redecide,
    remove_row,
    store_state,
    unit_versions,
    where_key,
)
from sync.hub_log import Receipt, Word, log_of
from sync.journal import settle_capture
from sync.log import Entry, append, logged, read_changeset, stream_end, version_by_hash, version_names
from sync.merge import Change, fold
from sync.opened import Key
from sync.replica import Replica, current_origin, note_progress, set_setting, setting
from sync.rows import Edit, Pending, pending_by_scope, touched_tables

# The token of a page that showed no such row.
ABSENT = "absent"
_TOKEN = re.compile(r"[0-9a-f]{16}(\.[1-9][0-9]{0,3}-[0-9a-f]{16}){0,200}")

__all__ = ["ABSENT", "Author", "Writing", "commit_pending", "token_of", "write"]


@dataclass(frozen=True)
class Writing:
    """What domain code may do inside `write`. `db` is for reads and for plain SQL, which is captured too."""

    replica: Replica
    db: Database
    author: Author

    def mint(self, campus: str) -> str:
        """A new id owned by a campus, never given out before on any replica."""
        counter = int(setting(self.db, "mint_counter")) + 1
        set_setting(self.db, "mint_counter", str(counter))
        return minted_id(campus, counter, current_origin(self.db)[1].rsplit(".", 1)[1])

    def insert(self, *records: object) -> None:
        """Insert new records.

        Raises sqlite3.IntegrityError when a key is taken, RowErased when a row was erased by law (C10).
        """
        for record in records:
            table = table_of(type(record))
            key = key_text([getattr(record, name) for name in table.key]) if table.declaration.erasable else ""
            if key and is_dead(self.db, table.name, key):
                raise RowErased(table=table.name, key=key)
        insert(self.db, *records)

    def update(self, cls: type, key: Key, changes: Mapping[str, Value], token: str | None = None) -> None:
        """Change fields of a row. `token` is what the page showed: a field that has moved since keeps both.

        Raises NotFound when there is no such row (any more).
        """
        table = self.replica.tables[table_of(cls).name]
        row = read_row(self.db, table, key)
        if row is None:
            raise NotFound(table=table.name, key=key_text(key))
        stale = _stale_units(self.db, table, row, changes, token) if token is not None else {}
        # What this very save has written already is written over, as everything later in one save is.
        mask = _pending_mask(self.db, table, key) if stale else 0
        stale = {unit: base for unit, base in stale.items() if not mask >> unit & 1}
        names = [c.name for c in table.columns]
        current = dict(zip(names, row, strict=False))
        for unit, bases in stale.items():
            columns = table.units[unit].columns
            value = json.dumps([changes.get(name, current[name]) for name in columns], ensure_ascii=False)
            self.db.conn.execute(
                "INSERT OR REPLACE INTO _pending_stale (t, k, u, bases, value) VALUES (?, ?, ?, ?, ?)",
                (table.name, key_text(key), unit, json.dumps(bases), value),
            )
        fresh = {n: v for n, v in changes.items() if n not in table.key and table.unit_of(n).index not in stale}
        if fresh:
            sets = ", ".join(f"{quoted(name)} = ?" for name in fresh)
            sql = f"UPDATE {quoted(table.name)} SET {sets} WHERE {where_key(table)}"
            self.db.conn.execute(sql, (*fresh.values(), *key))

    def put(self, record: object, token: str | None = None) -> None:
        """Insert a record, or bring the fields that differ to its values.

        With the token `ABSENT` the page showed no such row: if there is one now, both stand side by side.
        """
        table = self.replica.tables[table_of(type(record)).name]
        values = values_of(record)
        key = tuple(values[name] for name in table.key)
        if read_row(self.db, table, key) is None:
            self.insert(record)
        else:
            self.update(type(record), key, {n: v for n, v in values.items() if n not in table.key}, token)

    def note(self, reason: str) -> None:
        """Why this is written; it travels in the changeset's header."""
        set_setting(self.db, "pending_note", reason[:500])

    def delete(self, cls: type, key: Key) -> None:
        """Delete a row; deleting what is not there changes nothing."""
        table = self.replica.tables[table_of(cls).name]
        self.db.conn.execute(f"DELETE FROM {quoted(table.name)} WHERE {where_key(table)}", key)


@contextmanager
def write(replica: Replica, db: Database, author: Author) -> Iterator[Writing]:
    """One transaction: rows and changeset together, or neither.

    Rows that the sqlite3 shell left behind become a changeset of their own first (C1).
    """
    with transaction(db):
        commit_pending(replica, db, Author(LOCAL_OPERATOR))
        yield Writing(replica, db, author)
        commit_pending(replica, db, author)
    note_progress(replica, db)


def token_of(db: Database, replica: Replica, cls: type, key: Key) -> str | None:
    """The version token of a row for a form: what its page shows. None where there is no row.

    Versions stand in it by hash: local numbers mean something else after a restore, and a phone may come
    back with a page that is weeks old.
    """
    table = replica.tables[table_of(cls).name]
    row = read_row(db, table, key)
    return None if row is None or row[-2] is None else _token(_unit_hashes(db, table, row))


def _unit_hashes(db: Database, table: Table, row: Sequence[Value]) -> dict[int, str]:
    versions = {unit: abs(version) for unit, version in unit_versions(row[-2:], table).items()}
    names = version_names(db, versions.values())
    return {unit: names[version].hash8.hex() for unit, version in versions.items()}


def _token(hashes: Mapping[int, str]) -> str:
    """`HASH` of the row, then `.UNIT-HASH` for each unit that another changeset wrote."""
    return ".".join([hashes[0], *(f"{unit}-{hash8}" for unit, hash8 in hashes.items() if hash8 != hashes[0])])


def _shown_by(token: str, table: Table) -> dict[int, str]:
    """Unit → hash of the version that the page showed. Raises InvalidInput for what is no token of ours."""
    if token == ABSENT:
        return {}
    if not _TOKEN.fullmatch(token):
        raise InvalidInput(Problem("token", "not_a_token"))
    whole, *differing = token.split(".")
    shown = {unit.index: whole for unit in table.units}
    return shown | {int(unit): hash8 for unit, _, hash8 in (each.partition("-") for each in differing)}


def _stale_units(
    db: Database, table: Table, row: Sequence[Value], changes: Mapping[str, Value], token: str
) -> dict[int, list[int]]:
    """Unit → versions the page showed, for the changed units that have moved since.

    A version that is not in this row's scope here names nothing: both values stand side by side (C2).
    """
    shown = _shown_by(token, table)
    now = _unit_hashes(db, table, row) if row[-2] is not None else {}
    values = dict(zip((c.name for c in table.columns), row, strict=False))
    scope = table.scope_of([values[name] for name in table.key])
    stale = {}
    for name, value in changes.items():
        if name in table.key:
            continue
        unit = table.unit_of(name).index
        if unit in now and shown.get(unit) != now[unit] and values[name] != value:
            stale[unit] = version_by_hash(db, scope, bytes.fromhex(shown.get(unit, "")))
    return stale


def _pending_mask(db: Database, table: Table, key: Key) -> int:
    row = db.conn.execute("SELECT mask FROM _pending WHERE t = ? AND k = ?", (table.name, key_text(key))).fetchone()
    return int(row[0]) if row else 0


def commit_pending(replica: Replica, db: Database, author: Author) -> list[int]:
    """Pack what is pending into one changeset per scope; their local numbers. Inside a transaction."""
    touched = touched_tables(db, replica.tables)
    if not touched:
        return []
    if has_floor(db):
        keep_pending_bases(db, touched)
    work, gone = pending_by_scope(db, touched)
    if has_floor(db):
        _keep_bases_by_path(db, work.values())
    action = replica.randomness.text(10)
    places = [(scope, action, len(work)) for scope in sorted(work)]
    made = [_commit_scope(replica, db, author, place, work[place[0]], gone) for place in places]
    if replica.role == "hub":
        # The hub's own users write in an origin like any other; their receipt is at hand (point 5).
        receipt = Receipt(receipt_time(replica, db))
        log_of(db).append([Word(read_changeset(db, n), receipt) for n in made])
        # A receipt may cap the stamp by which a winner was just chosen; the nodes will only know the capped one.
        redecide(db, replica.tables, made)
    settle_capture(db)
    db.conn.execute("DELETE FROM _pending_stale")
    db.conn.execute("DELETE FROM _setting WHERE name = 'pending_note'")
    return made


def _keep_bases_by_path(db: Database, work: Iterable[Pending]) -> None:
    """The bases of rows that change without a trigger having seen it: stale fields, keeps, inserts over the dead."""
    keys: dict[str, tuple[Table, list[Key]]] = {}
    for pending in work:
        for table, edit in pending.edits:
            if edit.by_path:
                keys.setdefault(table.name, (table, []))[1].append(edit.key)
    for table, wanted in keys.values():
        keep_bases(db, table, wanted)


def _commit_scope(
    replica: Replica, db: Database, author: Author, place: tuple[str, str, int],
    pending: Pending, gone: Mapping[tuple[str, Key], Sequence[Value]],
) -> int:  # fmt: skip
    scope, action, action_size = place
    named = {v for _, e in pending.edits for v in (*e.named, *(n for names in e.units.values() for n in names))}
    index = {version: i for i, version in enumerate(sorted(named))}
    names = version_names(db, named) if named else {}
    plain, erasable = _blocks(replica, pending, index)
    parts = encode_parts(plain, erasable)
    wall = clock_corrected_ms(replica, db)
    stamp = max([wall, *(row.effective + 1 for row in logged(db, named).values())]) if named else wall
    header = Header(
        action, action_size, _next_commit(db), author.person_id, setting(db, "campus"), author.rank, stamp,
        replica.boot, replica.clock.monotonic_ms(), int(setting(db, "hub_seen_ms", "0")), replica.schema,
        tuple(names[version] for version in sorted(named)), setting(db, "pending_note"),
    )  # fmt: skip
    changeset = link(db, scope, encode_header(header), parts)
    entry = Entry(header, sum(b.count for b in plain) + len(erasable), RANKS[author.rank], State.APPLIED, stamp)
    n = append(db, changeset, entry)
    _stamp_rows(db, n, pending)
    _merge_special(db, n, [(table, edit) for table, edit in pending.edits if edit.by_path], gone)
    return n


def link(db: Database, scope: str, header: bytes, parts: tuple[bytes, ...]) -> Changeset:
    """The next changeset of this origin's stream in a scope."""
    number, origin = current_origin(db)
    seq, prev = stream_end(db, number, scope)
    body = body_hash([part_hash(part) for part in parts])
    hash_ = link_hash(prev, f"{origin}/{scope}", seq + 1, header, body)
    return Changeset(origin, scope, seq + 1, prev, header, parts, body, hash_)


def _next_commit(db: Database) -> int:
    number = int(setting(db, "commit_counter", "0")) + 1
    set_setting(db, "commit_counter", str(number))
    return number


def clock_corrected_ms(replica: Replica, db: Database) -> int:
    """The wall clock, put right by what is known of its error."""
    return replica.clock.now_ms() + _clock_correction(replica, db)


def _clock_correction(replica: Replica, db: Database) -> int:
    """Milliseconds to add to the wall clock, as measured at the last contact with the hub (C6).

    It holds only while the clock runs on as it did then: the same opening, and nobody has set it since.
    """
    measured = setting(db, "clock_measured")
    if not measured:
        return 0
    boot, baseline, offset = measured.split("/")
    drifted = abs(replica.clock.now_ms() - replica.clock.monotonic_ms() - int(baseline))
    return -int(offset) if boot == replica.boot and drifted < replica.limits.clock_set_ms else 0


def _blocks(
    replica: Replica, pending: Pending, index: Mapping[int, int]
) -> tuple[list[Block], list[tuple[bytes, Block]]]:
    grouped: dict[tuple[str, str, tuple[int, ...]], list[Edit]] = defaultdict(list)
    plain, erasable = [], []
    for new in pending.fresh:
        if new.table.declaration.erasable:
            erasable += [(replica.randomness.raw(16), _new_block(new.table, [row])) for row in new.rows]
        else:
            plain.append(_new_block(new.table, new.rows))
    for table, edit in pending.edits:
        if table.declaration.erasable:
            erasable.append((replica.randomness.raw(16), _block(table, [edit], index)))
        else:
            grouped[table.name, edit.op, tuple(sorted(edit.units))].append(edit)
    plain += [_block(replica.tables[name], group, index) for (name, _, _), group in grouped.items()]
    return plain, erasable


def _new_block(table: Table, rows: Sequence[tuple[Value, ...]]) -> Block:
    columns = zip((c.name for c in table.columns), zip(*rows, strict=True), strict=False)
    return Block(table.name, "i", len(rows), (), {name: list(values) for name, values in columns})


def _block(table: Table, edits: Sequence[Edit], index: Mapping[int, int]) -> Block:
    op, units = edits[0].op, sorted(edits[0].units)
    names: list[str] = list(table.key)
    if op == "i":
        names = [c.name for c in table.columns]
    elif op == "u":
        names += [column for unit in units for column in table.units[unit].columns]
    columns = {name: [edit.values[name] for edit in edits] for name in names}
    if op == "u":
        bases = [[sorted(index[v] for v in edit.units[unit]) for unit in units] for edit in edits]
    else:
        bases = [[sorted(index[v] for v in edit.named)] for edit in edits]
    weights: list[list[int]] = []
    if any(edit.weights for edit in edits):
        weights = [[edit.weights.get(unit, 0) for unit in units] for edit in edits]
    return Block(table.name, op, len(edits), tuple(table.units[u].name for u in units), columns, bases, weights)


def _stamp_rows(db: Database, n: int, pending: Pending) -> None:
    """Write the changeset's number into the rows that took the plain way, one statement a kind."""
    where = "WHERE _r IN (SELECT value FROM json_each(?))"
    for new in pending.fresh:
        numbers = json.dumps([row[-2] for row in new.rows])
        db.conn.execute(f"UPDATE {quoted(new.table.name)} SET _v = ? {where}", (n, numbers))
    edited: dict[tuple[str, tuple[int, ...]], list[int]] = defaultdict(list)
    for table, edit in pending.edits:
        if not edit.by_path:
            edited[table.name, tuple(sorted(edit.units))].append(edit.row_number)
    for (name, units), rows in edited.items():
        paths = ", ".join(f"'$.\"{unit}\"', ?1" for unit in units)
        sql = f"UPDATE {quoted(name)} SET _vx = json_set(coalesce(_vx, '{{}}'), {paths}) {where.replace('?', '?2')}"
        db.conn.execute(sql, (n, json.dumps(rows)))


def _merge_special(
    db: Database, n: int, edits: Sequence[tuple[Table, Edit]], gone: Mapping[tuple[str, Key], Sequence[Value]]
) -> None:
    """Deletes, edits in conflict, stale writes and inserts over a tombstone go the merge's way at once, so
    that both values are heads on this node and shown now."""
    if not edits:
        return
    about = logged(db, [n])[n]
    for table, edit in edits:
        writes = {unit: tuple(edit.values[c] for c in table.units[unit].columns) for unit in edit.units}
        if edit.op == "k":
            writes = {0: ()}
        if edit.op == "i":
            writes = {u.index: tuple(edit.values[c] for c in u.columns) for u in table.units}
        bases = dict(edit.units) if edit.op == "u" else {0: edit.named}
        weights = {
            unit: max(edit.weights.get(unit, 0), own_weight(table, edit.key, table.units[unit], about, values))
            for unit, values in writes.items()
        }
        change = Change(edit.op, n, writes, bases, weights)
        if edit.op == "i":
            remove_row(db, table, edit.key)
        if (table.name, edit.key) in gone:
            state = load_state(db, table, edit.key, gone[table.name, edit.key])
            store_state(db, table, edit.key, fold(state, [change]))
        else:
            apply_to_rows(db, table, {edit.key: [change]})
