"""Where a replica's log stands, and which tables may have changed since: for what is worth remembering."""

from __future__ import annotations

from dataclasses import dataclass

from sqlite_utils import Database

from sync.floor import is_pruned
from sync.opened import open_changeset
from sync.replica import setting


@dataclass(frozen=True)
class Position:
    """The last changeset, how many wait, and of each scope the last entry of the hub's log (scope "": of all)."""

    changeset: int
    waiting: int
    entries: tuple[tuple[str, int], ...]
    # The hub's epoch, and how many entries there are: a restored hub goes back and takes up old numbers again.
    epoch: str = ""
    entry_count: int = 0

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes it speaks of."""
        return tuple(scope for scope, _ in self.entries)


def position_of(db: Database) -> Position:
    """Where the log stands now. What is read at equal positions is equal, shell edits not yet packed apart."""
    changeset = db.conn.execute("SELECT coalesce(max(n), 0) FROM _changeset").fetchone()[0]
    waiting = db.conn.execute("SELECT count(*) FROM _changeset WHERE state = 'waiting'").fetchone()[0]
    cursors = db.conn.execute("SELECT scope, hub_seq FROM _cursor ORDER BY scope").fetchall()
    # The hub has no cursors: its sequence runs through all scopes.
    newest, count = db.conn.execute("SELECT coalesce(max(hub_seq), 0), count(*) FROM _entry").fetchone()
    return Position(changeset, waiting, tuple(cursors or [("", newest)]), setting(db, "epoch"), count)


def tables_touched_since(db: Database, since: Position, *, rows_most: int = 2000) -> set[str] | None:
    """The tables whose rows or winners may have changed since a position.

    None when that is not cheaply said: much has come, something waited then, people let something in or the law
    took something out.
    """
    now = position_of(db)
    if since.waiting or (since.scopes, since.epoch) != (now.scopes, now.epoch):
        return None
    count = since.entry_count
    found = set(db.conn.execute("SELECT n, rows FROM _changeset WHERE n > ?", (since.changeset,)).fetchall())
    for scope, hub_seq in since.entries:
        entries = db.conn.execute(
            "SELECT n, rows, kind FROM _entry AS e JOIN _changeset USING (n)"
            " WHERE e.hub_seq > ? AND ? IN ('', e.scope)",
            (hub_seq, scope),
        ).fetchall()
        if any(kind != "receipt" for _, _, kind in entries):
            return None
        found |= {(n, rows) for n, rows, _ in entries}
        count += len(entries)
    if count != now.entry_count:
        return None
    if sum(rows for _, rows in found) > rows_most:
        return None
    if any(is_pruned(db, n) for n, _ in found):
        return None  # it came in a snapshot, without its body
    return {block.table for n, _ in found for block in open_changeset(db, n).blocks}
