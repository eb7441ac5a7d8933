"""The floor of a pruned node as its node has signed it: what no body can prove any more (C10, C13).

A digest over which changesets are pruned and over all bases, taken when bodies went or a signed snapshot came, and
signed with the node's own key. It does not change when a base is laid down, so `verify` and the next pruning can ask
for it at any time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping

from sqlite_utils import Database

from shared.schema import Table, key_parts, key_text_sql, quoted
from sync.floor import Base, base_of, has_floor, pruned_sql
from sync.heads import state_in
from sync.keys import sign, signed_by
from sync.log import PRUNED
from sync.replica import Replica, set_setting, setting

_STATEMENT = b"tongxin floor 1\0"


def sign_floor(replica: Replica, db: Database) -> None:
    """Sign the floor as it stands. Inside the transaction that changed it."""
    if has_floor(db):
        digest = floor_digest(replica.tables, db)
        set_setting(db, "floor", f"{digest.hex()}/{sign(replica.seed, _STATEMENT + digest).hex()}")


def is_floor_as_signed(replica: Replica, db: Database) -> bool:
    """Whether the floor is the one that was signed. True where nothing was ever pruned; with nothing pending only."""
    digest, _, signature = setting(db, "floor").partition("/")
    if not has_floor(db):
        return True
    now = floor_digest(replica.tables, db)
    try:
        told = bytes.fromhex(signature)
    except ValueError:
        return False
    return digest == now.hex() and signed_by(replica.verify_key, _STATEMENT + now, told)


def floor_digest(tables: Mapping[str, Table], db: Database) -> bytes:
    """SHA-256 over the pruned changesets, then every base in key order, with versions by their hashes."""
    names = {n: hash_.hex() for n, hash_ in db.conn.execute("SELECT n, hash FROM _changeset")}
    total = hashlib.sha256()
    for (hash_,) in db.conn.execute(f"SELECT hash FROM _changeset WHERE {PRUNED} ORDER BY hash"):
        total.update(hash_)
    for table in tables.values():
        plain = dict(_plain(db, table, names))
        for text in _apart(db, table):
            plain[text] = _told(db, table, text, names)
        for text in sorted(plain):
            total.update(f"{table.name}\0{text}\0{plain[text]}\0".encode())
    return total.digest()


def _plain(db: Database, table: Table, names: Mapping[int, str]) -> Iterator[tuple[str, str]]:
    """Rows that are their own base and of which the row tells all."""
    columns, key = ", ".join(quoted(c.name) for c in table.columns), key_text_sql(table)
    rows = db.conn.execute(
        f"SELECT {key}, json_array({columns}), _v, _vx FROM {quoted(table.name)} WHERE {pruned_sql('_v')}"
    )
    for text, values, whole, differing in rows:
        yield text, _row_told(values, whole, differing, names)


def _row_told(values: str, whole: int, differing: str | None, names: Mapping[int, str]) -> str:
    apart = {unit: names[abs(v)] for unit, v in json.loads(differing).items()} if differing else {}
    return f"{values}{names[whole]}{json.dumps(apart, sort_keys=True) if apart else ''}"


def _apart(db: Database, table: Table) -> list[str]:
    """The keys of the other bases: laid down, or told by heads and deletes too."""
    rows = db.conn.execute(
        "SELECT k FROM _base WHERE t = ?1 UNION SELECT k FROM _head AS h WHERE t = ?1 AND"
        f" {pruned_sql('h.v')} UNION SELECT k FROM _delete AS d WHERE t = ?1 AND {pruned_sql('d.v')}",
        (table.name,),
    )
    return [text for (text,) in rows]


def _told(db: Database, table: Table, text: str, names: Mapping[int, str]) -> str:
    base = base_of(db, table, key_parts(table, text)) or _standing(db, table, text)
    if base.row is not None and not base.heads and not base.deletes:
        values = json.dumps(list(base.row[:-2]), ensure_ascii=False, separators=(",", ":"))
        differing = base.row[-1]
        return _row_told(values, int(str(base.row[-2])), None if differing is None else str(differing), names)
    state = state_in(db, table, key_parts(table, text), base)
    heads = sorted(
        (unit, names[head.version], head.values, head.weight, head.deleted)
        for unit, found in state.heads.items()
        for head in found.values()
    )
    return json.dumps([heads, sorted(names[v] for v in state.deletes)], ensure_ascii=False)


def _standing(db: Database, table: Table, text: str) -> Base:
    """A row that is its own base, in the parts in which it is stored."""
    where = " AND ".join(f"{quoted(name)} = ?" for name in table.key)
    columns = ", ".join(quoted(c.name) for c in table.columns)
    row = db.conn.execute(
        f"SELECT {columns}, _v, _vx FROM {quoted(table.name)} WHERE {where}", key_parts(table, text)
    ).fetchone()
    heads = db.conn.execute("SELECT u, v, value, weight, deleted FROM _head WHERE t = ? AND k = ?", (table.name, text))
    deletes = db.conn.execute("SELECT v FROM _delete WHERE t = ? AND k = ?", (table.name, text))
    return Base(row, heads.fetchall(), [v for (v,) in deletes])
