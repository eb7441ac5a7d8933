"""Compare: a node and the hub lay fingerprints of key ranges beside each other, down to the rows that differ (C3, C14).

Each request stands alone. It says up to where the asker knows the hub's log and which rows it has written since; the
answer names the rows that the hub has taken in since. Both are left out on both sides: what is compared is what both
have had, whoever goes on writing. Neither side changes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlite_utils import Database

from shared.database import reading, transaction
from shared.schema import Table, Value, key_text
from sync.capture import commit_pending
from sync.chain import HASH8
from sync.change import LOCAL_OPERATOR, Author
from sync.entries import entries_since
from sync.errors import BadMessage, HubMovedOn
from sync.fingerprint import HEADS, ROWS, Apart, Part, Print, PrintedRow, Prints, Range, declared_digest, parts_of
from sync.floor import is_pruned
from sync.journal import keys_in
from sync.opened import open_changeset
from sync.protocol import APP_VERSION, SYNC_VERSION
from sync.replica import Replica, setting
from sync.steps.erase import erased_row
from sync.steps.hello import cursors_told
from sync.steps.judge import Sender
from sync.steps.shape import INT_MAX, INT_MIN


@dataclass(frozen=True)
class CompareLimits:
    """How much one comparison may cost: more rows moved than `apart_rows` and both sides sync first."""

    apart_rows: int = 5_000
    ranges: int = 2_000
    ways: int = 16
    leaf_rows: int = 32
    range_rows: int = 200
    answer_rows: int = 2_000
    rounds: int = 12
    differences: int = 200


@dataclass(frozen=True)
class Difference:
    """One field (or row, or head) that the two sides do not have alike. kind: "value", "version", "heads",
    "only_here", "only_there"."""

    kind: str
    table: str
    key: tuple[Value, ...]
    field: str = ""
    here: Value = None
    there: Value = None


@dataclass
class Comparison:
    """What a comparison found and cost. `apart`: rows left out, since one side has moved them; `unlike`: tables that
    the two releases declare differently; `complete` is false when there were more differences than are named."""

    differences: list[Difference] = field(default_factory=list)
    rows: int = 0
    apart: int = 0
    unlike: list[str] = field(default_factory=list)
    rounds: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    complete: bool = True


@dataclass(frozen=True)
class Question:
    """One request: ranges whose prints are wanted, and ranges whose rows are."""

    prints: list[Range] = field(default_factory=list)
    rows: list[Range] = field(default_factory=list)


# Sends a head, gives the answer's; the sealing is the caller's.
Say = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def compare(
    replica: Replica, db: Database, say: Say, report: Comparison, limits: CompareLimits | None = None
) -> Comparison:
    """Node half. Raises HubMovedOn when the two have to sync first, BadMessage."""
    limits = limits or CompareLimits()
    scopes = {"con", setting(db, "campus")}
    todo = Question([Range(part) for part in parts_of(replica.tables, scopes)])
    while (todo.prints or todo.rows) and report.rounds < limits.rounds:
        with transaction(db):
            commit_pending(replica, db, Author(LOCAL_OPERATOR))
        with reading(db):
            own = _own_apart(db, replica.tables, limits)
            told = say(question_head(replica, db, own, todo))
            report.rounds += 1
            todo = _take(replica, db, told, own, todo, report, limits)
        if len(report.differences) >= limits.differences:
            break
    report.complete = not (todo.prints or todo.rows) and len(report.differences) < limits.differences
    del report.differences[limits.differences :]
    return report


def _own_apart(db: Database, tables: Mapping[str, Table], limits: CompareLimits) -> Apart:
    """The rows that changesets without a receipt touch, and those that wait here."""
    rows = db.conn.execute("SELECT n FROM _changeset WHERE hub_seq IS NULL OR state = 'waiting'").fetchall()
    if any(is_pruned(db, n) for (n,) in rows):
        raise HubMovedOn(rows=len(rows))  # a restored hub has yet to give its receipt; which rows it is about is gone
    return _rows_of(db, tables, [n for (n,) in rows], limits)


def _rows_of(db: Database, tables: Mapping[str, Table], numbers: Sequence[int], limits: CompareLimits) -> Apart:
    found: set[tuple[str, str]] = set()
    for n in numbers:
        for name, keys in keys_in(tables, [open_changeset(db, n)]).items():
            found |= {(name, key_text(key)) for key in keys}
        if len(found) > limits.apart_rows:
            raise HubMovedOn(rows=len(found))
    return found


def question_head(replica: Replica, db: Database, apart: Apart, question: Question) -> dict[str, Any]:
    """Node half: the head of one request."""
    cursors = db.conn.execute("SELECT scope, hub_seq, log_hash FROM _cursor").fetchall()
    return {
        "v": SYNC_VERSION, "schema": replica.schema, "app": APP_VERSION, "now": replica.clock.now_ms(),
        "epoch": setting(db, "epoch"), "nonce": replica.randomness.text(8),
        "cursors": {scope: [hub_seq, log_hash[:HASH8].hex()] for scope, hub_seq, log_hash in cursors},
        "declared": {name: declared_digest(table) for name, table in replica.tables.items()},
        "apart": sorted(map(list, apart)),
        "prints": [_packed(each) for each in question.prints], "rows": [_packed(each) for each in question.rows],
    }  # fmt: skip


def _packed(wanted: Range) -> list[Any]:
    part = wanted.part
    return [part.scope, part.table, part.kind, list(wanted.low), None if wanted.high is None else list(wanted.high)]


def _take(
    replica: Replica, db: Database, told: Mapping[str, Any], own: Apart, asked: Question, report: Comparison,
    limits: CompareLimits,
) -> Question:  # fmt: skip
    """Lay an answer beside what is here: differences go into the report; what to ask next."""
    if told.get("epoch") != setting(db, "epoch"):
        raise HubMovedOn()
    try:
        apart = {*own, *((str(t), str(k)) for t, k in told["apart"])}
        report.unlike = sorted(map(str, told["unlike"]))
        prints = [None if each is None else Print(int(each[0]), bytes.fromhex(each[1])) for each in told["prints"]]
        rows = [[PrintedRow(tuple(k), dict(c), dict(v)) for k, c, v in each] for each in told["rows"]]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise BadMessage("damaged") from error
    report.apart = len(apart)
    here, following = Prints(db, replica.tables, apart), Question()
    for wanted, theirs in zip(asked.prints, prints, strict=False):
        if theirs is None:
            continue  # declared differently there: nothing can be said before the upgrade
        ours = here.of(wanted)
        if not wanted.low and wanted.high is None and wanted.part.kind == ROWS:
            report.rows += ours.count
        if ours != theirs:
            _look_closer(following, here, wanted, max(ours.count, theirs.count), ours.count, limits)
    for wanted, there in zip(asked.rows, rows, strict=False):
        found, rest = _differences(wanted, here.rows(wanted, limits.range_rows), there, limits.range_rows)
        report.differences += found
        following.rows.extend(rest)
    room = limits.ranges - len(following.prints)
    # What the other side has not answered for want of room is asked again.
    following.prints.extend(asked.prints[len(prints) :][: max(0, room)])
    following.rows.extend(asked.rows[len(rows) :])
    return following


def _look_closer(
    following: Question, here: Prints, wanted: Range, rows: int, rows_here: int, limits: CompareLimits
) -> None:
    """Of a range that differs its rows are wanted when they are few, or when there is nothing here to cut it by."""
    if rows <= limits.leaf_rows or rows_here < limits.ways:
        following.rows.append(wanted)
    else:
        following.prints.extend(here.split(wanted, limits.ways))


def _differences(
    wanted: Range, ours: Sequence[PrintedRow], theirs: Sequence[PrintedRow], range_rows: int
) -> tuple[list[Difference], list[Range]]:
    """What differs in a range; and what is left of it where a side had more rows than were read."""
    cut = [rows[-1].key for rows in (ours, theirs) if len(rows) >= range_rows]
    # Of the last row of a cut list nobody knows what stands behind it.
    end = min(cut, default=None)
    here = {row.key: row for row in ours if end is None or row.key < end}
    there = {row.key: row for row in theirs if end is None or row.key < end}
    found = []
    for key in sorted(here.keys() | there.keys(), key=key_text):
        found += _row_differences(wanted.part, key, here.get(key), there.get(key))
    return found, [] if end is None else [Range(wanted.part, end, wanted.high)]


def _row_differences(
    part: Part, key: tuple[Value, ...], ours: PrintedRow | None, theirs: PrintedRow | None
) -> list[Difference]:
    if part.kind == HEADS:
        same = ours is not None and theirs is not None and list(ours.cells.values()) == list(theirs.cells.values())
        sides = (None if row is None else "; ".join(map(str, row.cells.values())) for row in (ours, theirs))
        return [] if same else [Difference("heads", part.table, key, "", *sides)]
    if ours is None or theirs is None:
        return [Difference("only_there" if ours is None else "only_here", part.table, key)]
    cells = [name for name in ours.cells if ours.cells[name] != theirs.cells.get(name)]
    if cells:
        return [Difference("value", part.table, key, name, ours.cells[name], theirs.cells.get(name)) for name in cells]
    units = [name for name in ours.versions if ours.versions[name] != theirs.versions.get(name)]
    return [
        Difference("version", part.table, key, name, ours.versions[name], theirs.versions.get(name)) for name in units
    ]


def serve_compare(
    replica: Replica, db: Database, sender: Sender, head: Mapping[str, Any], limits: CompareLimits | None = None
) -> dict[str, Any]:
    """Hub half: the answer's head. Raises BadMessage, HubMovedOn. Call inside one reading; nothing is written."""
    limits = limits or CompareLimits()
    about = {
        "v": SYNC_VERSION, "schema": replica.schema, "now": replica.clock.now_ms(), "re": str(head.get("nonce")),
        "epoch": setting(db, "epoch"),
    }  # fmt: skip
    if head.get("epoch") != about["epoch"]:
        return about
    cursors = cursors_told(db, head)
    moved = _moved_since(db, replica.tables, {scope: cursors.get(scope, 0) for scope in sender.scopes}, limits)
    try:
        asked = {(str(t), str(k)) for t, k in head["apart"]}
        declared = {str(name): str(digest) for name, digest in head["declared"].items()}
        asked_for = [
            [_read(replica, sender, each, of_rows=name == "rows") for each in head[name]] for name in ("prints", "rows")
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadMessage("damaged") from error
    question = Question(*asked_for)
    if len(asked) > limits.apart_rows or len(question.prints) + len(question.rows) > 2 * limits.ranges:
        raise BadMessage("too_large", limit=limits.ranges)
    alike = {name for name, table in replica.tables.items() if declared.get(name) == declared_digest(table)}
    prints = Prints(db, replica.tables, {*asked, *moved})
    return {
        **about, "apart": sorted(map(list, moved)), "unlike": sorted((declared.keys() | replica.tables.keys()) - alike),
        "prints": [_answered(prints, each) if each.part.table in alike else None for each in question.prints],
        "rows": _rows_told(prints, question.rows, limits),
    }  # fmt: skip


def _moved_since(db: Database, tables: Mapping[str, Table], cursors: Mapping[str, int], limits: CompareLimits) -> Apart:
    """The rows about which the hub's log says anything after the asker's cursors."""
    numbers: set[int] = set()
    erased: set[tuple[str, str]] = set()
    for scope, cursor in cursors.items():
        for entry, n in entries_since(db, scope, cursor):
            numbers.add(n)
            if entry.kind == "erase":
                erased.add(erased_row(tables, entry))
            if len(numbers) > limits.apart_rows:
                raise HubMovedOn(rows=len(numbers))
    return {*_rows_of(db, tables, sorted(numbers), limits), *erased}


def _read(replica: Replica, sender: Sender, raw: Sequence[Any], *, of_rows: bool) -> Range:
    """A range as asked for. Raises ValueError for one of a scope that is none of the asker's business."""
    scope, name, kind, low, high = raw
    keys = [low] if high is None else [low, high]
    if scope not in sender.scopes or kind not in (ROWS, HEADS):
        raise ValueError(scope)
    table = replica.tables.get(str(name))
    if table is None and of_rows:
        raise ValueError(name)  # of its print it was told that nothing can be said
    width = 1 if kind == HEADS or table is None else len(table.key)
    for key in keys:
        if not isinstance(key, list) or not all(_is_key_part(v, kind) for v in key) or (key and len(key) != width):
            raise ValueError(key)
    part = Part(str(scope), str(name), str(kind))
    if table is not None and part not in parts_of({table.name: table}, [part.scope]):
        raise ValueError(name)
    return Range(part, tuple(low), None if high is None else tuple(high))


def _is_key_part(value: object, kind: str) -> bool:
    """Text, or of a row also a number that SQLite has; what is kept beside rows has its key as text."""
    return isinstance(value, str) or (kind == ROWS and type(value) is int and INT_MIN <= value <= INT_MAX)


def _answered(prints: Prints, wanted: Range) -> list[Any]:
    found = prints.of(wanted)
    return [found.count, found.hash.hex()]


def _rows_told(prints: Prints, wanted: Sequence[Range], limits: CompareLimits) -> list[list[Any]]:
    """The rows of some ranges, no more than an answer may carry; the asker asks for the rest again."""
    told: list[list[Any]] = []
    count = 0
    for each in wanted:
        if count >= limits.answer_rows:
            break
        rows = prints.rows(each, limits.range_rows)
        count += len(rows)
        told.append([[list(row.key), dict(row.cells), dict(row.versions)] for row in rows])
    return told
