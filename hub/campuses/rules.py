"""How a campus stands, as one tone and one word. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from shared.clock import instant_ms
from shared.records import Campus
from shared.schema import Value
from sync.status import NodeState, Refusal

CLOCK_DOUBT_MS = 10 * 60_000


@dataclass(frozen=True)
class Standing:
    """tone: ok, warn, bad, off; word: a code that the template says in words."""

    tone: str
    word: str


def standing_of(node: NodeState, now_ms: int, silent_ms: int) -> Standing:
    """How one node stands: revoked, owing a restored hub what it holds, never synced, silent for long, or current."""
    if node.revoked_at:
        return Standing("off", "revoked")
    if node.owes:
        return Standing("warn", "owes")
    if node.last_sync is None:
        return Standing("warn", "never")
    if now_ms - instant_ms(node.last_sync) > silent_ms:
        return Standing("warn", "silent")
    if waiting(node):
        return Standing("info", "behind")
    return Standing("ok", "current")


def waiting(node: NodeState) -> int | None:
    """Changesets the node still holds back. What it counted before its last complete sync has come since."""
    complete = node.last_sync is not None and node.last_sync == node.last_contact
    return 0 if complete else node.backlog


def clock_is_wrong(node: NodeState, doubt_ms: int = CLOCK_DOUBT_MS) -> bool:
    """True when a node's clock is further off than its facts can bear without a person looking."""
    return node.clock_offset_ms is not None and abs(node.clock_offset_ms) > doubt_ms


@dataclass(frozen=True)
class Place:
    """A campus with its nodes; the main campus, where the hub stands, may have none."""

    campus: Campus
    nodes: tuple[tuple[NodeState, Standing], ...]


def places(campuses: Sequence[Campus], nodes: Sequence[NodeState], now_ms: int, silent_ms: int) -> list[Place]:
    """Every campus in its order, main campus first, with its live nodes before the revoked ones."""
    found = []
    for campus in sorted(campuses, key=lambda c: (not c.main, c.position, c.code)):
        own = sorted((n for n in nodes if n.campus == campus.code), key=lambda n: (n.revoked_at is not None, n.node))
        found.append(Place(campus, tuple((n, standing_of(n, now_ms, silent_ms)) for n in own)))
    return found


def overall(shown: Sequence[Place]) -> tuple[str, list[str], int]:
    """(tone, names of the campuses that are late, number of live nodes).

    A campus without a node is late too: of it nothing is known.
    """
    live = [(place.campus.name, standing) for place in shown for node, standing in place.nodes if not node.revoked_at]
    without = [place.campus.name for place in shown if all(node.revoked_at for node, _standing in place.nodes)]
    late = list(dict.fromkeys([name for name, standing in live if standing.tone == "warn"] + without))
    return ("warn" if late else "ok" if live else "off"), late, len(live)


def owing(shown: Sequence[Place]) -> tuple[list[str], list[str]]:
    """Campuses whose nodes have all given back to a restored hub, and those of which one has not."""
    with_node = [(p.campus.name, [n for n, _ in p.nodes if not n.revoked_at]) for p in shown]
    owe = [name for name, nodes in with_node if any(n.owes for n in nodes)]
    return [name for name, nodes in with_node if nodes and name not in owe], owe


@dataclass(frozen=True)
class Quarantined:
    """One refused changeset with its rows: (table, key, values)."""

    version: str
    reason: str
    instant: str
    person_id: str
    data: dict[str, str]
    rows: tuple[tuple[str, tuple[Value, ...], dict[str, Value]], ...]


def by_changeset(refusals: Sequence[Refusal]) -> list[Quarantined]:
    """Refused rows, put together by the changeset they came in (they stand one after another)."""
    found = []
    for _version, group in groupby(refusals, key=lambda refusal: refusal.version):
        rows = list(group)
        first = rows[0]
        shown = tuple((row.table, tuple(row.key), row.values) for row in rows)
        found.append(Quarantined(first.version, first.reason, first.instant, first.person_id, first.data, shown))
    return found
