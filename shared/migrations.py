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
