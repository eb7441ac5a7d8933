"""How large things are: the bare values of what was written, compressed as far as they go, and the files."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

from scripts.syncbench.records import MEASURED
from shared.schema import quoted, table_of


@dataclass(frozen=True)
class Bare:
    """Bytes of the values alone, and up to which row number each table was read."""

    bytes: int
    upto: Mapping[str, int]


def bare_bytes(database: Path, since: Mapping[str, int] | None = None) -> Bare:
    """What zstd -19 makes of the values written since, column by column, keys included: no header, no hash, no
    signature, no receipt. The measure that peerbench takes of its own rows ("columns")."""
    columns, upto = [], {}
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        for table in (table_of(record) for record in MEASURED):
            names = ", ".join(quoted(column.name) for column in table.columns)
            rows = db.execute(
                f"SELECT {names}, _r FROM {quoted(table.name)} WHERE _r > ? ORDER BY _r",  # noqa: S608 - declared
                ((since or {}).get(table.name, 0),),
            ).fetchall()
            upto[table.name] = rows[-1][-1] if rows else (since or {}).get(table.name, 0)
            columns += [list(values) for values in list(zip(*rows, strict=True))[:-1]]
    bare = json.dumps(columns, ensure_ascii=False, separators=(",", ":")).encode()
    return Bare(len(zstandard.ZstdCompressor(level=19).compress(bare)), upto)


def file_sizes(stage: Any) -> dict[str, int]:
    """Bytes of the node's and the hub's file with everything folded in, and of the node's tables without the log."""
    sizes = {name: stage.peer.meter.db_bytes(str(stage.database(name))) for name in ("node", "hub")}
    with closing(sqlite3.connect(f"file:{stage.database('node')}?mode=ro", uri=True)) as db:
        own = dict(db.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall()) if _dbstat(db) else {}
    kept = sum(size for name, size in own.items() if name.startswith(("_", "sqlite_autoindex__")))
    return {**sizes, "node_engine": kept} if own else sizes


def _dbstat(db: sqlite3.Connection) -> bool:
    options = {row[0] for row in db.execute("PRAGMA compile_options")}
    return "ENABLE_DBSTAT_VTAB" in options
