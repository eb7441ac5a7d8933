"""The engine's own tables and the capture triggers: local bookkeeping, never synced themselves.

Versions are local numbers (`n` of `_changeset`) everywhere inside a file, and names (origin, scope, seq,
8 bytes of chain hash) on the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlite_utils import Database, Migrations

from shared.schema import Table, key_text_sql, quoted

ENGINE_SQL = """
CREATE TABLE _setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- Who may be the source of changesets: the hub and every enrolled node, with its Ed25519 key.
CREATE TABLE _node (
  node TEXT PRIMARY KEY, campus TEXT NOT NULL, verify_key BLOB NOT NULL, role TEXT NOT NULL,
  enrolled_at INTEGER, revoked_at INTEGER, last_contact INTEGER, last_sync INTEGER, backlog INTEGER,
  clock_offset_ms INTEGER, open_conflicts INTEGER, app_version TEXT,
  -- the last request's number, and where its cursors stood (what may be pruned follows from the lowest, C13)
  turn INTEGER NOT NULL DEFAULT 0, frontier TEXT NOT NULL DEFAULT '{}',
  -- the last of the hub's epochs that the node has come to: what it owes a restored hub is given back (C11)
  epoch TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

-- One-time enrolment codes; only a digest is kept.
CREATE TABLE _code (
  digest TEXT PRIMARY KEY, secret TEXT NOT NULL, campus TEXT NOT NULL, expires_at INTEGER NOT NULL,
  used_at INTEGER, used_by TEXT
) STRICT, WITHOUT ROWID;

-- An origin is a node's key plus an incarnation (C10).
CREATE TABLE _origin (
  o INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, node TEXT NOT NULL, mine INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE _changeset (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  o INTEGER NOT NULL, scope TEXT NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL, prev BLOB NOT NULL,
  header BLOB NOT NULL, body_hash BLOB NOT NULL, parts BLOB,
  person_id TEXT NOT NULL, campus TEXT NOT NULL, rank INTEGER NOT NULL, schema INTEGER NOT NULL,
  action TEXT NOT NULL, action_size INTEGER NOT NULL, rows INTEGER NOT NULL,
  stamp INTEGER NOT NULL, effective INTEGER NOT NULL,
  -- `due`: the state that a waiting one takes when what it needs is here; NULL while nobody has judged it
  state TEXT NOT NULL, due TEXT, hub_seq INTEGER, received_at INTEGER, reason TEXT, reason_data TEXT,
  UNIQUE (o, scope, seq, hash)
) STRICT;
CREATE INDEX _changeset_state ON _changeset (state) WHERE state <> 'applied';
CREATE INDEX _changeset_unsent ON _changeset (o, scope, seq) WHERE hub_seq IS NULL;
CREATE INDEX _changeset_hub_seq ON _changeset (hub_seq) WHERE hub_seq IS NOT NULL;
CREATE INDEX _changeset_action ON _changeset (action);

-- Signed ends of streams: whoever relays a stretch of a stream cuts it at one of these.
CREATE TABLE _signed_head (
  o INTEGER NOT NULL, scope TEXT NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL, signature BLOB NOT NULL,
  PRIMARY KEY (o, scope, seq, hash)
) STRICT, WITHOUT ROWID;

-- The hub's log: receipts, verdicts, releases. The same rows at the hub and, scope by scope, at the nodes.
CREATE TABLE _entry (
  hub_seq INTEGER PRIMARY KEY, scope TEXT NOT NULL, kind TEXT NOT NULL, n INTEGER NOT NULL,
  received_at INTEGER NOT NULL, effective INTEGER NOT NULL, verdict TEXT NOT NULL, reason TEXT, reason_data TEXT,
  log_hash BLOB NOT NULL
) STRICT;
CREATE INDEX _entry_scope ON _entry (scope, hub_seq);

-- Where the hub has signed its log. With the entries up to here a node proves to a restored hub what it once said.
-- `given` is the epoch of the hub to which the stretch that ends here was given back.
CREATE TABLE _signed_top (
  scope TEXT NOT NULL, hub_seq INTEGER NOT NULL, log_hash BLOB NOT NULL, signature BLOB NOT NULL,
  given TEXT NOT NULL DEFAULT '', PRIMARY KEY (scope, log_hash)
) STRICT, WITHOUT ROWID;

-- Entries of logs that the hub lost and has taken back; kept, since a copy put in place later may lack them again.
-- `turn` counts the times this node let go of a log.
CREATE TABLE _former_entry (
  turn INTEGER NOT NULL, hub_seq INTEGER NOT NULL, scope TEXT NOT NULL, kind TEXT NOT NULL, n INTEGER NOT NULL,
  received_at INTEGER NOT NULL, effective INTEGER NOT NULL, verdict TEXT NOT NULL, reason TEXT, reason_data TEXT,
  log_hash BLOB NOT NULL, prev_hash BLOB NOT NULL, PRIMARY KEY (turn, hub_seq)
) STRICT, WITHOUT ROWID;

CREATE VIEW told_entry AS
  SELECT 0 AS turn, e.hub_seq, e.scope, e.kind, o.name AS origin, c.seq, substr(c.hash, 1, 8) AS hash8,
         e.received_at, e.effective, e.verdict, e.reason, e.reason_data, e.n, e.log_hash
    FROM _entry AS e JOIN _changeset AS c ON c.n = e.n JOIN _origin AS o ON o.o = c.o
  UNION ALL
  SELECT e.turn, e.hub_seq, e.scope, e.kind, o.name, c.seq, substr(c.hash, 1, 8),
         e.received_at, e.effective, e.verdict, e.reason, e.reason_data, e.n, e.log_hash
    FROM _former_entry AS e JOIN _changeset AS c ON c.n = e.n JOIN _origin AS o ON o.o = c.o;

CREATE TABLE _cursor (
  scope TEXT PRIMARY KEY, epoch TEXT NOT NULL, hub_seq INTEGER NOT NULL, log_hash BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- All heads of a unit that has several, and of rows that are gone. `value` is JSON.
CREATE TABLE _head (
  t TEXT NOT NULL, k TEXT NOT NULL, u INTEGER NOT NULL, v INTEGER NOT NULL, value TEXT NOT NULL,
  weight INTEGER NOT NULL, deleted INTEGER NOT NULL, PRIMARY KEY (t, k, u, v)
) STRICT, WITHOUT ROWID;
CREATE INDEX _head_v ON _head (v);

-- Deletes that no keep and no later insert names. Never dropped (C13).
CREATE TABLE _delete (t TEXT NOT NULL, k TEXT NOT NULL, v INTEGER NOT NULL, PRIMARY KEY (t, k, v))
STRICT, WITHOUT ROWID;

-- Keys that the law erased; dead for ever.
CREATE TABLE _erased (t TEXT NOT NULL, k TEXT NOT NULL, PRIMARY KEY (t, k)) STRICT, WITHOUT ROWID;

-- Capture: what this transaction touched so far, and up to which row number each table is packed.
CREATE TABLE _pending (
  t TEXT NOT NULL, k TEXT NOT NULL, r INTEGER, op TEXT NOT NULL, mask INTEGER NOT NULL, v INTEGER, vx TEXT,
  old TEXT, PRIMARY KEY (t, k)
) STRICT, WITHOUT ROWID;
CREATE TABLE _pending_stale (
  t TEXT NOT NULL, k TEXT NOT NULL, u INTEGER NOT NULL, bases TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (t, k, u)
) STRICT, WITHOUT ROWID;
CREATE TABLE _mark (t TEXT PRIMARY KEY, r INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE VIEW changeset_name AS
  SELECT c.n, o.name || '/' || c.scope || '/' || c.seq AS name, o.name AS origin, c.scope, c.seq, c.person_id,
         c.campus, strftime('%Y-%m-%dT%H:%M:%S', c.effective / 1000, 'unixepoch')
           || printf('.%03dZ', c.effective % 1000) AS instant,
         CASE WHEN c.state = 'applied' AND c.hub_seq IS NULL THEN 'pending'
              WHEN c.state = 'applied' THEN 'received' ELSE c.state END AS state
  FROM _changeset AS c JOIN _origin AS o ON o.o = c.o;
"""


# What came after the first release of the engine's tables: name and statements of each step.
ENGINE_STEPS = (
    ("first", ENGINE_SQL),
    ("parked", """
-- _head.parked: 1 a value this schema cannot hold, 2 of a row it cannot show at all. _changeset.unread: how much of it
-- this schema has no table or column for. _node.parked: as a node told.
ALTER TABLE _head ADD COLUMN parked INTEGER NOT NULL DEFAULT 0;
CREATE INDEX _head_parked ON _head (t, k) WHERE parked > 0;
ALTER TABLE _changeset ADD COLUMN unread INTEGER NOT NULL DEFAULT 0;
ALTER TABLE _node ADD COLUMN parked INTEGER;
CREATE INDEX _changeset_unread ON _changeset (unread) WHERE unread > 0;
"""),
    ("actions", """
-- Who did what of late: asked by person, or by campus.
CREATE INDEX _changeset_person ON _changeset (person_id, n);
CREATE INDEX _changeset_campus ON _changeset (campus, n);
"""),
    ("verified", """
-- When the node last verified itself and how many places were wrong, as it told.
ALTER TABLE _node ADD COLUMN verified_at INTEGER;
ALTER TABLE _node ADD COLUMN verified_wrong INTEGER;
"""),
    ("bundles", """
-- Bundles made here and loaded here. file: SHA-256 of the file; label: what it says about itself, JSON; about: of one
-- made by a node where its streams end in it, of a node's one loaded at the hub where the node stood; answered: when
-- its answer was loaded.
CREATE TABLE _bundle (
  b INTEGER PRIMARY KEY, id TEXT NOT NULL, way TEXT NOT NULL, peer TEXT NOT NULL, at INTEGER NOT NULL,
  file TEXT NOT NULL, label TEXT NOT NULL, about TEXT NOT NULL, answered INTEGER, UNIQUE (id, way)
) STRICT;
CREATE INDEX _bundle_file ON _bundle (file);
"""),
    ("pruned", """
-- What pruned changesets left in a row that others have touched since (`sync.floor`): the row as JSON, its versions,
-- its heads and deletes.
CREATE TABLE _base (
  t TEXT NOT NULL, k TEXT NOT NULL, row TEXT, v INTEGER, vx TEXT, heads TEXT NOT NULL, deletes TEXT NOT NULL,
  PRIMARY KEY (t, k)
) STRICT, WITHOUT ROWID;
"""),
    ("snapshots", """
-- At the hub: the last signed snapshot of each scope. At a node: what has come of one so far.
CREATE TABLE _snapshot (
  scope TEXT PRIMARY KEY, hub_seq INTEGER NOT NULL, log_hash BLOB NOT NULL, digest BLOB NOT NULL,
  signature BLOB NOT NULL, size INTEGER NOT NULL, data BLOB NOT NULL
) STRICT;
"""),
)  # fmt: skip


def engine_migrations() -> Migrations:
    """The engine's migrations, in order; a step and the note that it ran are one transaction."""
    migrations = Migrations("sync")
    for name, statements in ENGINE_STEPS:
        migrations(name=name)(_step(statements))
    return migrations


def _step(statements: str) -> Callable[[Database], None]:
    def run(db: Database) -> None:
        for statement in statements.split(";\n"):
            if statement.strip():
                db.conn.execute(statement)

    return run


def trigger_sql(table: Table, *, floor: bool = False) -> dict[str, str]:
    """The capture triggers of a table: name → statement (C1). floor: keep of an updated row too how it was, because
    the changeset that wrote it may be pruned (C13).

    Inserts need none: rows above the mark that no changeset has written yet are the new ones. The update
    triggers name their columns, so that stamping rows with their changeset does not even start them.
    """
    name, t, keys = quoted(table.name), f"'{table.name}'", ", ".join(map(quoted, table.key))
    key_new, key_old = key_text_sql(table, "new"), key_text_sql(table, "old")
    same_key = " AND ".join(f"{quoted(c)} = new.{quoted(c)}" for c in table.key)
    moved = " OR ".join(f"old.{quoted(c)} IS NOT new.{quoted(c)}" for c in table.key)
    old = old_row_sql(table, "old")
    mask = _mask_sql(table)
    fields = [quoted(c.name) for c in table.columns if c.name not in table.key]
    put = "INSERT INTO _pending (t, k, r, op, mask, v, vx, old)"
    keep = f"""BEGIN {put} SELECT {t}, {key_new}, _r, 'x', 0, _v, _vx, {old_row_sql(table, "")} FROM {name}
 WHERE {same_key} ON CONFLICT DO UPDATE SET op = CASE op WHEN 'u' THEN 'x' ELSE op END,
 old = coalesce(old, excluded.old); END"""
    found = {
        # INSERT OR REPLACE fires no delete trigger in the sqlite3 shell: this keeps the row it would wipe.
        f"{table.name}_capture_replace": f"""BEFORE INSERT ON {name} WHEN new._v IS NULL
{keep}""",
        # So does UPDATE OR REPLACE with the row whose key the moved one takes.
        f"{table.name}_capture_replace_move": f"""BEFORE UPDATE OF {keys} ON {name}
WHEN old._v IS new._v AND ({moved})
{keep}""",
        f"{table.name}_capture_move": f"""AFTER UPDATE OF {keys} ON {name}
WHEN old._v IS new._v AND ({moved})
BEGIN {put} VALUES ({t}, {key_old}, old._r, 'd', 0, old._v, old._vx, {old})
 ON CONFLICT DO UPDATE SET op = CASE WHEN op = 'i' THEN 'z' ELSE 'd' END, old = coalesce(old, excluded.old);
 {put} VALUES ({t}, {key_new}, new._r, 'i', 0, NULL, NULL, NULL)
 ON CONFLICT DO UPDATE SET op = 'i', r = excluded.r WHERE v IS NULL;
 UPDATE {name} SET _v = NULL, _vx = NULL WHERE _r = new._r; END""",
        f"{table.name}_capture_delete": f"""AFTER DELETE ON {name} WHEN old._v IS NOT -1
BEGIN {put} VALUES ({t}, {key_old}, old._r, 'd', 0, old._v, old._vx, {old})
 ON CONFLICT DO UPDATE SET op = CASE WHEN op = 'i' THEN 'z' ELSE 'd' END, old = coalesce(old, excluded.old); END""",
    }
    if fields:
        found[f"{table.name}_capture_update"] = f"""AFTER UPDATE OF {", ".join(fields)} ON {name}
WHEN old._v IS new._v AND old._vx IS new._vx AND NOT ({moved}) AND ({mask}) <> 0
BEGIN {put} VALUES ({t}, {key_new}, new._r, 'u', {mask}, old._v, old._vx, {old if floor else "NULL"})
 ON CONFLICT DO UPDATE SET mask = mask | excluded.mask{", old = coalesce(old, excluded.old)" if floor else ""}; END"""
    return found | _dead_key_triggers(table)


def _dead_key_triggers(table: Table) -> dict[str, str]:
    """An erased key is dead for ever, for the sqlite3 shell too (C10)."""
    if not table.declaration.erasable:
        return {}
    name, keys, key_new = quoted(table.name), ", ".join(map(quoted, table.key)), key_text_sql(table, "new")
    dead = f"EXISTS (SELECT 1 FROM _erased WHERE t = '{table.name}' AND k = {key_new})"
    stop = f"BEGIN SELECT RAISE(ABORT, 'erased by law: this key of {table.name} is dead'); END"
    return {
        f"{table.name}_capture_dead": f"BEFORE INSERT ON {name} WHEN new._v IS NULL AND {dead}\n{stop}",
        f"{table.name}_capture_dead_move": f"""BEFORE UPDATE OF {keys} ON {name}
WHEN old._v IS new._v AND {dead}
{stop}""",
    }


def old_row_sql(table: Table, alias: str) -> str:
    """SQL for a whole row as a JSON array, in the order of the columns."""
    prefix = f"{alias}." if alias else ""
    return f"json_array({', '.join(f'{prefix}{quoted(c.name)}' for c in table.columns)})"


def _mask_sql(table: Table) -> str:
    terms = []
    for unit in table.units[1:]:
        differs = " OR ".join(f"old.{quoted(c)} IS NOT new.{quoted(c)}" for c in unit.columns)
        terms.append(f"({differs}) * {1 << unit.index}")
    return " + ".join(terms) or "0"


def drop_triggers(db: Database) -> None:
    """Switch capture off: what a migration writes is nobody's edit (C12). Opening installs it again."""
    rows = db.conn.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name GLOB '*_capture_*'")
    for (name,) in rows.fetchall():
        db.conn.execute(f"DROP TRIGGER {quoted(name)}")


def install_triggers(db: Database, tables: Mapping[str, Table]) -> None:
    """(Re)install capture. Done at every opening: a table rebuild would drop triggers silently (TRAPS 4)."""
    floor = db.conn.execute("SELECT 1 FROM _setting WHERE name = 'floor'").fetchone() is not None
    have = dict(db.conn.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall())
    for table in tables.values():
        for name, rest in trigger_sql(table, floor=floor).items():
            statement = f"CREATE TRIGGER {quoted(name)} {rest}"
            if have.get(name) == statement:
                continue
            db.conn.execute(f"DROP TRIGGER IF EXISTS {quoted(name)}")
            db.conn.execute(statement)
    known = {row[0] for row in db.conn.execute("SELECT t FROM _mark")}
    db.conn.executemany("INSERT INTO _mark (t, r) VALUES (?, 0)", [(t,) for t in tables if t not in known])
