"""Pull: entries of the hub's log, scope by scope, with the changesets the node lacks.

Hub half: `news`. Node half: `take_news`. A changeset of the asking node itself comes as its entry alone: the
receipt or the refusal. Somebody else's refused changeset comes as a hole: header and body hash.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlite_utils import Database

from sync.chain import HASH8
from sync.change import Changeset, State
from sync.entries import HubEntry, scope_end, store_entries
from sync.erasure import without_erased
from sync.errors import BadMessage
from sync.floor import is_pruned
from sync.floor_proof import sign_floor
from sync.heads import redecide
from sync.hub_log import Record, log_of
from sync.journal import apply_changesets, keys_in, recompute_rows
from sync.log import logged, origin_number, pack_parts
from sync.opened import Readings, open_changeset
from sync.replica import Replica, current_origin
from sync.steps.erase import take_erasure
from sync.steps.push import FrameSize
from sync.steps.receive import Arrival, receive
from sync.steps.vouch import Ends, check_ends, check_tops, extend, signature_of, signed_top, vouched
from sync.wire import PieceReader, changeset_from, changeset_pieces


@dataclass(frozen=True)
class Asker:
    """The node that asks, and up to where it holds its own streams ("origin/scope" → seq): a node restored
    from a backup is given back what it once wrote (C10)."""

    node: str
    held: Mapping[str, int]


@dataclass
class News:
    """An answer's entries and pieces under construction."""

    entries: list[list[Any]] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)
    ends: Ends = field(default_factory=dict)
    rows: int = 0
    bytes: int = 0
    more: bool = False


