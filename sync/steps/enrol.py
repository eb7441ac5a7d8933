"""Enrolment: a one-time code, printed by the hub, proves the node to the hub and the hub to the node.

Both messages carry a MAC under the code, so neither key can be swapped on the way; the code itself never
travels. A lost reply may be asked for again by the same node until the code expires.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlite_utils import Database

from shared.database import transaction
from shared.errors import InvalidInput, Problem
from sync.body import dumped
from sync.errors import BadMessage, CodeRefused
from sync.protocol import HubPort
from sync.replica import Replica, set_setting, setting

_CODE_GROUPS = 4
_CODE_GROUP_LENGTH = 4


@dataclass(frozen=True)
class Enrolment:
    """What a node learns when it is enrolled."""

    hub_node: str
    campus: str
    epoch: str


def issue_code(db: Database, replica: Replica, *, campus: str, valid_ms: int | None = None) -> str:
    """At the hub: make a code for one node of a campus, e.g. `7K2Q-…`. Shown once; only digests are stored.

    Raises InvalidInput for a campus code that is no code or would be taken for another scope.
    """
    if campus in ("con", "hub") or not campus.isalnum():
        raise InvalidInput(Problem("campus", "bad_campus_code"))
    code = "-".join(replica.randomness.text(_CODE_GROUP_LENGTH) for _ in range(_CODE_GROUPS))
    expires = replica.clock.now_ms() + (valid_ms if valid_ms is not None else replica.limits.code_valid_ms)
    with transaction(db):
        db.conn.execute(
            "INSERT INTO _code (digest, secret, campus, expires_at) VALUES (?, ?, ?, ?)",
            (_digest(code), _secret(code).hex(), campus, expires),
        )
    return code


def enrol(replica: Replica, db: Database, hub: HubPort, code: str) -> Enrolment:
    """Node half. Raises CodeRefused (reason "other_campus", "other_hub": this file belongs elsewhere),
    HubUnreachable, BadMessage("forged_hub").

    A node that a restored hub has forgotten enrols again with a fresh code: it keeps its file, its key, and the
    epoch it knows, by which the next exchange sees that it must give back.
    """
    secret = _secret(code)
    hub_known, campus_known = setting(db, "hub_node"), setting(db, "campus")
    body = {"id": _digest(code), "node": replica.node, "key": replica.verify_key.hex(), "campus": campus_known}
    answer = _checked(hub.enrol(dumped({**body, "mac": _mac(secret, "node", body)})), secret)
    found = Enrolment(str(answer["node"]), str(answer["campus"]), str(answer["epoch"]))
    if hub_known and hub_known != found.hub_node:
        raise CodeRefused(reason="other_hub")
    with transaction(db):
        set_setting(db, "hub_node", found.hub_node)
        set_setting(db, "campus", found.campus)
        if not hub_known:
            set_setting(db, "epoch", found.epoch)
        db.conn.execute("UPDATE _node SET campus = ? WHERE node = ?", (found.campus, replica.node))
        db.conn.execute(
            "INSERT OR REPLACE INTO _node (node, campus, verify_key, role) VALUES (?, '', ?, 'hub')",
            (found.hub_node, bytes.fromhex(str(answer["key"]))),
        )
    return found


def _checked(raw: bytes, secret: bytes) -> dict[str, object]:
    try:
        answer = json.loads(raw)
        mac = answer.pop("mac")
        genuine = _same(mac, _mac(secret, "hub", answer))
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise BadMessage("damaged") from error
    if not genuine:
        raise BadMessage("forged_hub")
    found: dict[str, object] = answer
    return found


def serve_enrol(replica: Replica, db: Database, request: bytes) -> bytes:
    """Hub half. Raises CodeRefused with reason "unknown", "used", "expired" or "other_campus", BadMessage for
    anything malformed."""
    try:
        asked = json.loads(request)
        mac = asked.pop("mac")
        node, key, digest = str(asked["node"]), bytes.fromhex(asked["key"]), str(asked["id"])
        dumped(asked), digest.encode()  # what is no UTF-8 ends here
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise BadMessage("damaged") from error
    if len(key) != 32 or not (node.isascii() and node.isalnum()) or not 2 <= len(node) <= 16:
        raise BadMessage("damaged")
    with transaction(db):
        row = db.conn.execute(
            "SELECT secret, campus, expires_at, used_by FROM _code WHERE digest = ?", (digest,)
        ).fetchone()
        if row is None or not _same(mac, _mac(bytes.fromhex(row[0]), "node", asked)):
            raise CodeRefused(reason="unknown")
        secret, campus, expires, used_by = bytes.fromhex(row[0]), row[1], row[2], row[3]
        now = replica.clock.now_ms()
        if expires < now:
            raise CodeRefused(reason="expired")
        if asked.get("campus") not in (None, "", campus):
            raise CodeRefused(reason="other_campus")
        if used_by not in (None, node) or _taken_by_another(db, node, key, campus):
            raise CodeRefused(reason="used")
        db.conn.execute("UPDATE _code SET used_at = ?, used_by = ? WHERE digest = ?", (now, node, digest))
        db.conn.execute(
            "INSERT INTO _node (node, campus, verify_key, role, enrolled_at) VALUES (?, ?, ?, 'node', ?)"
            " ON CONFLICT (node) DO NOTHING",
            (node, campus, key, now),
        )
        answer = {
            "node": replica.node, "key": replica.verify_key.hex(), "campus": campus, "epoch": setting(db, "epoch")
        }  # fmt: skip
    return dumped({**answer, "mac": _mac(secret, "hub", answer)})


def revoke(db: Database, replica: Replica, node: str) -> None:
    """At the hub: this node may no longer sync; the other nodes learn it at their next exchange."""
    with transaction(db):
        db.conn.execute(
            "UPDATE _node SET revoked_at = ? WHERE node = ? AND revoked_at IS NULL", (replica.clock.now_ms(), node)
        )


def _taken_by_another(db: Database, node: str, key: bytes, campus: str) -> bool:
    """A name belongs to one key, and a node to one campus for good: its scopes follow from it."""
    row = db.conn.execute("SELECT verify_key, campus FROM _node WHERE node = ?", (node,)).fetchone()
    return row is not None and (row[0], row[1]) != (key, campus)


def _same(told: object, expected: str) -> bool:
    """Compare MACs in constant time; on bytes, because text must be ASCII there."""
    return hmac.compare_digest(str(told).encode(errors="replace"), expected.encode())


def _normal(code: str) -> str:
    return "".join(c for c in code.upper() if c.isalnum()).replace("O", "0").replace("I", "1").replace("L", "1")


def _digest(code: str) -> str:
    return hashlib.sha256(b"tongxin code id\0" + _normal(code).encode()).hexdigest()[:16]


def _secret(code: str) -> bytes:
    return hashlib.sha256(b"tongxin code secret\0" + _normal(code).encode()).digest()


def _mac(secret: bytes, side: str, body: Mapping[str, object]) -> str:
    return hmac.new(secret, side.encode() + b"\0" + dumped(sorted(body.items())), hashlib.sha256).hexdigest()
