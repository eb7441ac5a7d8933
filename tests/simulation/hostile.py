"""What a hostile node sends: its key is good, all else is up to it.

Everything goes by incarnations of its own making, so that it is known again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sync.body import dumped, encode_header, encode_parts
from sync.chain import GENESIS, body_hash, head_statement, link_hash, part_hash
from sync.change import Block, Changeset, Header
from sync.errors import BadMessage
from sync.exchange import serve_exchange
from sync.keys import seal, sign
from sync.replica import SCHEMA_VERSION, setting
from sync.steps.hello import ask, peer_keys
from sync.wire import changeset_pieces, pack
from tests.simulation.world import Site, World, holdings

# The end of the name of every origin that is made up here, and SQL that knows them.
HATE = "EVIL"
SENT_IN_HATE = f"_origin.name LIKE '%.{HATE}%'"
DAY = "2025-09-01"


def is_hostile(name: str) -> bool:
    """Whether an origin, or a changeset by its name, was made up here."""
    return f".{HATE}" in name


def _day(campus: str, **changed: Any) -> Block:
    row: dict[str, Any] = {
        "campus": campus, "date": DAY, "kind": "holiday", "week": 0, "note": HATE, "follows_weekday": None,
        "parity": "", "bell_schedule": "", **changed,
    }  # fmt: skip
    return _row("calendar_day", row)


def _row(table: str, row: Mapping[str, Any], *, count: int = 1) -> Block:
    return Block(table, "i", count, (), {name: [value] * count for name, value in row.items()})


Forgery = tuple[dict[str, Any], str, Block]


def _forgeries(world: World, site: Site) -> dict[str, Callable[[], Forgery]]:
    """What a changeset may lie about: its header, its scope, its one block."""
    mine = site.campus
    other = world.random.choice([campus for campus in world.campuses if campus != mine])
    return {
        "nobody's name": lambda: ({"person_id": f"{mine}-guest"}, "con", _day(mine)),
        "a made-up name": lambda: ({"person_id": "X-nobody"}, "con", _day(mine)),
        "another campus's name": lambda: ({"campus": other, "person_id": f"{other}-clerk"}, "con", _day(other)),
        "another campus's row": lambda: ({}, "con", _day(other)),
        "a rank": lambda: ({"person_id": f"{mine}-teacher", "rank": "office"}, "con", _day(mine)),
        "a foreign scope": lambda: ({}, other, _row("pupil", {"id": f"{other}-evil", "name": HATE})),
        "a row in the wrong scope": lambda: ({}, mine, _day(mine)),
        "a table": lambda: ({}, "con", _row("evil", {"id": "1"})),
        "a column": lambda: ({}, "con", _day(mine, evil=1)),
        "a value": lambda: ({}, "con", _day(mine, week=10**9)),
        "a long value": lambda: ({}, "con", _day(mine, note="x" * 5_000)),
        "a row twice": lambda: ({}, "con", _row("calendar_day", {**_cells(_day(mine))}, count=2)),
        "a torn action": lambda: ({"action_size": 1, "action": "TWICE"}, "con", _day(mine)),
        "the hub's office": lambda: ({"person_id": "office", "campus": ""}, "con", _day(mine)),
    }


def _cells(block: Block) -> dict[str, Any]:
    return {name: values[0] for name, values in block.columns.items()}


def hostile(world: World, site: Site) -> None:
    """One hostile message of a node: refused, or stored and never seen in any table."""
    if site is world.hub:
        return
    kinds = _forgeries(world, site)
    name = world.random.choice([*kinds, "a broken chain", "a body", "a bomb", "a signature", "another's origin"])
    before = holdings(world.hub.db)
    sealed = _message(world, site, name, kinds)
    with contextlib.suppress(BadMessage):
        serve_exchange(world.hub.replica, world.hub.db, world.policy, sealed)
    fresh = holdings(world.hub.db) - before
    world.said(f"{site.name} hostile: {name}: {len(fresh)} stored")
    shown = world.hub.db.conn.execute(
        f"SELECT count(*) FROM _changeset JOIN _origin USING (o) WHERE {SENT_IN_HATE} AND state = 'applied'"
    ).fetchone()
    assert shown == (0,), f"hostile ({name}) and let in"
    if name in ("a bomb", "a signature", "another's origin"):
        assert not {one for one in fresh if is_hostile(one[0])}, f"hostile ({name}) and stored"


def _message(world: World, site: Site, name: str, kinds: Mapping[str, Callable[[], Forgery]]) -> bytes:
    told, scope, block = kinds[name]() if name in kinds else ({}, "con", _day(site.campus))
    node = site.replica.node
    if name == "another's origin":
        node = world.hub.replica.node
    origin = f"{node}.{HATE}{world.randomness.text(4)}"
    header = Header(
        action="EVILACTION", action_size=1, commit=1, person_id=f"{site.campus}-clerk", campus=site.campus,
        rank="office", stamp_ms=world.time.ms, boot="EVIL", monotonic_ms=1, hub_seen_ms=1, schema=SCHEMA_VERSION,
    )  # fmt: skip
    parts = encode_parts([block], [])
    if name == "a bomb":
        parts = (dumped([{"t": "calendar_day", "o": "i", "n": 2**40, "c": {"campus": {"=": site.campus}}}]),)
    if name == "a body":
        parts = (b'[{"t": "calendar_day"}]',)
    changeset = _linked(origin, scope, replace(header, **told), parts)
    if name == "a broken chain":
        changeset = replace(changeset, seq=7, prev=bytes([7]) * 32)
        changeset = replace(changeset, hash=_hash(changeset))
    chain = [changeset]
    if name == "a torn action":
        follower = replace(changeset, seq=2, prev=changeset.hash)
        chain.append(replace(follower, hash=_hash(follower)))
    seed = world.randomness.raw(32) if name == "a signature" else site.replica.seed
    return _sealed(world, site, chain, seed)


def _linked(origin: str, scope: str, header: Header, parts: tuple[bytes, ...]) -> Changeset:
    raw, body = encode_header(header), body_hash([part_hash(part) for part in parts])
    hash_ = link_hash(GENESIS, f"{origin}/{scope}", 1, raw, body)
    return Changeset(origin, scope, 1, GENESIS, raw, parts, body, hash_)


def _hash(one: Changeset) -> bytes:
    return link_hash(one.prev, f"{one.origin}/{one.scope}", one.seq, one.header, one.body_hash)


def _sealed(world: World, site: Site, chain: list[Changeset], seed: bytes) -> bytes:
    """The chain as one stretch of a request that is otherwise the node's own."""
    counts, pieces = [], []
    for one in chain:
        count, its = changeset_pieces(one)
        counts.append(count)
        pieces += its
    last = chain[-1]
    pieces += [chain[0].prev, sign(seed, head_statement(f"{last.origin}/{last.scope}", last.seq, last.hash))]
    stretch = {"o": last.origin, "s": last.scope, "q": chain[0].seq, "p": counts}
    head = {**ask(site.replica, site.db), "push": [stretch], "complete": False}
    hub = peer_keys(site.db)[setting(site.db, "hub_node")]
    return site.replica.node.encode() + seal(site.replica.seed, hub, pack(head, pieces, site.replica.limits))
