"""Hello: who asks, what it holds, which versions it speaks, what its clock says; and whom the hub knows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlite_utils import Database

from shared.database import transaction
from sync.body import NUMBER_MAX
from sync.conflicts import count_open
from sync.errors import BadMessage, NotEnrolled, Revoked, UpgradeNeeded
from sync.protocol import APP_VERSION, SYNC_VERSION, VERSIONS_SPOKEN
from sync.replica import SCHEMA_VERSION, Replica, set_setting, setting
from sync.status import backlog
from sync.steps.judge import Sender


def ask(replica: Replica, db: Database, *, forked: bool = False) -> dict[str, Any]:
    """Node half: the head of a request, without its frame. `forked`: ask for the own streams as well, because
    the hub holds another branch of one of them."""
    cursors = dict(db.conn.execute("SELECT scope, hub_seq FROM _cursor").fetchall())
    held = db.conn.execute(
        "SELECT name || '/' || scope, max(seq) FROM _changeset JOIN _origin USING (o) WHERE node = ? GROUP BY o, scope",
        (replica.node,),
    ).fetchall()
    return {
        "v": SYNC_VERSION, "schema": SCHEMA_VERSION, "app": APP_VERSION, "epoch": setting(db, "epoch"),
        "now": replica.clock.now_ms(), "cursors": cursors, "held": {} if forked else dict(held),
        "backlog": backlog(db)[0],
        "conflicts": count_open(db, replica)[0], "nodes": nodes_digest(db),
    }  # fmt: skip


def check_versions(head: Mapping[str, Any]) -> None:
    """Raises UpgradeNeeded when we do not speak the other's version, BadMessage when it says none."""
    version = head.get("v")
    now = head.get("now")
    if type(version) is not int or type(now) is not int or not 0 <= now <= NUMBER_MAX:
        raise BadMessage("damaged")
    if version not in VERSIONS_SPOKEN:
        raise UpgradeNeeded(theirs=version, ours=SYNC_VERSION)


def places_told(head: Mapping[str, Any], name: str) -> dict[str, int]:
    """Places by stream or scope in a request's head. Raises BadMessage("damaged") for anything else."""
    told = head.get(name)
    if not isinstance(told, dict) or any(type(v) is not int or not 0 <= v <= NUMBER_MAX for v in told.values()):
        raise BadMessage("damaged")
    return told


def sender_of(db: Database, node: str) -> tuple[Sender, bytes]:
    """Hub half: the enrolled node and its key. Raises NotEnrolled or Revoked."""
    row = db.conn.execute(
        "SELECT campus, verify_key, revoked_at FROM _node WHERE node = ? AND role = 'node'", (node,)
    ).fetchone()
    if row is None:
        raise NotEnrolled(node=node)
    if row[2] is not None:
        raise Revoked(node=node)
    return Sender(node, row[0], frozenset({"con", row[0]})), row[1]


def note_sender(replica: Replica, db: Database, sender: Sender, head: Mapping[str, Any]) -> None:
    """Hub half: what the board of campuses shows. `last_sync` only when the node had nothing more to send."""
    now = replica.clock.now_ms()
    db.conn.execute(
        "UPDATE _node SET last_contact = ?, clock_offset_ms = ?, backlog = ?, open_conflicts = ?, app_version = ?,"
        " last_sync = CASE WHEN ? THEN ? ELSE last_sync END WHERE node = ?",
        (
            now, int(head["now"]) - now, _count(head.get("backlog")), _count(head.get("conflicts")),
            str(head.get("app", ""))[:20], int(head.get("complete") is True), now, sender.node,
        ),
    )  # fmt: skip


def _count(value: object) -> int:
    return value if type(value) is int and 0 <= value < 10**9 else 0


def note_contact(
    replica: Replica, db: Database, *, hub_now_ms: int | None = None, began_ms: int = 0, complete: bool = False
) -> None:
    """Node half: remember the contact, the clock's offset against the hub, and a sync that left nothing."""
    with transaction(db):
        now = replica.clock.now_ms()
        if complete:
            set_setting(db, "last_good_sync_ms", str(now))
        if hub_now_ms is None:
            return
        half_trip = (replica.clock.monotonic_ms() - began_ms) // 2
        offset = now - half_trip - hub_now_ms
        set_setting(db, "last_contact_ms", str(now))
        set_setting(db, "hub_seen_ms", str(hub_now_ms))
        set_setting(db, "clock_offset_ms", str(offset))
        baseline = now - replica.clock.monotonic_ms()
        set_setting(db, "clock_measured", f"{replica.boot}/{baseline}/{offset}")


def peer_keys(db: Database) -> dict[str, bytes]:
    """Node → public key, of every node this replica knows."""
    return dict(db.conn.execute("SELECT node, verify_key FROM _node").fetchall())


def nodes_digest(db: Database) -> str:
    """Eight hex digits over the known nodes: the list is sent only when it differs."""
    rows = db.conn.execute("SELECT node, verify_key, revoked_at IS NULL FROM _node ORDER BY node").fetchall()
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:8]


def known_nodes(db: Database, head: Mapping[str, Any]) -> dict[str, Any]:
    """Hub half: the list of nodes for the answer, empty when the asker has it."""
    if head.get("nodes") == nodes_digest(db):
        return {}
    rows = db.conn.execute("SELECT node, campus, hex(verify_key), role, revoked_at FROM _node ORDER BY node")
    return {"nodes": [list(row) for row in rows]}


def learn_nodes(db: Database, raw: Sequence[Any]) -> None:
    """Node half: take over the hub's list. A key once known for a node is never replaced."""
    for item in raw:
        try:
            node, campus, key, role, revoked = item
            row = (str(node), str(campus), bytes.fromhex(key), str(role), revoked)
        except (TypeError, ValueError) as error:
            raise BadMessage("damaged") from error
        db.conn.execute(
            "INSERT INTO _node (node, campus, verify_key, role, revoked_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (node) DO UPDATE SET campus = excluded.campus, revoked_at = excluded.revoked_at",
            row,
        )
