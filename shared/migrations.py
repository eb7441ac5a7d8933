"""Schema changes, step by step. A record's new field and its step are one commit.

`schema_1.sql` is frozen with the first release; `schema.sql` shows what the declarations mean today. A test
compares a migrated file with a fresh one, triggers included.
"""

from __future__ import annotations

from pathlib import Path

from sqlite_utils import Database, Migrations

_FIRST = Path(__file__).with_name("schema_1.sql")


def record_migrations() -> Migrations:
    """The migrations of the record tables, in order; a step and its note are one transaction."""
    migrations = Migrations("records")

    @migrations()
    def first(db: Database) -> None:
        for statement in _FIRST.read_text("utf-8").split(";\n"):
            if statement.strip():
                db.conn.execute(statement)

    return migrations


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

    return migrations
