"""Take back, the hub's half of giving back: what a node of a former epoch gives is adopted as it stands (C6, C11).

Nothing is judged anew: every entry is one that this hub once signed. Where its log simply goes on, the entries are
the very same again; else each is issued anew with its old receipt. What another node gave back before, or what was
judged anew meanwhile, is passed over; of two receipts the smaller stamp holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlite_utils import Database

from sync.body import NUMBER_MAX, decode_header
from sync.chain import HASH8, entry_hash, scope_statement
from sync.change import Changeset
from sync.entries import HubEntry
from sync.erasure import is_dead, without_erased
from sync.errors import BadMessage
from sync.heads import redecide
from sync.hub_log import ChangesetLog, Receipt, Word, log_of
from sync.journal import apply_changesets, keys_in, recompute_rows
from sync.keys import signed_by
from sync.log import read_changeset
from sync.opened import open_changeset
from sync.replica import Replica, set_setting, setting
from sync.steps.erase import erased_row, take_erasure
from sync.steps.fill import take_bodies, wanted
from sync.steps.hello import peer_keys
from sync.steps.judge import Sender
from sync.steps.pull import read_entries
from sync.steps.receive import count_rows, fill_hole, is_complete
from sync.steps.vouch import ends_of, head_signed, keep_head, sign_end, signature_of, signed_top
from sync.steps.whole import let_in_the_rest
from sync.wire import PieceReader, bytes_of, text_rows

_ENTRY_NUMBERS, _ENTRY_TEXTS, _ENTRY_FIELDS = (1, 4, 6, 7), (0, 2, 3, 5, 8, 9, 10), 12


def take_back(
    replica: Replica, db: Database, sender: Sender, head: Mapping[str, Any], reader: PieceReader
) -> tuple[dict[str, Any], list[bytes]]:
    """Inside one transaction: adopt what a node of a former epoch gives back, and tell it where the log
    stands. What was adopted before, or judged anew meanwhile, is passed over.

    Raises BadMessage: "foreign_scope", "bad_log" (not what the hub once signed), "bad_signature", "bad_chain",
    "unknown_changeset", "out_of_order", "bad_body", "damaged".
    """
    given = head.get("gives")
    if isinstance(given, dict) and given.get("to") == setting(db, "epoch"):
        told = _proven(replica, db, sender, given, reader)
        _adopt(replica, db, sender, told, (given, reader))
    places, signatures = {}, []
    for scope in ("con", *sorted(sender.scopes - {"con"})):
        found = _sample(log_of(db), scope)
        places[scope] = [[hub_seq, log_hash[:HASH8].hex()] for hub_seq, log_hash in found]
        signatures += [signed_top(replica, db, scope, hub_seq) for hub_seq, _ in found]
    return {"places": places, "wanted": wanted(db, sender.node, replica.limits.frame_rows)}, signatures


def _sample(log: ChangesetLog, scope: str) -> list[tuple[int, bytes]]:
    """Places of the log in one scope: the last, those at or below 1, 2, 4, 8 … numbers before it, and the first."""
    last, _ = log.heads(scope)[scope]
    first = next(iter(log.read_since(scope, 0)), None)
    if first is None:
        return []
    backs = (0, *(1 << i for i in range((last - first.entry.hub_seq).bit_length())))
    found = [log.heads(scope, until=last - back)[scope] for back in backs]
    return [*dict.fromkeys([*found, (first.entry.hub_seq, first.log_hash)])]


@dataclass(frozen=True)
class Told:
    """An entry that the hub once signed, its changeset where it came along, and the log's hash before it."""

    entry: HubEntry
    changeset: Changeset | None
    prev: bytes


