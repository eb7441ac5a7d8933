"""What a hub put back from an old copy must know again in the end: whatever any node still held (C6, C11)."""

from __future__ import annotations

from typing import Any

from sqlite_utils import Database

from tests.simulation.world import Name, Promises, Site, World

_TOLD = (
    "SELECT e.origin, e.scope, c.hash, e.kind, e.received_at, e.verdict, e.effective FROM told_entry AS e"
    " JOIN _changeset AS c USING (n)"
)


def promises_of(world: World) -> Promises:
    """What the nodes hold at this moment of the hub's logs, present and former.

    What its own node may still push again, and what waits at the hub, may be judged anew: of it nothing is promised.
    """
    found = Promises()
    open_ = {name for site in world.sites for name in _without_receipt(site)}
    # The copy that was put back may have a receipt of its own that no node had been told: then there are two.
    told = [row for site in world.sites for row in site.db.conn.execute(_TOLD).fetchall()]
    receipts: dict[Name, set[tuple[int, str]]] = {}
    for origin, scope, hash_, kind, received, verdict, effective in told:
        name = (origin, scope, hash_)
        found.seen.add((name, received))
        found.stamps[name] = min(effective, found.stamps.get(name, effective))
        if kind == "receipt" and name not in open_:
            receipts.setdefault(name, set()).add((received, verdict))
        if kind == "release":
            found.released.add(name)
    found.receipts = {name: told.pop() for name, told in receipts.items() if len(told) == 1}
    for node in world.nodes:
        found.dead |= set(node.db.conn.execute("SELECT t, k FROM _erased").fetchall())
    return found


def remember_told(world: World, node: Site) -> None:
    """A stick of the former log reached a node after the hub was put back: what was in nobody's file was on it."""
    if world.promised is not None:
        rows = node.db.conn.execute(_TOLD).fetchall()
        world.promised.seen |= {((origin, scope, hash_), received) for origin, scope, hash_, _, received, *_ in rows}


def forget_untold(world: World) -> None:
    """A node was revoked: what it alone had been told it will not give back."""
    if world.promised is None:
        return
    left, promised = promises_of(world), world.promised
    names = {name for name, _ in left.seen}
    promised.receipts = {name: told for name, told in promised.receipts.items() if name in names}
    promised.stamps = {name: stamp for name, stamp in promised.stamps.items() if left.stamps.get(name) == stamp}
    promised.released &= left.released
    promised.dead &= left.dead


def _without_receipt(site: Site) -> list[Name]:
    """What a site's own node, or the hub of what waits there, has no receipt of in a log that it holds."""
    rows = site.db.conn.execute(
        "SELECT name, scope, hash FROM _changeset JOIN _origin USING (o) WHERE hub_seq IS NULL"
        " OR (mine = 1 AND ? <> '' AND scope NOT IN ('con', ?))",
        (site.campus, site.campus),
    )
    return rows.fetchall()


def check_promises(world: World) -> None:
    """The restored hub's last log says what the nodes had been told, and no stamp is later than any told."""
    db, promised = world.hub.db, world.promised
    if promised is None:
        return
    at_hub = {
        (origin, scope, hash_): (received, verdict)
        for origin, scope, hash_, kind, received, verdict, _ in db.conn.execute(_TOLD) if kind == "receipt"
    }  # fmt: skip
    for name, told in promised.receipts.items():
        assert at_hub.get(name) == told, f"a node was told {told} of {name}, the hub now says {at_hub.get(name)}"
    stamps = _by_name(db, "effective")
    late = {name: (stamps.get(name), told) for name, told in promised.stamps.items() if stamps.get(name, told) > told}
    assert late == {}, f"stamps later than a node was told: {late}"
    states = _by_name(db, "state")
    shut = [name for name in promised.released if states.get(name) != "applied"]
    assert shut == [], f"released, and shut out again: {shut}"
    dead = set(db.conn.execute("SELECT t, k FROM _erased").fetchall())
    assert promised.dead <= dead, f"erased, and alive again: {promised.dead - dead}"


def _by_name(db: Database, column: str) -> dict[Name, Any]:
    rows = db.conn.execute(f"SELECT name, scope, hash, {column} FROM _changeset JOIN _origin USING (o)").fetchall()
    return {(name, scope, hash_): value for name, scope, hash_, value in rows}
