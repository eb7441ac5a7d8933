"""Schema changes, step by step. A record's new field and its step are one commit.

`schema_1.sql` is frozen with the first release, and so is what a later step reads; `schema.sql` shows what the
declarations mean today. A test compares a migrated file with a fresh one, triggers included.
"""

from __future__ import annotations

from pathlib import Path

from sqlite_utils import Database, Migrations

from shared.schema import Table, create_table_sql, quoted

_FIRST = Path(__file__).with_name("schema_1.sql")


def record_migrations() -> Migrations:
    """The migrations of the record tables, in order; a step and its note are one transaction."""
    migrations = Migrations("records")

    @migrations()
    def first(db: Database) -> None:
        _run(db, _FIRST)

    return migrations


def _run(db: Database, statements: Path) -> None:
    for statement in statements.read_text("utf-8").split(";\n"):
        if statement.strip():
            db.conn.execute(statement)


def local_migrations() -> Migrations:
    """The migrations of tables that stay in this file: no trigger captures them, nothing of them is synced."""
    migrations = Migrations("local")

    @migrations()
    def devices(db: Database) -> None:
        db.conn.execute(
            "CREATE TABLE _device (id TEXT PRIMARY KEY, person_id TEXT NOT NULL, token_hash TEXT NOT NULL,"
            " pin_hash TEXT NOT NULL, mark TEXT NOT NULL, label TEXT NOT NULL, made_at TEXT NOT NULL,"
            " until TEXT NOT NULL, used_at TEXT NOT NULL, failures INTEGER NOT NULL DEFAULT 0) STRICT"
        )

    @migrations()
    def readings(db: Database) -> None:
        db.conn.execute(
            "CREATE TABLE _reading (r INTEGER PRIMARY KEY, at TEXT NOT NULL, person_id TEXT NOT NULL,"
            " what TEXT NOT NULL, way TEXT NOT NULL, rows INTEGER NOT NULL, key TEXT NOT NULL) STRICT"
        )

    return migrations


def rebuild_table(db: Database, table: Table) -> None:
    """Bring a table to its declaration (a field more, a wider CHECK) and keep every row with its versions.

    A new field takes its default. Capture is off meanwhile: the triggers go with the old table and are
    reinstalled at the opening. The row counter must not fall, or capture would overlook the next rows.
    """
    name = quoted(table.name)
    had = {row[1] for row in db.conn.execute(f"PRAGMA table_info({name})")}
    if had:
        kept = ", ".join(quoted(c) for c in ("_r", *(c.name for c in table.columns), "_v", "_vx") if c in had)
        counter = db.conn.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).fetchone()
        db.conn.execute(f"CREATE TEMP TABLE _kept AS SELECT {kept} FROM {name}")  # noqa: S608 - declared names
        db.conn.execute(f"DROP TABLE {name}")
    db.conn.execute(create_table_sql(table))
    if had:
        db.conn.execute(f"INSERT INTO {name} ({kept}) SELECT {kept} FROM temp._kept")  # noqa: S608 - declared names
        db.conn.execute("DROP TABLE temp._kept")
        if counter is not None:
            db.conn.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table.name,))
            db.conn.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table.name, counter[0]))
