"""Make a replica, open one: check the file, migrate it, and let take effect what had waited for this release (C12)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from nacl.signing import SigningKey
from sqlite_utils import Database, Migrations

from shared.clock import Clock
from shared.database import open_database, transaction
from shared.errors import DatabaseUnusable
from shared.ids import Randomness
from shared.migrations import local_migrations, record_migrations
from shared.schema import Table, key_parts, quoted, tables_of
from sync.capture import commit_pending
from sync.change import LOCAL_OPERATOR, Author
from sync.floor_proof import sign_floor
from sync.journal import keys_in, note_unread, recompute_rows
from sync.keys import Identity, read_identity, verify_key_of, write_identity, write_progress
from sync.opened import Key, open_changeset
from sync.replica import SCHEMA_VERSION, Limits, Replica, progress_of, prove_same_file, set_setting, setting
from sync.tables import drop_triggers, engine_migrations, install_triggers

Steps = Callable[[], Migrations]


def create_replica(
    path: Path | str, *, role: str, records: Sequence[type], clock: Clock, randomness: Randomness,
    campus: str = "", limits: Limits | None = None, schema: int = SCHEMA_VERSION, steps: Steps = record_migrations,
) -> Replica:  # fmt: skip
    """Make a new replica file with its key; `role` is "node" or "hub". Raises DatabaseUnusable if it exists.

    schema, steps: the release's schema number and the migrations that lead to its records.
    """
    path = Path(path)
    node = f"{'H' if role == 'hub' else 'N'}{randomness.text(7)}"
    settings = {"role": role, "node": node, "campus": campus, "schema": str(schema)}
    if role == "hub":
        settings["epoch"] = randomness.text(10)
    _make_file(path, settings, bytes(SigningKey(randomness.raw(32))), steps)
    return open_replica(
        path, records=records, clock=clock, randomness=randomness, limits=limits, schema=schema, steps=steps
    )


def recreate_node(
    path: Path, seed: bytes, about: Mapping[str, str], *, records: Sequence[type], clock: Clock, randomness: Randomness
) -> Replica:
    """Make the empty file of a node that is enrolled already: its name, its key, its hub, a new incarnation.

    about: as the identity keeps it (`sync.replica.about_node`). Raises DatabaseUnusable if the file exists.
    """
    settings = {
        "role": "node", "node": about["node"], "campus": about["campus"], "schema": str(SCHEMA_VERSION),
        "hub_node": about["hub"], "epoch": about["epoch"],
    }  # fmt: skip
    _make_file(path, settings, seed, record_migrations, (about["hub"], bytes.fromhex(about["hub_key"])))
    return open_replica(path, records=records, clock=clock, randomness=randomness)


def _make_file(
    path: Path, settings: Mapping[str, str], seed: bytes, steps: Steps, hub: tuple[str, bytes] | None = None
) -> None:
    if path.exists():
        raise DatabaseUnusable("database_exists", path=str(path))
    nodes = [(settings["node"], settings["campus"], verify_key_of(seed), settings["role"])]
    nodes += [(hub[0], "", hub[1], "hub")] if hub else []
    db = open_database(path)
    try:
        with transaction(db):
            migrate(db, steps)
            for name, value in {**settings, "token": "new", "mint_counter": "0"}.items():
                set_setting(db, name, value)
            db.conn.executemany("INSERT INTO _node (node, campus, verify_key, role) VALUES (?, ?, ?, ?)", nodes)
        write_identity(path, Identity(seed, "none", "none"))
    finally:
        db.close()


def open_replica(
    path: Path | str, *, records: Sequence[type], clock: Clock, randomness: Randomness, limits: Limits | None = None,
    schema: int = SCHEMA_VERSION, steps: Steps = record_migrations,
) -> Replica:  # fmt: skip
    """Open a replica for this process: migrate, reinstall capture, check that it is the file we last closed.

    Raises DatabaseUnusable when the file or its key is missing or damaged.
    """
    path = Path(path)
    if not path.exists() or read_identity(path) is None:
        raise DatabaseUnusable("database_missing", path=str(path))
    db = open_database(path)
    try:
        tables = tables_of(records)
        with transaction(db):
            had = _columns(db, tables)
            migrate(db, steps)
            install_triggers(db, tables)
            identity = prove_same_file(path, db, clock, randomness)
            replica = Replica(
                path, setting(db, "role"), setting(db, "node"), identity.seed, randomness.text(8), tables, clock,
                randomness, limits or Limits(), schema,
            )  # fmt: skip
            before = int(setting(db, "schema", "1"))
            if before != schema or had != _columns(db, tables):
                # What the shell left pending goes first: rows are about to be built anew.
                commit_pending(replica, db, Author(LOCAL_OPERATOR))
                grown = {name for name, columns in _columns(db, tables).items() if columns != had[name]}
                take_effect(db, tables, min(before, schema), grown)
                set_setting(db, "schema", str(schema))
                sign_floor(replica, db)
        # The mark follows the file that is in use from now on; else every opening would find it too old again.
        write_progress(path, progress_of(db))
    finally:
        db.close()
    return replica


def migrate(db: Database, steps: Steps) -> None:
    """Migrations run uncaptured: triggers are dropped before and reinstalled after (C12, TRAPS 4)."""
    for migrations in (steps(), engine_migrations(), local_migrations()):
        if migrations.pending(db):
            drop_triggers(db)
            migrations.apply(db)


def _columns(db: Database, tables: Mapping[str, Table]) -> dict[str, tuple[str, ...]]:
    """Table → the columns it has in the file; none for a table that is not there yet."""
    return {
        name: tuple(row[1] for row in db.conn.execute(f"PRAGMA table_info({quoted(name)})")) for name in tables
    }


def take_effect(db: Database, tables: Mapping[str, Table], before: int, grown: set[str]) -> None:
    """After an upgrade: build anew, from the log, the rows of which this schema reads more than the last (C12).

    These are the rows a changeset of a schema after `before` touched, those with a parked value, and of the tables
    that have `grown` a column those of which more than one version is known. Nobody's write: nothing is captured.
    """
    wanted: dict[str, dict[str, set[Key]]] = defaultdict(lambda: defaultdict(set))
    for name, keys in _known_apart(db, tables, grown).items():
        for key in keys:
            wanted[tables[name].scope_of(key)][name].add(key)
    db.conn.execute("UPDATE _changeset SET unread = 0 WHERE unread > 0")
    rows = db.conn.execute("SELECT n, schema FROM _changeset WHERE state = 'applied' AND parts IS NOT NULL ORDER BY n")
    for n, schema in rows.fetchall():
        if schema <= before and not grown:
            continue
        one = open_changeset(db, n)
        if schema <= before:
            # A plain insert or edit is in its row as it is; what came over a row that was there is not.
            one = replace(one, blocks=[b for b in one.blocks if b.table in grown and b.op != "u" and b.bases_named()])
        note_unread(db, tables, [one])
        for name, keys in keys_in(tables, [one]).items():
            wanted[one.scope][name] |= keys
    for scope, by_table in wanted.items():
        recompute_rows(db, tables, scope, by_table)


def _known_apart(db: Database, tables: Mapping[str, Table], grown: set[str]) -> dict[str, set[Key]]:
    found: dict[str, set[Key]] = defaultdict(set)
    rows = db.conn.execute("SELECT t, k, max(parked) FROM _head GROUP BY t, k UNION SELECT t, k, 0 FROM _delete")
    for name, text, parked in rows:
        if name in tables and (parked or name in grown):
            found[name].add(key_parts(tables[name], text))
    return found
