"""Pruning: a node lets go of bodies that a verified backup of the hub covers (C13).

What goes is the body alone: header, hashes, receipts and tombstones stay, and with them every chain. What must stay is
decided by a small pure function over what each changeset names and touches; the rows of what goes are folded into
their bases (`sync.floor`) where anything else touches them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlite_utils import Database

from shared.database import transaction
from shared.schema import Table, key_parts, key_text
from sync.capture import commit_pending
from sync.change import LOCAL_OPERATOR, Author, Block
from sync.errors import LogDamaged
from sync.floor import has_floor, pruned_sql, take_up
from sync.floor_proof import is_floor_as_signed, sign_floor
from sync.heads import base_state, read_row, set_base
from sync.journal import changes_by_key
from sync.merge import fold
from sync.opened import Opened, is_readable, key_at, open_changeset
from sync.replica import Replica, set_setting, setting
from sync.tables import install_triggers

# A row: table and key as text.
Row = tuple[str, str]
# The file is written anew, which gives the room back to the disk, when so much of it was pruned since the last time.
_PRUNED_PERCENT_MIN = 5


@dataclass(frozen=True)
class Candidate:
    """A changeset whose body a backup covers: what it names, the rows it touches, and whether it stays for reasons
    of its own (a field or table this release cannot read, a kept row)."""

    n: int
    names: frozenset[int]
    rows: frozenset[Row]
    stays: bool


@dataclass(frozen=True)
class Pruned:
    """What one run of pruning did. Sizes in bytes; `more`: it was bounded, and the next run goes on."""

    changesets: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    more: bool = False


def to_prune(candidates: Iterable[Candidate], gone: Iterable[int], disputed: set[Row]) -> set[int]:
    """Which bodies may go. Pure.

    gone: what is pruned already. disputed: rows with an open conflict or a value that waits for a later release;
    people must be shown all that was written there. The result names nothing but itself and what is gone: nothing that
    is here, or comes later, is ever struck out by a body that is not.
    """
    free = {one.n: one.names for one in candidates if not one.stays and not one.rows & disputed}
    known = set(gone)
    while held := [n for n, names in free.items() if not names <= free.keys() | known]:
        for n in held:
            del free[n]
    return set(free)


def covered_until(db: Database) -> int:
    """Up to which hub sequence a verified backup covers the log that this node follows now; 0 for none."""
    epoch, _, covered = setting(db, "covered", "/0").rpartition("/")
    return int(covered) if epoch == setting(db, "epoch") else 0


def prune(replica: Replica, db: Database) -> Pruned:
    """Let go of covered bodies that are old enough, at most so many rows a run, and give the room back to the disk.

    Only at a node. Off the request path: the last step rewrites the file. Raises LogDamaged("floor_changed") when what
    was pruned before is not as it was signed then.
    """
    before = _size(db)
    with transaction(db):
        commit_pending(replica, db, Author(LOCAL_OPERATOR))
        # The hub's clock, as last seen: receipts are dated by it, and this node's may be years off (C6).
        old = int(setting(db, "hub_seen_ms", "0")) - replica.limits.prune_after_ms
        covered = covered_until(db) if replica.role == "node" else 0
        if not is_floor_as_signed(replica, db):
            raise LogDamaged("floor_changed")
        chosen, more = choose(replica, db, covered=covered, received_until=old, rows=replica.limits.prune_rows)
        if chosen:
            let_go(replica, db, chosen)
            sign_floor(replica, db)
    if not db.conn.in_transaction and _is_worth_it(db):
        db.conn.execute("VACUUM")
        set_setting(db, "pruned_bytes", "0")
        db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Pruned(len(chosen), before, _size(db), more)


def _size(db: Database) -> int:
    pages, size = (db.conn.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return int(pages) * int(size)


def _is_worth_it(db: Database) -> bool:
    """Whether enough was pruned since the file was last written anew. Free pages would not tell: most bodies are
    smaller than a page."""
    return int(setting(db, "pruned_bytes", "0")) * 100 >= _size(db) * _PRUNED_PERCENT_MIN


def choose(
    replica: Replica, db: Database, *, covered: int, received_until: int, rows: int
) -> tuple[list[int], bool]:
    """The bodies that may go, oldest first, and whether there are more than one run of so many rows takes."""
    found = db.conn.execute(
        "SELECT c.n, c.rows, c.schema > ? OR c.unread > 0 FROM _changeset AS c"
        " JOIN (SELECT n, max(hub_seq) AS last FROM _entry GROUP BY n) AS e ON e.n = c.n"
        " WHERE c.state = 'applied' AND c.parts IS NOT NULL AND c.received_at <= ? AND e.last <= ? ORDER BY c.n",
        (replica.schema, received_until, covered),
    ).fetchall()
    candidates: list[Candidate] = []
    count = 0
    for n, size, unread in found:
        if candidates and count + size > rows:
            break
        count += size
        candidates.append(_candidate(replica.tables, open_changeset(db, n), stays=bool(unread)))
    gone = (n for (n,) in db.conn.execute(f"SELECT n FROM _changeset AS c WHERE {pruned_sql('c.n')}"))
    return sorted(to_prune(candidates, gone, _disputed(replica.tables, db))), len(candidates) < len(found)


def _candidate(tables: Mapping[str, Table], one: Opened, *, stays: bool) -> Candidate:
    readable = all(b.table in tables and is_readable(tables[b.table], b) and b.op != "k" for b in one.blocks)
    return Candidate(one.n, frozenset(one.names), frozenset(rows_in(tables, one)), stays or not readable)


def rows_in(tables: Mapping[str, Table], one: Opened) -> Iterable[Row]:
    """The rows that a changeset touches, as far as this release knows their tables."""
    for block in one.blocks:
        table = tables.get(block.table)
        if table is not None and is_readable(table, block):
            yield from ((table.name, key_text(key_at(table, block, row))) for row in range(block.count))


def _disputed(tables: Mapping[str, Table], db: Database) -> set[Row]:
    found = db.conn.execute(
        "SELECT t, k FROM _head WHERE parked > 0 OR u < 0 UNION"
        " SELECT t, k FROM _head WHERE deleted = 0 GROUP BY t, k, u HAVING count(DISTINCT value) > 1"
    ).fetchall()
    for name, text in db.conn.execute("SELECT DISTINCT t, k FROM _delete").fetchall():
        table = tables.get(name)
        if table is None or read_row(db, table, key_parts(table, text)) is not None:
            found.append((name, text))
    return set(found)


def let_go(replica: Replica, db: Database, chosen: list[int]) -> None:
    """Fold the chosen changesets into the bases of the rows that others touch too, and blank them."""
    if not has_floor(db):
        set_setting(db, "floor", "1")
        install_triggers(db, replica.tables)
    going = set(chosen)
    rest = db.conn.execute("SELECT n FROM _changeset WHERE state = 'applied' AND parts IS NOT NULL").fetchall()
    shared: set[Row] = set()
    for (n,) in rest:
        if n not in going:
            shared.update(rows_in(replica.tables, open_changeset(db, n)))
    settle_bases(db, replica.tables, [open_changeset(db, n) for n in chosen], shared)
    marked = [(n,) for n in chosen]
    lengths = (db.conn.execute("SELECT length(parts) FROM _changeset WHERE n = ?", one).fetchone()[0] for one in marked)
    set_setting(db, "pruned_bytes", str(int(setting(db, "pruned_bytes", "0")) + sum(lengths)))
    db.conn.executemany("UPDATE _changeset SET parts = NULL WHERE n = ?", marked)


def settle_bases(db: Database, tables: Mapping[str, Table], going: Iterable[Opened], shared: set[Row]) -> None:
    """Bring the bases of the rows that pruned changesets touch up to date. shared: rows that others touch too; any
    other row is its own base from now on."""
    changes: dict[str, list[tuple[Opened, Block, int]]] = {}
    laid = set(db.conn.execute("SELECT t, k FROM _base").fetchall())
    for one in going:
        for block in one.blocks:
            table = tables[block.table]
            for row in range(block.count):
                key = key_at(table, block, row)
                place = (table.name, key_text(key))
                if place in shared:
                    changes.setdefault(table.name, []).append((one, block, row))
                elif place in laid:
                    take_up(db, table, key)
    for name, rows in changes.items():
        for key, folded in changes_by_key(db, tables[name], rows).items():
            set_base(db, tables[name], key, fold(base_state(db, tables[name], key), folded))
