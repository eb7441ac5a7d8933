"""Erasure by law: a row of an erasable record leaves every log, head and table, and its key is dead (C10).

An erased part is a zero byte and the part's hash, so that the body still hashes to what was signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from sqlite_utils import Database

from shared.schema import Table, key_parts, key_text
from sync.body import decode_parts, rows_of
from sync.change import Block, Changeset
from sync.heads import remove_row
from sync.hub_log import log_of, without_dead
from sync.journal import settle_capture
from sync.log import read_changeset
from sync.opened import Key


def is_dead(db: Database, table: str, text: str) -> bool:
    """Whether a key, as text, was erased."""
    row = db.conn.execute("SELECT 1 FROM _erased WHERE t = ? AND k = ?", (table, text)).fetchone()
    return row is not None


def without_erased(db: Database, tables: Mapping[str, Table], changeset: Changeset) -> Changeset:
    """A changeset whose parts about erased rows are blanked: an edit that arrives late resurrects nobody."""
    if changeset.parts is None or len(changeset.parts) == 1:
        return changeset
    if db.conn.execute("SELECT 1 FROM _erased LIMIT 1").fetchone() is None:
        return changeset
    return replace(changeset, parts=without_dead(changeset.parts, partial(_is_dead_part, db, tables)))


def _is_dead_part(db: Database, tables: Mapping[str, Table], part: bytes) -> bool:
    for block in decode_parts((b"[]", part)):
        table = tables.get(block.table)
        keys = _keys(table, block) if table is not None else _front(db, block)
        if any(is_dead(db, block.table, key_text(key)) for key in keys):
            return True
    return False


def _keys(table: Table, block: Block) -> list[Key]:
    """The rows' keys; none of a block that was refused because a part of its key is missing."""
    return rows_of(block, table.key) if set(table.key) <= block.columns.keys() else []


def _front(db: Database, block: Block) -> list[Key]:
    """The rows' keys in a table that only a newer schema has: key columns come first, and an erased key tells
    how many there are."""
    erased = db.conn.execute("SELECT k FROM _erased WHERE t = ?", (block.table,)).fetchall()
    widths = {text.count("/") + 1 for (text,) in erased}
    names = list(block.columns)
    return [key for width in widths for key in rows_of(block, names[:width])]


def forget(db: Database, tables: Mapping[str, Table], scope: str, name: str, text: str) -> None:
    """Drop a row (table, key as text) for ever: from its table, its heads, its deletes and every body of the log
    here, also while its table is one of a newer schema (C12)."""
    db.conn.execute("INSERT OR IGNORE INTO _erased (t, k) VALUES (?, ?)", (name, text))
    for own in ("_head", "_delete", "_pending", "_pending_stale", "_base"):
        db.conn.execute(f"DELETE FROM {own} WHERE t = ? AND k = ?", (name, text))  # noqa: S608 - our tables
    # A snapshot made before holds the row; the next one will not.
    db.conn.execute("DELETE FROM _snapshot WHERE scope = ?", (scope,))
    if name in tables:
        remove_row(db, tables[name], key_parts(tables[name], text))
    log_of(db).erase(scope, partial(_is_dead_part, db, tables))
    settle_capture(db)


def touching(db: Database, table: Table, key: Key) -> int | None:
    """The latest changeset with a receipt that wrote a row, or None: every holder of the scope knows that one."""
    rows = db.conn.execute(
        "SELECT n FROM _changeset WHERE scope = ? AND parts IS NOT NULL AND hub_seq IS NOT NULL ORDER BY n DESC",
        (table.scope_of(key),),
    ).fetchall()
    for (n,) in rows:
        for block in decode_parts(read_changeset(db, n).parts or (b"[]",)):
            if block.table == table.name and key in _keys(table, block):
                return int(n)
    return None
