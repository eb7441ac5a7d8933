"""What a hostile node could send: its own key is good, everything else is up to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from shared.schema import Value
from sync.body import dumped, encode_header, encode_parts
from sync.capture import link
from sync.chain import head_statement, link_hash
from sync.change import Block, Changeset, Header
from sync.exchange import _take_answer
from sync.exchange_report import ExchangeReport
from sync.keys import seal, sign, unseal
from sync.replica import SCHEMA_VERSION, setting
from sync.steps.hello import ask, peer_keys
from sync.wire import PieceReader, changeset_pieces, pack, unpack
from tests.support.world import Site, World

HONEST = Header(
    action="FORGED", action_size=1, commit=1, person_id="A-1-x", campus="A", rank="office",
    stamp_ms=1_788_221_000_000, boot="BOOT", monotonic_ms=1, hub_seen_ms=1, schema=SCHEMA_VERSION,
)  # fmt: skip


def inserted(table: str, *rows: Mapping[str, Any]) -> Block:
    """An insert block of rows with the same columns."""
    return Block(table, "i", len(rows), (), {name: [row[name] for row in rows] for name in rows[0]})


def updated(table: str, key: Mapping[str, Value], unit: str, values: Mapping[str, Any], bases: Sequence[int]) -> Block:
    """An update block of one row and unit; bases are indexes into the header's names."""
    columns: dict[str, list[Any]] = {name: [value] for name, value in {**key, **values}.items()}
    return Block(table, "u", 1, (unit,), columns, [[list(bases)]])


def changeset_of(
    node: Site, blocks: Sequence[Block], *, scope: str = "con", apart: Sequence[Block] = (), **header: Any
) -> Changeset:
    """The next changeset of the node's stream with any blocks and any header; it is not stored anywhere."""
    parts = encode_parts(blocks, [(bytes(16), block) for block in apart])
    return link(node.db, scope, encode_header(replace(HONEST, **header)), parts)


def stretch_of(
    node: Site, changesets: Sequence[Changeset], *, seed: bytes | None = None
) -> tuple[dict[str, Any], list[bytes]]:
    """A push stretch of consecutive changesets, signed at its end (with any key)."""
    last = changesets[-1]
    counts, pieces = [], []
    for changeset in changesets:
        count, its = changeset_pieces(changeset)
        counts.append(count)
        pieces += its
    statement = head_statement(f"{last.origin}/{last.scope}", last.seq, last.hash)
    pieces += [changesets[0].prev, sign(seed or node.replica.seed, statement)]
    return {"o": last.origin, "s": last.scope, "q": changesets[0].seq, "p": counts}, pieces


def request_of(node: Site, stretches: Sequence[Any], pieces: Sequence[bytes], **head: Any) -> bytes:
    """A sealed request with any head."""
    told = {**ask(node.replica, node.db), "push": list(stretches), "complete": True, **head}
    return sealed_by(node, pack(told, pieces, node.replica.limits))


def sealed_by(node: Site, message: bytes) -> bytes:
    """Any bytes, sealed by the node for its hub."""
    hub = peer_keys(node.db)[setting(node.db, "hub_node")]
    return node.replica.node.encode() + seal(node.replica.seed, hub, message)


def send(world: World, node: Site, *changesets: Changeset) -> None:
    """Push forged changesets of one stream; the node takes the answer."""
    stretch, pieces = stretch_of(node, changesets)
    world.port.exchange(request_of(node, [stretch], pieces))


def push(world: World, node: Site, *streams: Sequence[Changeset]) -> None:
    """One request with a stretch for each stream; nobody takes the answer."""
    stretches, pieces = [], []
    for changesets in streams:
        stretch, its = stretch_of(node, changesets)
        stretches.append(stretch)
        pieces += its
    world.port.exchange(request_of(node, stretches, pieces))


def link_after(before: Changeset, changeset: Changeset) -> Changeset:
    """A forged changeset as the one that follows another forged one in its stream."""
    seq, place = before.seq + 1, f"{before.origin}/{before.scope}"
    hash_ = link_hash(before.hash, place, seq, changeset.header, changeset.body_hash)
    return replace(changeset, seq=seq, prev=before.hash, hash=hash_)


def take_answer(node: Site, answer: bytes) -> ExchangeReport:
    """Let the node take an answer, as `run_exchange` does for the request that it answers."""
    report = ExchangeReport()
    hub = peer_keys(node.db)[setting(node.db, "hub_node")]
    told, pieces = unpack(unseal(node.replica.seed, hub, answer), node.replica.limits)
    _take_answer(node.replica, node.db, (told, PieceReader(pieces)), 0, report)
    return report


def raw_part(blocks: Sequence[Mapping[str, Any]]) -> bytes:
    """A plain body part of blocks as they stand on the wire, well-formed or not."""
    return dumped(list(blocks))
