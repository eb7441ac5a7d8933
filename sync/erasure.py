"""Erasure by law: a row of an erasable record leaves every log, head and table, and its key is dead (C10).

An erased part is a zero byte and the part's hash, so that the body still hashes to what was signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlite_utils import Database

from shared.schema import Table, key_text
from sync.body import decode_parts, rows_of
from sync.chain import ERASED, part_hash
from sync.change import Changeset
from sync.heads import Key, remove_row
from sync.journal import settle_capture
from sync.log import pack_parts, read_changeset


def is_dead(db: Database, table: str, key: Key) -> bool:
    """Whether a key was erased."""
    row = db.conn.execute("SELECT 1 FROM _erased WHERE t = ? AND k = ?", (table, key_text(key))).fetchone()
    return row is not None


def without_erased(db: Database, tables: Mapping[str, Table], changeset: Changeset) -> Changeset:
    """A changeset whose parts about erased rows are blanked: an edit that arrives late resurrects nobody."""
    if changeset.parts is None or len(changeset.parts) == 1:
        return changeset
    if db.conn.execute("SELECT 1 FROM _erased LIMIT 1").fetchone() is None:
        return changeset
    parts = [changeset.parts[0], *(_blanked(db, tables, part) for part in changeset.parts[1:])]
    return replace(changeset, parts=tuple(parts))


def _blanked(db: Database, tables: Mapping[str, Table], part: bytes) -> bytes:
    for block in decode_parts((b"[]", part)):
        table = tables.get(block.table)
        if table is not None and any(is_dead(db, table.name, key) for key in rows_of(block, table.key)):
            return ERASED + part_hash(part)
    return part


def forget(db: Database, tables: Mapping[str, Table], table: Table, key: Key) -> None:
    """Drop a row for ever: from its table, its heads, its deletes and every body of the log here."""
    text = key_text(key)
    db.conn.execute("INSERT OR IGNORE INTO _erased (t, k) VALUES (?, ?)", (table.name, text))
    for own in ("_head", "_delete", "_pending", "_pending_stale"):
        db.conn.execute(f"DELETE FROM {own} WHERE t = ? AND k = ?", (table.name, text))  # noqa: S608 - our tables
    remove_row(db, table, key)
    rows = db.conn.execute(
        "SELECT n FROM _changeset WHERE scope = ? AND parts IS NOT NULL ORDER BY n", (table.scope_of(key),)
    ).fetchall()
    for (n,) in rows:
        stored = read_changeset(db, n)
        cleaned = without_erased(db, tables, stored)
        if cleaned.parts != stored.parts:
            db.conn.execute("UPDATE _changeset SET parts = ? WHERE n = ?", (pack_parts(cleaned.parts), n))
    settle_capture(db)


def touching(db: Database, table: Table, key: Key) -> int | None:
    """The latest changeset here that wrote a row, or None."""
    rows = db.conn.execute(
        "SELECT n FROM _changeset WHERE scope = ? AND parts IS NOT NULL ORDER BY n DESC", (table.scope_of(key),)
    ).fetchall()
    for (n,) in rows:
        for block in decode_parts(read_changeset(db, n).parts or (b"[]",)):
            if block.table == table.name and key in rows_of(block, table.key):
                return int(n)
    return None
