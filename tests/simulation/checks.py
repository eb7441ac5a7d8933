"""What must hold in a world: after every exchange, and when all lines are healed and all is quiet."""

from __future__ import annotations

import json
import random
from functools import partial

from shared.records import RECORDS
from sync.body import decode_parts
from sync.conflicts import open_conflicts
from sync.floor_proof import is_floor_as_signed
from sync.log import PRUNED, read_changeset
from sync.rebuild import rebuild_hub
from sync.replica import setting
from sync.status import refusals
from sync.verify import verify
from tests.simulation.canonical import difference, names_of, state_of, without_lost_bases
from tests.simulation.hostile import SENT_IN_HATE, is_hostile
from tests.simulation.rebuild import rebuilt
from tests.simulation.reference import reference_of
from tests.simulation.verdicts import check_forks, check_receipts, check_verdicts
from tests.simulation.world import Site, World, holdings, whole


def scopes_of(world: World, site: Site) -> set[str]:
    """The scopes that a site holds."""
    return {"con", site.campus} if site.campus else {"con", *world.campuses}


def check_cursors(world: World, node: Site) -> None:
    """What a node has of the hub's log is a beginning of it, and its cursor stands at its end (C11)."""
    log = "SELECT hub_seq, kind, verdict, effective, log_hash FROM _entry WHERE scope = ? ORDER BY hub_seq"
    for scope in scopes_of(world, node):
        ours, theirs = (site.db.conn.execute(log, (scope,)).fetchall() for site in (node, world.hub))
        # A node that has not met the restored hub yet follows a log which that has lost.
        same = setting(node.db, "epoch") != setting(world.hub.db, "epoch") or ours == theirs[: len(ours)]
        assert same, f"{node.name}: its log in {scope} is not the beginning of the hub's"
        cursor = node.db.conn.execute("SELECT hub_seq FROM _cursor WHERE scope = ?", (scope,)).fetchone()
        assert (cursor[0] if cursor else 0) == (ours[-1][0] if ours else 0), f"{node.name}: cursor of {scope}"
    lacking = node.db.conn.execute("SELECT count(*) FROM _entry LEFT JOIN _changeset USING (n) WHERE hash IS NULL")
    assert lacking.fetchone()[0] == 0, f"{node.name}: a receipt without its changeset"


def check_quiet(world: World) -> None:
    """Everything that must hold once everybody has synced and nobody has anything left to say."""
    for node in world.nodes:
        check_cursors(world, node)
        check_equal(world, node)
    check_acknowledged(world)
    check_verdicts(world)
    check_receipts(world)
    check_forks(world)
    check_hub_from_its_log(world)
    for site in world.sites:
        check_no_pending(site)
        assert is_floor_as_signed(site.replica, site.db), f"{site.name}: the floor is not as it was signed (C10)"
        check_against_definition(world, site)
        check_quarantine(world, site)
        check_rebuild(world, site)
    for site in (world.hub, world.random.choice(world.nodes)):
        check_verified(site)


def pruned_at(site: Site) -> set[str]:
    """The names of the changesets of which a site has let go of the bodies."""
    names = names_of(site.db)
    return {names[n] for (n,) in site.db.conn.execute(f"SELECT n FROM _changeset WHERE {PRUNED}")}


def check_equal(world: World, node: Site) -> None:
    """A node shows in its scopes what the hub shows, open conflicts included (C3)."""
    scopes = scopes_of(world, node)
    ours = state_of(node.replica, node.db, scopes)
    theirs = state_of(world.hub.replica, world.hub.db, scopes)
    theirs = without_lost_bases(node.replica, theirs, ours, pruned_at(node))
    assert ours == theirs, f"{node.name} (-) and the hub (+) differ:\n{difference(ours, theirs)}"


def check_acknowledged(world: World) -> None:
    """Every save that was acknowledged is at the hub, applied or refused with a reason (C1, C9, C11)."""
    at_hub = holdings(world.hub.db)
    # What a revoked node had not sent stays with it.
    kept = at_hub.union(*(holdings(site.db) for site in world.out))
    lost = [saved for saved in world.saved if (saved.origin, saved.scope, saved.hash) not in kept]
    assert lost == [], f"acknowledged and lost: {lost[:3]}"
    odd = world.hub.db.conn.execute(
        "SELECT n, state FROM _changeset JOIN _origin USING (o) WHERE (hub_seq IS NULL OR state NOT IN ('applied',"
        f" 'quarantined', 'hole') OR (state <> 'applied' AND coalesce(reason, '') = '')) AND NOT {SENT_IN_HATE}"
    ).fetchall()
    names = "SELECT name, scope, hash FROM _changeset JOIN _origin USING (o) WHERE parts IS"
    whole = {name for node in world.nodes for name in node.db.conn.execute(f"{names} NOT NULL").fetchall()}
    # A restored hub has only a hole of what was refused when its own node's disk died too.
    odd += set(world.hub.db.conn.execute(f"{names} NULL").fetchall()) & whole
    assert odd == [], f"neither applied nor refused with a reason: {odd}"


def check_no_pending(site: Site) -> None:
    """Nothing is left to pack, and nothing waits for what never comes."""
    pending = site.db.conn.execute("SELECT count(*) FROM _pending").fetchone()[0]
    # A hostile node's changeset may wait for what never was.
    waiting = site.db.conn.execute(
        f"SELECT count(*) FROM _changeset JOIN _origin USING (o) WHERE state = 'waiting' AND NOT {SENT_IN_HATE}"
    ).fetchone()[0]
    assert (pending, waiting) == (0, 0), f"{site.name}: pending, waiting"
    stale = site.db.conn.execute("SELECT count(*) FROM _pending_stale").fetchone()[0]
    assert stale == 0, f"{site.name}: stale writes left behind"


