"""Erase: a fact in the hub's log that beats every edit, earlier or later (C10)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlite_utils import Database

from shared.clock import instant_text
from shared.database import transaction
from shared.errors import InvalidInput, NotFound, Problem
from shared.schema import Table, key_parts, key_text
from sync.capture import commit_pending
from sync.change import LOCAL_OPERATOR, Author
from sync.entries import HubEntry, data_text, receipt_time
from sync.erasure import forget, touching
from sync.errors import BadMessage
from sync.hub_log import Receipt, Word, log_of
from sync.log import read_changeset
from sync.opened import Key
from sync.replica import Replica


def erase(db: Database, replica: Replica, record: type, key: Key, *, by: str) -> HubEntry:
    """At the hub: erase a row by law. `by` names who ordered it and why; it travels to every holder.

    Raises InvalidInput for a record that is not erasable, NotFound for a key nobody ever wrote.
    """
    table = next(t for t in replica.tables.values() if t.record is record)
    if not table.declaration.erasable:
        raise InvalidInput(Problem(table.name, "not_erasable"))
    with transaction(db):
        commit_pending(replica, db, Author(LOCAL_OPERATOR))
        n = touching(db, table, key)
        if n is None:
            raise NotFound(table=table.name, key=key_text(key))
        data = {"table": table.name, "key": key_text(key), "by": by}
        word = Receipt(receipt_time(replica, db), "erase", reason="erased", data=data_text(data))
        [entry] = log_of(db).append([Word(read_changeset(db, n), word)])
        forget(db, replica.tables, entry.scope, table.name, key_text(key))
    return entry


@dataclass(frozen=True)
class Erasure:
    """An erasure that stands in the hub's log. log_hash (hex): the hash of the scope's log there, which the hub
    signs and every holder keeps: the proof that it was ordered, and that nothing was slipped in since."""

    hub_seq: int
    scope: str
    table: str
    key: str
    by: str
    instant: str
    log_hash: str


def erasures(db: Database, *, table: str | None = None, key: Key = ()) -> Iterator[Erasure]:
    """The erasures of the log, newest first; of one row where `table` and `key` name it."""
    rows = db.conn.execute(
        "SELECT hub_seq, scope, reason_data, received_at, log_hash FROM _entry WHERE kind = 'erase'"
        " ORDER BY hub_seq DESC"
    ).fetchall()
    for hub_seq, scope, data, received_at, log_hash in rows:
        told = json.loads(data)
        if table is None or (told["table"], told["key"]) == (table, key_text(key)):
            when = instant_text(received_at)
            yield Erasure(hub_seq, scope, told["table"], told["key"], told["by"], when, log_hash.hex())


def take_erasure(db: Database, tables: Mapping[str, Table], entry: HubEntry) -> None:
    """Carry out an erasure that the hub's log tells of."""
    forget(db, tables, entry.scope, *erased_row(tables, entry))


def erased_row(tables: Mapping[str, Table], entry: HubEntry) -> tuple[str, str]:
    """The row that an erasure is about, as table name and key text. Raises BadMessage("damaged")."""
    try:
        told = json.loads(entry.data)
        name, text = str(told["table"]), str(told["key"])
        if name in tables:
            key_parts(tables[name], text)
    except (ValueError, KeyError, TypeError) as error:
        raise BadMessage("damaged") from error
    return name, text
