"""A replica: one SQLite file with its identity beside it, opened for one process (`sync.opening`).

Everything that is not in the file (clock, randomness, limits) is handed in here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlite_utils import Database

from shared.clock import Clock
from shared.database import is_open, open_database
from shared.errors import DatabaseUnusable
from shared.ids import Randomness
from shared.schema import Table
from sync.keys import Identity, read_identity, read_progress, verify_key_of, write_identity, write_progress

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Limits:
    """Every limit of the engine. Tests set them tiny."""

    frame_rows: int = 20_000
    frame_bytes: int = 1_000_000
    stretch_changesets: int = 32
    # After so many cuts one after another a run gives up: by then frames are as small as they get.
    cuts_in_a_row: int = 10
    message_bytes: int = 8_000_000
    inflated_bytes: int = 64_000_000
    changeset_rows: int = 200_000
    undo_rows: int = 2_000
    code_valid_ms: int = 24 * 3600 * 1000
    clock_doubt_ms: int = 10 * 60 * 1000
    clock_set_ms: int = 60 * 1000
    compression_level: int = 9
    prune_after_ms: int = 90 * 24 * 3600 * 1000
    prune_rows: int = 200_000
    snapshot_bytes: int = 500_000_000
    snapshot_log_percent: int = 80
    # A message of no more than this, before compression, is worth a few hundredths of a second more.
    small_bytes: int = 400_000
    small_compression_level: int = 19
    # A file: a term of a campus is about half a megabyte.
    bundle_bytes: int = 48_000_000
    bundle_frames: int = 400
    bundles_remembered: int = 500


@dataclass(frozen=True)
class Replica:
    """One opened replica. `seed` is its node's private key, `boot` names this opening."""

    path: Path
    role: str
    node: str
    seed: bytes
    boot: str
    tables: dict[str, Table]
    clock: Clock
    randomness: Randomness
    limits: Limits = field(default_factory=Limits)
    schema: int = SCHEMA_VERSION

    @property
    def verify_key(self) -> bytes:
        """This node's public key."""
        return verify_key_of(self.seed)


def prove_same_file(path: Path, db: Database, clock: Clock, randomness: Randomness) -> Identity:
    """Compare and renew the token. Read inside the writer's transaction, so that two processes that open at
    once do not take each other for a clone. A restored hub also begins a new epoch (C11)."""
    identity = read_identity(path)
    if identity is None:
        raise DatabaseUnusable("database_missing", path=str(path))
    known = setting(db, "token")
    # The token only changes at an opening; a copy made since then and put back shows by what it lacks.
    older = known not in (identity.token, identity.next_token) or progress_of(db) < read_progress(path)
    if older:
        start_incarnation(db, randomness)
        if setting(db, "role") == "hub" and known != "new":
            set_setting(db, "epoch", randomness.text(10))
            # For the board: when it was put in place, and until when the copy knew (C14).
            set_setting(db, "restored_ms", str(clock.now_ms()))
            set_setting(db, "restored_until_ms", setting(db, "last_receipt_ms", "0"))
    fresh = randomness.text(12)
    # The file first, with both tokens; then the database; a crash between leaves a match. An older copy's token is
    # no match ever again: the same copy may be put in place twice in a row.
    write_identity(path, Identity(identity.seed, fresh if older else known, fresh, about_node(db)))
    set_setting(db, "token", fresh)
    return identity


def about_node(db: Database) -> dict[str, str]:
    """Who this node is and whose: what it needs to begin anew from the hub with its own key."""
    hub = setting(db, "hub_node")
    key = db.conn.execute("SELECT hex(verify_key) FROM _node WHERE node = ?", (hub,)).fetchone()
    return {
        "role": setting(db, "role"), "node": setting(db, "node"), "campus": setting(db, "campus"), "hub": hub,
        "hub_key": key[0] if key else "", "epoch": setting(db, "epoch"),
    }  # fmt: skip


def start_incarnation(db: Database, randomness: Randomness) -> None:
    """Begin a new origin: the old streams end here and are never appended to again (C10)."""
    node = setting(db, "node")
    db.conn.execute(
        "INSERT INTO _origin (name, node, mine) VALUES (?, ?, 1)", (f"{node}.{randomness.text(4)}", node)
    )


def progress_of(db: Database) -> int:
    """A number that grows with everything that must not be given out twice: commits, ids, hub sequences."""
    entries = db.conn.execute("SELECT coalesce(max(hub_seq), 0) FROM _entry").fetchone()[0]
    own = entries if setting(db, "role") == "hub" else 0
    return int(setting(db, "commit_counter", "0")) + int(setting(db, "mint_counter", "0")) + int(own)


def note_progress(replica: Replica, db: Database) -> None:
    """Write the progress mark beside the file. Call after a commit, outside any transaction.

    Where the disk takes nothing any more the mark stays older, which is no sign of anything: the commit holds.
    """
    if not is_open(db):
        with suppress(OSError):
            write_progress(replica.path, progress_of(db))


def current_origin(db: Database) -> tuple[int, str]:
    """This replica's latest incarnation: (local number, name)."""
    number, name = db.conn.execute("SELECT o, name FROM _origin WHERE mine = 1 ORDER BY o DESC LIMIT 1").fetchone()
    return int(number), str(name)


@contextmanager
def connect(replica: Replica) -> Iterator[Database]:
    """A connection of its own, closed at the end."""
    db = open_database(replica.path)
    try:
        yield db
    finally:
        db.close()


def setting(db: Database, name: str, default: str = "") -> str:
    """A local setting of this replica."""
    row = db.conn.execute("SELECT value FROM _setting WHERE name = ?", (name,)).fetchone()
    return str(row[0]) if row else default


def set_setting(db: Database, name: str, value: str) -> None:
    """Store a local setting. Call inside a transaction."""
    db.conn.execute("INSERT OR REPLACE INTO _setting (name, value) VALUES (?, ?)", (name, value))