def check_against_definition(world: World, site: Site) -> None:
    """Rows, winners, and each losing value in exactly one open conflict, as the definition says (C4)."""
    reference = reference_of(site.replica, site.db, partial(whole, world)).expected(scopes_of(world, site))
    shown: dict = {}
    names = names_of(site.db)
    for table in site.replica.tables.values():
        columns = [c.name for c in table.columns]
        for row in site.db.conn.execute(f"SELECT {', '.join(columns)} FROM {table.name}").fetchall():
            values = dict(zip(columns, row, strict=True))
            key = tuple(values[name] for name in table.key)
            shown[table.name, key] = {u.name: tuple(values[c] for c in u.columns) for u in table.units[1:]}
    assert shown.keys() == reference.keys(), f"{site.name}: rows {shown.keys() ^ reference.keys()}"
    cards: dict = {}
    for conflict in open_conflicts(site.db, site.replica):
        card = {tuple(s.values.values()) for s in conflict.heads}
        once = conflict.kind == "delete" or len(card) == len(conflict.heads)
        assert once, f"{site.name}: a value twice on one card {conflict}"
        assert (conflict.table, conflict.key, conflict.unit) not in cards, f"{site.name}: two cards {conflict}"
        assert all(names[s.version] for s in conflict.heads)
        cards[conflict.table, conflict.key, conflict.unit] = card
    for place, want in reference.items():
        have = shown[place]
        assert {u: want[u][1] for u in have} == have, f"{site.name}: {place} shows {have}, should be {want}"
        for unit in have:
            card = cards.pop((*place, unit), set())
            assert card == want["conflicts"].get(unit, set()), f"{site.name}: {place} {unit}: card {card}, {want}"
        assert ((*place, "row") in cards) == want["deleted"], f"{site.name}: {place}: delete card"
        cards.pop((*place, "row"), None)
    assert cards == {}, f"{site.name}: cards about nothing: {cards}"


def check_quarantine(world: World, site: Site) -> None:
    """Nothing refused is visible; both ends name it with a reason; the same set is refused everywhere (C9)."""
    bad = {n for (n,) in site.db.conn.execute("SELECT n FROM _changeset WHERE state IN ('quarantined', 'hole')")}
    for name in site.replica.tables:
        for v, vx in site.db.conn.execute(f"SELECT _v, _vx FROM {name}"):
            visible = {abs(v), *(abs(x) for x in json.loads(vx or "{}").values())}
            assert not visible & bad, f"{site.name}: {name} shows a refused changeset {visible & bad}"
    heads = {v for (v,) in site.db.conn.execute("SELECT v FROM _head UNION SELECT v FROM _delete")}
    assert not heads & bad, f"{site.name}: heads of refused changesets {heads & bad}"
    # Of what a hostile node sent not all can be shown: it may be a row of nothing.
    listed = {one.version for one in refusals(site.db, site.replica) if not is_hostile(one.version)}
    own = site.db.conn.execute(
        "SELECT v.name, c.n FROM _changeset AS c JOIN changeset_name AS v USING (n) WHERE c.state = 'quarantined'"
    ).fetchall()
    # Of one whose rows are all erased there is nothing left to show.
    whole = {name for name, n in own if decode_parts(read_changeset(site.db, n).parts or (b"[]",))}
    held = {name for name in whole if not is_hostile(name)}
    assert listed == held, f"{site.name}: refusals shown {listed}, held {own}"
    names, at_hub = names_of(site.db), names_of(world.hub.db)
    sql = "SELECT n FROM _changeset WHERE state IN ('quarantined', 'hole')"
    refused = {
        at_hub[n] for (n,) in world.hub.db.conn.execute(sql)
        if at_hub[n].split("/")[1] in scopes_of(world, site)
    }  # fmt: skip
    here = {names[n] for n in bad if names[n].split("/")[1] in scopes_of(world, site)}
    assert here == refused, f"{site.name}: refused here {here}, at the hub {refused}"
    unsent = site.db.conn.execute(
        f"SELECT count(*) FROM _changeset JOIN _origin USING (o) WHERE hub_seq IS NULL AND NOT {SENT_IN_HATE}"
    ).fetchone()[0]
    assert unsent == 0, f"{site.name}: {unsent} changesets without a verdict"


def check_hub_from_its_log(world: World) -> None:
    """The hub's file made anew from its log alone is the hub's file (DESIGN §5)."""
    made = rebuild_hub(
        world.hub.replica.path, world.folder / "rebuilt.db", records=RECORDS, clock=world.hub.clock,
        randomness=world.randomness,
    )  # fmt: skip
    assert (made.findings, made.differences) == ([], []), f"the hub and its log: {made}"
    made.path.unlink()


def check_rebuild(world: World, site: Site) -> None:
    """The same set in another order gives the same state (C3)."""
    scopes = scopes_of(world, site)
    chance = random.Random(world.random.random())
    copy = rebuilt(site.replica, site.db, world.folder / "empty.db", chance, partial(whole, world))
    try:
        ours = state_of(site.replica, site.db, scopes)
        anew = without_lost_bases(site.replica, state_of(site.replica, copy, scopes), ours, pruned_at(site))
        assert ours == anew, f"{site.name} (-) and its rebuild (+) differ:\n{difference(ours, anew)}"
    finally:
        copy.close()


def check_verified(site: Site) -> None:
    """What an honest replica holds proves itself, whatever it went through (C10)."""
    assert verify(site.replica, site.db) == [], f"{site.name} does not verify"