def _proven(
    replica: Replica, db: Database, sender: Sender, given: Mapping[str, Any], reader: PieceReader
) -> list[Told]:
    """Check every stretch against the hub's own signature; nothing is stored before all of them hold."""
    raw, cuts = given.get("e"), given.get("g")
    if not isinstance(raw, list) or not isinstance(cuts, list) or not all(map(_is_entry, raw)):
        raise BadMessage("damaged")
    entries, changesets = read_entries(db, raw, reader)
    hashes = {(c.origin, c.scope, c.seq, c.hash[:HASH8]): c.hash for c in changesets if c is not None}
    given_back = list(zip(entries, changesets, strict=True))
    told: list[Told] = []
    for cut in cuts:
        if not (isinstance(cut, list) and [*map(type, cut)] == [str, int] and cut[1] > 0):
            raise BadMessage("damaged")
        stretch = given_back[len(told) : len(told) + cut[1]]
        if {entry.scope for entry, _ in stretch} != {cut[0]}:
            raise BadMessage("damaged")
        if cut[0] not in sender.scopes:
            raise BadMessage("foreign_scope", scope=str(cut[0]))
        prev, signature = reader.take(2)
        for entry, changeset in stretch:
            told.append(Told(entry, changeset, prev))
            prev = entry_hash(prev, entry.hashed(_whole_hash(db, hashes, entry)))
        statement = scope_statement(str(cut[0]), stretch[-1][0].hub_seq, prev)
        if not signed_by(replica.verify_key, statement, signature):
            raise BadMessage("bad_log", scope=str(cut[0]))
    if len(told) != len(entries):
        raise BadMessage("damaged")
    return told


def _is_entry(item: object) -> bool:
    if not isinstance(item, list) or len(item) != _ENTRY_FIELDS:
        return False
    try:
        [item[i].encode() for i in _ENTRY_TEXTS]  # what is no UTF-8 ends here
        numbers = [item[i] for i in _ENTRY_NUMBERS] + ([] if item[11] is None else [item[11] + 1])
    except (AttributeError, TypeError, UnicodeEncodeError):
        return False
    return all(type(number) is int and 0 <= number <= NUMBER_MAX for number in numbers)


def _whole_hash(db: Database, hashes: Mapping[tuple[str, str, int, bytes], bytes], entry: HubEntry) -> bytes:
    known = hashes.get((entry.origin, entry.scope, entry.seq, entry.hash8))
    if known is not None:
        return known
    n = _number(db, entry)
    if n is None:
        raise BadMessage("unknown_changeset", origin=entry.origin, seq=str(entry.seq))
    return read_changeset(db, n).hash


def _number(db: Database, entry: HubEntry) -> int | None:
    row = db.conn.execute(
        "SELECT n FROM _changeset JOIN _origin USING (o) WHERE name = ? AND scope = ? AND seq = ?"
        " AND substr(hash, 1, ?) = ?",
        (entry.origin, entry.scope, entry.seq, HASH8, entry.hash8),
    ).fetchone()
    return int(row[0]) if row else None


@dataclass
class Adopted:
    """What one frame changed here: changesets to apply, to let in after all, whose stamps moved, rows to erase."""

    applied: list[int] = field(default_factory=list)
    reopened: list[int] = field(default_factory=list)
    moved: list[int] = field(default_factory=list)
    stored: list[Changeset] = field(default_factory=list)
    erased: list[HubEntry] = field(default_factory=list)


def _adopt(
    replica: Replica, db: Database, sender: Sender, told: Sequence[Told], frame: tuple[Mapping[str, Any], PieceReader]
) -> None:
    adopted = Adopted()
    given, reader = frame
    for one in told:
        n = _number(db, one.entry)
        if n is not None and one.changeset is not None:
            fill_hole(db, replica, one.changeset)
        elif n is None and one.changeset is None:
            raise BadMessage("unknown_changeset", origin=one.entry.origin, seq=str(one.entry.seq))
        _adopt_entry(replica, db, adopted, one, n)
    apply_changesets(db, replica.tables, [open_changeset(db, n) for n in adopted.applied])
    for n in adopted.reopened:
        opened = open_changeset(db, n)
        recompute_rows(db, replica.tables, opened.scope, keys_in(replica.tables, [opened]))
    for entry in adopted.erased:
        take_erasure(db, replica.tables, entry)
    redecide(db, replica.tables, adopted.moved)
    _take_heads(replica, db, given.get("h"), reader)
    for end in ends_of(adopted.stored):
        if signature_of(db, end) is None:
            keep_head(db, end.origin, end.scope, (end.seq, end.hash), sign_end(replica, end))
    take_bodies(replica, db, sender.node, given.get("b"), reader)
    let_in_the_rest(replica, db)


