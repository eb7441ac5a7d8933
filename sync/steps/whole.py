"""Whole: the parts of one action belong together, and the hub's word for one vouches for the others (C9, C11).

Each scope has a log of its own, so the nodes that give back to a restored hub may give the parts of one action one by
one. The accepted receipt of a part and its release therefore name, by their whole hashes, the other parts that went in
with it (`with`). The hub has signed that itself: what it names is let in without being judged anew, and no node can put
another part in its place.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from sync.entries import data_text, receipt_time
from sync.hub_log import Receipt, Word, log_of
from sync.journal import keys_in, recompute_rows
from sync.log import read_changeset
from sync.opened import open_changeset
from sync.replica import Replica


def parts_with(db: Database, numbers: Sequence[int], entering: Sequence[int] = ()) -> dict[int, dict[str, str]]:
    """What the entries that let these changesets in say of the other parts of their actions, as data; only those
    that have any are in it. The other parts are those that stand, and those of `entering`."""
    rows = db.conn.execute(
        "SELECT one.n, lower(hex(other.hash)) FROM _changeset AS one JOIN _changeset AS other"
        " ON other.action = one.action AND other.o = one.o AND other.n <> one.n"
        " WHERE one.action_size > 1 AND one.n IN (SELECT value FROM json_each(?))"
        " AND (other.state = 'applied' OR other.n IN (SELECT value FROM json_each(?)))"
        " ORDER BY other.scope, other.hash",
        (json.dumps(list(numbers)), json.dumps(list(entering))),
    )
    found: dict[int, list[str]] = defaultdict(list)
    for n, hash_ in rows:
        found[n].append(hash_)
    return {n: {"with": ",".join(hashes)} for n, hashes in found.items()}


@dataclass(frozen=True)
class Said:
    """What the hub once said when it let a part in with another: in its receipt, or in the release by people."""

    kind: str
    data: dict[str, str]


def word_for(db: Database, n: int) -> Said | None:
    """The entry by which another part of the action went in here, if it names this very changeset."""
    rows = db.conn.execute(
        "SELECT other.n, one.hash FROM _changeset AS one JOIN _changeset AS other"
        " ON other.action = one.action AND other.o = one.o AND other.n <> one.n"
        " WHERE one.n = ? AND one.action_size > 1 AND other.state = 'applied' AND other.hub_seq IS NOT NULL",
        (n,),
    ).fetchall()
    if not rows:
        return None  # as ever, but where parts came one by one: then the whole log may be read
    said = db.conn.execute(
        "SELECT kind, reason_data FROM _entry WHERE n IN (SELECT value FROM json_each(?))"
        " AND (kind = 'release' OR (kind = 'receipt' AND verdict = 'accepted')) ORDER BY hub_seq",
        (json.dumps([other for other, _ in rows]),),
    )
    words = (Said(kind, json.loads(data)) for kind, data in said)
    return next((word for word in words if rows[0][1].hex() in word.data.get("with", "").split(",")), None)


def let_in(replica: Replica, db: Database, numbers: Sequence[int], about: Mapping[str, str]) -> None:
    """Let quarantined changesets in: an entry in the log of each scope, and their rows anew."""
    now, log = receipt_time(replica, db), log_of(db)
    parts = parts_with(db, numbers, numbers)
    for n in numbers:
        data = data_text({**about, **parts.get(n, {})})
        log.append([Word(read_changeset(db, n), Receipt(now, "release", reason="released", data=data))])
    for n in numbers:
        opened = open_changeset(db, n)
        recompute_rows(db, replica.tables, opened.scope, keys_in(replica.tables, [opened]))


def let_in_the_rest(replica: Replica, db: Database) -> None:
    """At the hub, after parts came one by one: what is in quarantine and went in with another part once, goes in."""
    halves = db.conn.execute(
        # The first condition is for the index of these few rows.
        "SELECT DISTINCT one.n FROM _changeset AS one JOIN _changeset AS other"
        " ON other.action = one.action AND other.o = one.o AND other.n <> one.n"
        " WHERE one.state <> 'applied' AND one.state = 'quarantined' AND one.action_size > 1"
        " AND other.state = 'applied' AND other.hub_seq IS NOT NULL ORDER BY one.n"
    ).fetchall()
    for (n,) in halves:
        word = word_for(db, n)
        if word is not None:
            by = word.data.get("by")
            let_in(replica, db, [n], {"by": by} if by else {"because": "whole_action"})