def news(
    replica: Replica, db: Database, asker: Asker, cursors: Mapping[str, int], size: FrameSize
) -> tuple[dict[str, Any], list[bytes]]:
    """Hub half: what comes after the cursors, in the order of `cursors` (important scopes first)."""
    found = News()
    tops: dict[str, Any] = {}
    for scope, cursor in cursors.items():
        top = cursor
        if not found.more:
            for record in log_of(db).read_since(scope, cursor):
                if _full(found, size) and not _inside_stretch(replica, db, found, record.entry):
                    found.more = True
                    break
                _add(asker, found, record)
                top = record.entry.hub_seq
        if top != cursor:
            tops[scope] = top
    proven = [(end, *vouched(replica, db, end)) for ends in found.ends.values() for end in ends.values()]
    signed_scopes = {scope: signed_top(replica, db, scope, top) for scope, top in tops.items()}
    signed = [[end.origin, end.scope, end.seq, len(tail) // 2] for end, tail, _ in proven]
    head = {"e": found.entries, "h": signed, "t": tops, "more": found.more}
    proofs = [piece for _, tail, signature in proven for piece in (*tail, signature)]
    pieces = [*found.pieces, *proofs, *signed_scopes.values()]
    return head, pieces


def _full(found: News, size: FrameSize) -> bool:
    return found.rows >= size.rows or found.bytes >= size.bytes or len(found.entries) >= size.rows


def _inside_stretch(replica: Replica, db: Database, found: News, entry: HubEntry) -> bool:
    """A node's stretch is relayed whole where possible: its end is signed. Our own can be signed anywhere."""
    if entry.origin.split(".", 1)[0] == replica.node:
        return False
    ends = found.ends.get((entry.origin, entry.scope), {}).values()
    return entry.kind == "receipt" and any(signature_of(db, end) is None for end in ends)


def _add(asker: Asker, found: News, record: Record) -> None:
    entry = record.entry
    held = asker.held.get(f"{entry.origin}/{entry.scope}", 0) if entry.origin.split(".", 1)[0] == asker.node else 0
    own = entry.seq <= held or entry.kind in ("erase", "redate")
    count: int | None = None
    if not own:
        changeset = record.changeset()
        if entry.verdict == "refused" and entry.origin.split(".", 1)[0] != asker.node:
            changeset = replace(changeset, parts=None)
        count, pieces = changeset_pieces(changeset)
        found.pieces += [changeset.prev[:HASH8], *pieces]
        found.bytes += sum(map(len, pieces))
        if entry.kind == "receipt":
            extend(found.ends, changeset)
    found.entries.append(
        [entry.scope, entry.hub_seq, entry.kind, entry.origin, entry.seq, entry.hash8.hex(), entry.received_at,
         entry.effective, entry.verdict, entry.reason, entry.data, count]
    )  # fmt: skip
    found.rows += record.rows


def asides(db: Database, pushed: Iterable[tuple[str, str, int, bytes]]) -> list[list[Any]]:
    """Hub half: the verdicts on what the asker pushed (origin, scope, seq, hash) into scopes it does not hold, and
    whose log it never gets."""
    found = []
    for origin, scope, seq, hash_ in pushed:
        row = db.conn.execute(
            "SELECT c.hub_seq, c.received_at, e.reason, e.reason_data FROM _changeset AS c JOIN _origin AS o USING (o)"
            " JOIN _entry AS e ON e.hub_seq = c.hub_seq WHERE name = ? AND c.scope = ? AND seq = ? AND hash = ?",
            (origin, scope, seq, hash_),
        ).fetchone()
        if row is not None:
            found.append([origin, scope, seq, hash_[:HASH8].hex(), *row])
    return found


def take_asides(replica: Replica, db: Database, head: Mapping[str, Any]) -> None:
    """Node half: the verdicts on what was pushed into other scopes, where no entries come with them."""
    _take_out(replica, db, _take_asides(db, head.get("x", ())))


def _take_asides(db: Database, raw: Sequence[Any]) -> list[int]:
    """Node half: what was refused for its scope is received and refused; the numbers still to be taken out."""
    refused = []
    for item in raw:
        try:
            origin, scope, seq, hash8, hub_seq, received, reason, data = item
            about = HubEntry(
                int(hub_seq), str(scope), "receipt", str(origin), int(seq), bytes.fromhex(hash8), int(received), 0,
                "refused", str(reason), str(data),
            )  # fmt: skip
        except (TypeError, ValueError) as error:
            raise BadMessage("damaged") from error
        n = find_version_any(db, about)
        db.conn.execute(
            "UPDATE _changeset SET hub_seq = ?, received_at = ?, reason = ?, reason_data = ? WHERE n = ?",
            (about.hub_seq, about.received_at, about.reason, about.data, n),
        )
        if _state(db, n) == "applied":
            refused.append(n)
    return refused


@dataclass
class Taken:
    """What a node did with an answer."""

    changesets: int = 0
    rows: int = 0
    refused: int = 0
    rows_by_path: int = 0
    behind_itself: bool = False


def take_news(
    replica: Replica, db: Database, head: Mapping[str, Any], reader: PieceReader, keys: Mapping[str, bytes]
) -> Taken:
    """Node half, inside one transaction: log, receipts, rows and cursors move together (C11).

    `keys`: node → public key, the hub's under its own name. Raises BadMessage and leaves everything as it was.
    """
    entries, changesets = read_entries(db, head.get("e", ()), reader)
    received = [c for e, c in zip(entries, changesets, strict=True) if c is not None and e.kind == "receipt"]
    check_ends(db, head.get("h", ()), reader, received, keys)
    taken = Taken()
    fresh = _not_yet_taken(db, entries, changesets)
    entries = [entry for entry, _ in fresh]
    arrivals = [_arrival(e, c) for e, c in fresh if c is not None and e.kind == "receipt"]
    let_in = [(entry, changeset) for entry, changeset in fresh if entry.kind == "release"]
    bodies = {entry.hub_seq: changeset for entry, changeset in fresh}
    refused: list[int] = []
    readings = Readings(db)
    ready = receive(replica, db, arrivals, readings)
    own = current_origin(db)[1]
    about = logged(db, ready)
    taken.behind_itself = any(one.origin == own for one in about.values())
    apply = [readings.opened(n) for n in ready if about[n].state == State.APPLIED.value]
    applied = apply_changesets(db, replica.tables, apply)
    taken.changesets, taken.rows, taken.rows_by_path = len(ready), applied.rows, applied.rows_by_path
    told = _store_told(db, entries)
    refused += told.refused
    # Another verdict than the one a restored hub had given once, and lost (C11).
    let_in += [(entry, bodies[entry.hub_seq]) for entry in told.let_in]
    check_tops(db, head.get("t", {}), reader, keys)
    refused += _take_asides(db, head.get("x", ()))
    _take_out(replica, db, refused)
    _put_in(replica, db, let_in)
    for entry in entries:
        if entry.kind == "erase":
            take_erasure(db, replica.tables, entry)
    redecide(db, replica.tables, told.moved)
    taken.refused = len(refused)
    if any(entry.kind == "erase" for entry in entries):
        sign_floor(replica, db)
    return taken


@dataclass
class _Told:
    """What entries said of changesets that are here: those whose stamp fell, which are refused or let in now."""

    moved: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    let_in: list[HubEntry] = field(default_factory=list)


def _store_told(db: Database, entries: Sequence[HubEntry]) -> _Told:
    """Write down what the hub said, entry after entry. Raises BadMessage for a changeset that is not here."""
    told, numbers = _Told(), _numbers_of(db, entries)
    rows = db.conn.execute(
        "SELECT n, effective, CASE WHEN parts IS NULL AND state = 'applied' THEN 'pruned'"
        " WHEN state = 'waiting' THEN coalesce(due, 'applied') ELSE state END"
        " FROM _changeset WHERE n IN (SELECT value FROM json_each(?))",
        (json.dumps(numbers),),
    )
    # The state that a verdict gave; a changeset that waits takes it when what it needs is here. A pruned one was let in
    # by entries that a backup covers: a hub restored from it tells them again, the earlier refusal too, and that moves
    # nothing (C13).
    about = {n: (effective, stands) for n, effective, stands in rows}
    for entry, n in zip(entries, numbers, strict=True):
        effective, stands = about[n]
        # A winner can only change where a stamp does: for most receipts it does not.
        if entry.effective < effective:
            told.moved.append(n)
            about[n] = (entry.effective, stands)
        if entry.kind == "receipt" and entry.verdict == "refused" and stands == "applied":
            told.refused.append(n)
        elif entry.kind == "receipt" and entry.verdict == "accepted" and stands in ("quarantined", "hole"):
            told.let_in.append(entry)
    store_entries(db, list(zip(entries, numbers, strict=True)))
    return told


def _numbers_of(db: Database, entries: Sequence[HubEntry]) -> list[int]:
    """The changeset each entry is about. Raises BadMessage("unknown_changeset")."""
    names = [[each.origin, each.scope, each.seq, each.hash8.hex()] for each in entries]
    rows = db.conn.execute(
        "SELECT j.key, c.n FROM json_each(?) AS j CROSS JOIN _origin ON name = json_extract(j.value, '$[0]')"
        " CROSS JOIN _changeset AS c ON c.o = _origin.o AND c.scope = json_extract(j.value, '$[1]')"
        " AND c.seq = json_extract(j.value, '$[2]')"
        " AND lower(hex(substr(c.hash, 1, ?))) = json_extract(j.value, '$[3]')",
        (json.dumps(names), HASH8),
    )
    found = dict(rows.fetchall())
    missing = next((each for at, each in enumerate(entries) if at not in found), None)
    if missing is not None:
        raise BadMessage("unknown_changeset", origin=missing.origin, seq=str(missing.seq))
    return [found[at] for at in range(len(entries))]


def _not_yet_taken(
    db: Database, entries: Sequence[HubEntry], changesets: Sequence[Changeset | None]
) -> list[tuple[HubEntry, Changeset | None]]:
    """What an answer says beyond what is here: one that comes twice, or late, says nothing new (C11)."""
    ends = {scope: scope_end(db, scope)[0] for scope in {entry.scope for entry in entries}}
    return [(e, c) for e, c in zip(entries, changesets, strict=True) if e.hub_seq > ends[e.scope]]


def _arrival(entry: HubEntry, changeset: Changeset) -> Arrival:
    """Somebody else's refused changeset is a hole; our own, given back after a restore, has its values."""
    refused = State.HOLE if changeset.parts is None else State.QUARANTINED
    return Arrival(changeset, entry.effective, State.APPLIED if entry.verdict == "accepted" else refused)


def read_entries(
    db: Database, raw: Sequence[Any], reader: PieceReader
) -> tuple[list[HubEntry], list[Changeset | None]]:
    """Entries as they travel, each with its changeset where it comes along; every hash is computed here.

    Raises BadMessage: "damaged", "bad_chain" (not what the entry names, or its predecessor is not here).
    """
    entries: list[HubEntry] = []
    changesets: list[Changeset | None] = []
    chain: dict[tuple[str, str, int, bytes], bytes] = {}
    for item in raw:
        try:
            scope, hub_seq, kind, origin, seq, hash8, received, effective, verdict, reason, data, count = item
            entry = HubEntry(
                int(hub_seq), str(scope), str(kind), str(origin), int(seq), bytes.fromhex(hash8), int(received),
                int(effective), str(verdict), str(reason), str(data),
            )  # fmt: skip
        except (TypeError, ValueError, OverflowError) as error:
            raise BadMessage("damaged") from error
        changeset = None
        if count is not None:
            [prev8] = reader.take()
            prev = chain.get((entry.origin, entry.scope, entry.seq - 1, prev8)) or _full_prev(db, entry, prev8)
            changeset = changeset_from(reader, entry.origin, entry.scope, entry.seq, prev, int(count))
            if changeset.hash[:HASH8] != entry.hash8:
                raise BadMessage("bad_chain", stream=f"{entry.origin}/{entry.scope}", seq=str(entry.seq))
            chain[entry.origin, entry.scope, entry.seq, entry.hash8] = changeset.hash
        entries.append(entry)
        changesets.append(changeset)
    return entries, changesets


def _full_prev(db: Database, entry: HubEntry, prev8: bytes) -> bytes:
    if entry.seq == 1:
        return bytes(32)
    row = db.conn.execute(
        "SELECT hash FROM _changeset JOIN _origin USING (o) WHERE name = ? AND scope = ? AND seq = ?"
        " AND substr(hash, 1, ?) = ?",
        (entry.origin, entry.scope, entry.seq - 1, HASH8, prev8),
    ).fetchone()
    if row is None:
        raise BadMessage("bad_chain", stream=f"{entry.origin}/{entry.scope}", seq=str(entry.seq))
    found: bytes = row[0]
    return found


def find_version_any(db: Database, entry: HubEntry) -> int:
    """The changeset an entry is about. Raises BadMessage when it is not here."""
    row = db.conn.execute(
        "SELECT n FROM _changeset WHERE o = ? AND scope = ? AND seq = ? AND substr(hash, 1, ?) = ?",
        (origin_number(db, entry.origin), entry.scope, entry.seq, HASH8, entry.hash8),
    ).fetchone()
    if row is None:
        raise BadMessage("unknown_changeset", origin=entry.origin, seq=str(entry.seq))
    return int(row[0])


def _state(db: Database, n: int) -> str:
    return str(db.conn.execute("SELECT state FROM _changeset WHERE n = ?", (n,)).fetchone()[0])


def _take_out(replica: Replica, db: Database, numbers: Sequence[int]) -> None:
    """Un-apply what the hub refused: our own is offered for re-entry, others' is a hole like any other (C9). The
    values stay in the log."""
    for n in numbers:
        opened = open_changeset(db, n)
        own = db.conn.execute("SELECT node FROM _changeset JOIN _origin USING (o) WHERE n = ?", (n,)).fetchone()[0]
        out = (State.QUARANTINED if own == replica.node else State.HOLE).value
        # One that waits goes there when what it needs is here.
        db.conn.execute("UPDATE _changeset SET due = ? WHERE n = ? AND state = 'waiting'", (out, n))
        db.conn.execute("UPDATE _changeset SET state = ? WHERE n = ? AND state <> 'waiting'", (out, n))
        recompute_rows(db, replica.tables, opened.scope, keys_in(replica.tables, [opened]))


def _put_in(replica: Replica, db: Database, let_in: Sequence[tuple[HubEntry, Changeset | None]]) -> None:
    """Apply what a person released or another verdict let in: a hole gets its body, a quarantined one its place."""
    for entry, changeset in let_in:
        n = find_version_any(db, entry)
        if is_pruned(db, n):
            continue  # it is in, and what it left is in the floor: a body would be folded in twice
        if changeset is not None and changeset.parts is not None:
            parts = without_erased(db, replica.tables, changeset).parts
            db.conn.execute("UPDATE _changeset SET parts = ? WHERE n = ?", (pack_parts(parts), n))
        elif db.conn.execute("SELECT parts IS NULL FROM _changeset WHERE n = ?", (n,)).fetchone()[0]:
            raise BadMessage("bad_body")  # `held` told the hub that we have none
        if _state(db, n) == "waiting":
            db.conn.execute("UPDATE _changeset SET due = 'applied' WHERE n = ?", (n,))
            continue  # it goes in when what it needs is here
        db.conn.execute("UPDATE _changeset SET state = 'applied' WHERE n = ?", (n,))
        opened = open_changeset(db, n)
        recompute_rows(db, replica.tables, opened.scope, keys_in(replica.tables, [opened]))