def _adopt_entry(replica: Replica, db: Database, adopted: Adopted, one: Told, n: int | None) -> None:
    state, hub_seq, hollow = db.conn.execute(
        "SELECT state, hub_seq, parts IS NULL FROM _changeset WHERE n = ?", (n,)
    ).fetchone() or ("", None, False)
    entry = one.entry
    if entry.kind == "receipt" and hub_seq is None:
        n = _adopt_verdict(replica, db, adopted, one, n)
    elif n is None or (hub_seq is None and entry.kind != "erase"):
        raise BadMessage("out_of_order", origin=entry.origin, seq=str(entry.seq))
    elif entry.kind == "release" and state in ("quarantined", "hole"):
        if hollow:
            raise BadMessage("bad_body")
        _issue_again(db, one, read_changeset(db, n))
        adopted.reopened.append(n)
    elif entry.kind == "erase":
        known = entry.data in {other.data for other in adopted.erased}
        if not known and not is_dead(db, *erased_row(replica.tables, entry)):
            _issue_again(db, one, read_changeset(db, n))
            adopted.erased.append(entry)
    elif entry.kind in ("receipt", "redate"):
        _redate(db, one, n)
    adopted.moved.append(n)


def _adopt_verdict(replica: Replica, db: Database, adopted: Adopted, one: Told, n: int | None) -> int:
    """A changeset without a receipt here gets the one it had; its local number."""
    changeset = one.changeset if n is None else read_changeset(db, n)
    if changeset is None or not is_complete(db, changeset, decode_header(changeset.header)):
        raise BadMessage("out_of_order", origin=one.entry.origin, seq=str(one.entry.seq))
    if one.entry.verdict == "accepted" and changeset.parts is None:
        # The node has pruned it: a newer backup than this copy covers it (C13).
        raise BadMessage("body_pruned", origin=one.entry.origin, scope=one.entry.scope, seq=str(one.entry.seq))
    if n is None:
        count_rows(changeset, replica.limits.changeset_rows)
        adopted.stored.append(changeset)
        changeset = without_erased(db, replica.tables, changeset)
    _issue_again(db, one, changeset)
    found = _number(db, one.entry) if n is None else n
    if found is None:
        raise BadMessage("unknown_changeset", origin=one.entry.origin, seq=str(one.entry.seq))
    if one.entry.verdict == "accepted":
        adopted.applied.append(found)
    return found


def _issue_again(db: Database, one: Told, changeset: Changeset) -> None:
    """An entry of a former log becomes one of this log: the very same where this log ends where that one stood."""
    told = one.entry
    former = (told.hub_seq, one.prev)
    word = Receipt(told.received_at, told.kind, told.verdict, told.reason, told.data, told.effective, former)
    log_of(db).append([Word(changeset, word)])
    clock = max(told.received_at, int(setting(db, "last_receipt_ms", "0")))
    set_setting(db, "last_receipt_ms", str(clock))


def _redate(db: Database, one: Told, n: int) -> None:
    """Of several receipts of a changeset the smallest stamp holds (C6): all the holders of the scope must know."""
    effective, reason, data, verdict = db.conn.execute(
        "SELECT c.effective, c.reason, c.reason_data, e.verdict FROM _changeset AS c"
        " JOIN _entry AS e ON e.hub_seq = c.hub_seq WHERE c.n = ?",
        (n,),
    ).fetchone()
    if one.entry.effective < effective:
        entry = replace(one.entry, kind="redate", verdict=verdict, reason=reason or "", data=data or "{}")
        _issue_again(db, replace(one, entry=entry, prev=b""), read_changeset(db, n))


def _take_heads(replica: Replica, db: Database, raw: object, reader: PieceReader) -> None:
    """Keep the writers' signatures. One by a node that the copy does not know proves nothing here."""
    keys = {**peer_keys(db), "hub": replica.verify_key}
    for origin, scope, hash_ in text_rows(raw, 3):
        [signature] = reader.take()
        row = db.conn.execute(
            "SELECT seq, hash FROM _changeset JOIN _origin USING (o) WHERE name = ? AND scope = ? AND hash = ?",
            (origin, scope, bytes_of(hash_)),
        ).fetchone()
        if row is None:
            raise BadMessage("unknown_changeset", origin=origin)
        if head_signed(keys, origin, scope, (row[0], row[1]), signature):
            keep_head(db, origin, scope, (row[0], row[1]), signature)
        elif origin.split(".", 1)[0] in keys:
            raise BadMessage("bad_signature", stream=f"{origin}/{scope}")
