"""Hello: who asks, what it holds, which versions it speaks, what its clock says; and whom the hub knows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlite_utils import Database

from shared.database import transaction
from sync.body import NUMBER_MAX
from sync.chain import HASH8
from sync.conflicts import count_open
from sync.errors import BadMessage, NotEnrolled, Revoked, UpgradeNeeded
from sync.hub_log import log_of
from sync.protocol import APP_VERSION, SYNC_VERSION, VERSIONS_SPOKEN
from sync.replica import Replica, set_setting, setting
from sync.status import backlog, count_parked, last_verified
from sync.steps.judge import Sender


def ask(replica: Replica, db: Database, *, forked: bool = False) -> dict[str, Any]:
    """Node half: the head of a request, without its frame. `forked`: ask for the own streams as well, because
    the hub holds another branch of one of them."""
    cursors = {scope: [hub_seq, log_hash[:HASH8].hex()] for scope, hub_seq, log_hash in _cursors(db)}
    rows = db.conn.execute(
        "SELECT name || '/' || scope, max(seq) FROM _changeset JOIN _origin USING (o) WHERE node = ? GROUP BY o, scope",
        (replica.node,),
    ).fetchall()
    held = dict(rows)
    for stream, seq in _first_holes(replica, db):
        held[stream] = min(held[stream], seq - 1)
    return {
        "v": SYNC_VERSION, "schema": replica.schema, "app": APP_VERSION, "epoch": setting(db, "epoch"),
        "now": replica.clock.now_ms(), "cursors": cursors, "held": {} if forked else held,
        "backlog": backlog(db)[0],
        "conflicts": count_open(db, replica)[0], "parked": count_parked(db), "nodes": nodes_digest(db),
        "turn": _next_turn(replica, db),
        "nonce": replica.randomness.text(8), **_verified_told(db),
    }  # fmt: skip


def _first_holes(replica: Replica, db: Database) -> list[tuple[str, int]]:
    """Of our own streams, from where on we lack bodies: a replica put back from a copy may have got a hole of what it
    once wrote from a hub that had no more itself. A later verdict must bring the body (C9)."""
    return db.conn.execute(
        # The first condition is for the index of these few rows.
        "SELECT name || '/' || scope, min(seq) FROM _changeset JOIN _origin USING (o)"
        " WHERE state <> 'applied' AND state IN ('hole', 'waiting') AND parts IS NULL AND node = ? GROUP BY o, scope",
        (replica.node,),
    ).fetchall()


def _verified_told(db: Database) -> dict[str, list[int]]:
    """When this node last verified itself, and how many places were wrong."""
    last = last_verified(db)
    return {"verified": [last.at_ms, last.wrong]} if last is not None else {}


def _verified_by(head: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """The same as told by a node; (None, None) for one that has not, or says nothing of it."""
    told = head.get("verified")
    if not (isinstance(told, list) and len(told) == 2 and all(type(v) is int and 0 <= v <= NUMBER_MAX for v in told)):
        return None, None
    return told[0], told[1]


def _cursors(db: Database) -> list[tuple[str, int, bytes]]:
    return db.conn.execute("SELECT scope, hub_seq, log_hash FROM _cursor").fetchall()


def _next_turn(replica: Replica, db: Database) -> int:
    """A number that grows with every request, also after a restore: the hub notes only the newest."""
    with transaction(db):
        turn = max(int(setting(db, "turn", "0")) + 1, replica.clock.now_ms())
        set_setting(db, "turn", str(turn))
    return turn


def check_answer(db: Database, asked: Mapping[str, Any], head: Mapping[str, Any]) -> None:
    """Node half: the answer must be to this very request. Raises BadMessage("not_our_answer") for a replay."""
    if head.get("re") != asked["nonce"]:
        raise BadMessage("not_our_answer")
    keep_turn(db, head)


def keep_turn(db: Database, head: Mapping[str, Any]) -> None:
    """Node half: count on from the newest request that the hub has noted, also after a restore."""
    told = head.get("turn")
    if type(told) is int and told > int(setting(db, "turn", "0")) and told <= NUMBER_MAX:
        with transaction(db):
            set_setting(db, "turn", str(told))


def cursors_told(db: Database, head: Mapping[str, Any]) -> dict[str, int]:
    """Hub half: where the asker stands, scope by scope; a cursor is a sequence and the log's hash there (C11).

    Raises BadMessage: "damaged", or "bad_cursor" when the asker followed another log than ours.
    """
    told = head.get("cursors")
    if not isinstance(told, dict):
        raise BadMessage("damaged")
    found = {}
    for scope, place in told.items():
        if not (isinstance(place, list) and len(place) == 2 and type(place[0]) is int and 0 <= place[0] <= NUMBER_MAX):
            raise BadMessage("damaged")
        ours = log_of(db).heads(scope, until=place[0])[scope]
        if place[0] == 0 or [ours[0], ours[1][:HASH8].hex()] != place:
            raise BadMessage("bad_cursor", scope=scope)
        found[scope] = place[0]
    return found


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


def note_sender(
    replica: Replica, db: Database, sender: Sender, head: Mapping[str, Any], *, at_ms: int | None = None
) -> None:
    """Hub half: what the board of campuses shows. `last_sync` only when the node had nothing more to send.

    A request that is not newer than the last one noted is a replay and says nothing about today. at_ms: the hub's
    time at which one was made that comes by file; then it says nothing of the node's clock either.
    """
    now = replica.clock.now_ms()
    at, offset = (now, int(head["now"]) - now) if at_ms is None else (at_ms, None)
    turn = head.get("turn")
    if type(turn) is not int or not 0 <= turn <= NUMBER_MAX:
        raise BadMessage("damaged")
    db.conn.execute(
        "UPDATE _node SET last_contact = max(?, CASE WHEN ? THEN coalesce(last_contact, 0) ELSE 0 END),"
        " clock_offset_ms = coalesce(?, clock_offset_ms), backlog = ?, open_conflicts = ?, parked = ?,"
        " app_version = ?, last_sync = CASE WHEN ? THEN max(?, CASE WHEN ? THEN coalesce(last_contact, 0) ELSE 0 END)"
        " ELSE last_sync END, turn = ?, frontier = ?, epoch = ?, verified_at = coalesce(?, verified_at),"
        " verified_wrong = coalesce(?, verified_wrong) WHERE node = ? AND turn < ?",
        (
            at, offset is None, offset, _count(head.get("backlog")), _count(head.get("conflicts")),
            _count(head.get("parked")), str(head.get("app", ""))[:20], int(head.get("complete") is True), at,
            offset is None, turn, json.dumps(head.get("cursors")), setting(db, "epoch"), *_verified_by(head),
            sender.node, turn,
        ),
    )  # fmt: skip


def made_at(db: Database, cursors: Mapping[str, int], claimed_ms: int, now_ms: int) -> int:
    """Hub half: up to when a request that comes by file speaks, in the hub's time: as its writer claims, unless that
    is later than now or earlier than what it had heard from us; then what it had heard is all that is proven."""
    [heard] = db.conn.execute(
        "SELECT coalesce(max(received_at), 0) FROM _entry WHERE hub_seq IN (SELECT value FROM json_each(?))",
        (json.dumps(list(cursors.values())),),
    ).fetchone()
    return claimed_ms if heard <= claimed_ms <= now_ms else min(int(heard), now_ms)


def noted_turn(db: Database, node: str) -> int:
    """Hub half: the number of the newest request noted from a node."""
    return int(db.conn.execute("SELECT turn FROM _node WHERE node = ?", (node,)).fetchone()[0])


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


def learn_cover(db: Database, head: Mapping[str, Any]) -> None:
    """Node half: up to where a verified backup covers the hub's log, in the epoch that is followed now (C13).

    Raises BadMessage("damaged") for anything else than a hub sequence; a hub that does not say it yet covers nothing.
    """
    covered = head.get("covered", 0)
    if type(covered) is not int or not 0 <= covered <= NUMBER_MAX:
        raise BadMessage("damaged")
    set_setting(db, "covered", f"{setting(db, 'epoch')}/{covered}")


def note_heard(db: Database, hub_now_ms: int) -> None:
    """Node half: what came by file proves that it was once this time at the hub; of our own clock it says nothing."""
    set_setting(db, "hub_seen_ms", str(hub_now_ms))


def campuses_known(db: Database) -> dict[str, int]:
    """Hub half: campus → up to when (ms) everything its nodes had to say is here."""
    rows = db.conn.execute(
        "SELECT campus, max(last_sync) FROM _node WHERE role = 'node' AND last_sync IS NOT NULL GROUP BY campus"
    )
    return dict(rows.fetchall())


def learn_campuses(db: Database, head: Mapping[str, Any]) -> None:
    """Node half: take over how far the other campuses are known, once everything the hub has is here.

    A hub that does not say it yet changes nothing. Raises BadMessage("damaged") for anything else than times.
    """
    if "known" in head:
        set_setting(db, "campuses_known", json.dumps(places_told(head, "known"), sort_keys=True))


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


def learn_nodes(db: Database, raw: Sequence[Any], *, older: bool = False) -> None:
    """Node half: take over the hub's list. A key once known for a node is never replaced. older: the list is not the
    newest that was heard, so it revokes and adds, and takes nothing back."""
    if not isinstance(raw, list | tuple):
        raise BadMessage("damaged")
    for item in raw:
        try:
            node, campus, key, role, revoked = item
            row = (str(node), str(campus), bytes.fromhex(key), str(role), revoked, older)
        except (TypeError, ValueError) as error:
            raise BadMessage("damaged") from error
        db.conn.execute(
            "INSERT INTO _node (node, campus, verify_key, role, revoked_at) VALUES (?1, ?2, ?3, ?4, ?5)"
            " ON CONFLICT (node) DO UPDATE SET campus = excluded.campus,"
            " revoked_at = CASE WHEN ?6 THEN coalesce(revoked_at, excluded.revoked_at) ELSE excluded.revoked_at END",
            row,
        )
