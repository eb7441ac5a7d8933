"""What the hub must have judged and receipted, found out without asking the judge (C6, C9)."""

from __future__ import annotations

from collections import defaultdict

from sync.body import decode_header, decode_parts
from sync.log import read_changeset
from tests.simulation.world import World

# Which part of a row's key names its campus with its first letter; a clerk may touch those of their own.
CAMPUS_AT = {
    "calendar_day": 0, "staff_day": 2, "register": 0, "register_exception": 0, "pupil": 0, "group_member": 0,
    "evidence": 0,
}  # fmt: skip


def check_verdicts(world: World) -> None:
    """Whoever wrote what is none of their business was refused, a whole action at a time."""
    db, campus_of = world.hub.db, {node.replica.node: node.campus for node in world.nodes}
    released = {n for (n,) in db.conn.execute("SELECT n FROM _entry WHERE kind = 'release'")}
    actions: dict[tuple, set[str]] = defaultdict(set)
    rows = db.conn.execute("SELECT n, name, node, state FROM _changeset JOIN _origin USING (o)").fetchall()
    for n, origin, node, state in rows:
        stored = read_changeset(db, n)
        header = decode_header(stored.header)
        actions[origin, header.action].add(state)
        if node == world.hub.replica.node or n in released:
            continue
        wrong = header.person_id.endswith("guest") or any(
            str(key)[0] != campus_of[node]
            for block in decode_parts(stored.parts or (b"[]",))
            if block.table in CAMPUS_AT
            for key in block.columns[list(block.columns)[CAMPUS_AT[block.table]]]
        )
        assert state == "quarantined" or not wrong, f"the hub let in {origin}/{stored.scope}/{stored.seq}"
    halved = [action for action, states in actions.items() if len(states) > 1]
    assert halved == [], f"half an action was refused: {halved}"


def check_receipts(world: World) -> None:
    """The receipt clock never runs back, and no stamp stays later than its receipt (C6)."""
    db = world.hub.db
    times = [t for (t,) in db.conn.execute("SELECT received_at FROM _entry ORDER BY hub_seq")]
    assert times == sorted(times), "the receipt clock ran back"
    late = db.conn.execute("SELECT count(*) FROM _changeset WHERE effective > received_at").fetchone()
    assert late == (0,), "a stamp later than its receipt counts"
    twice = db.conn.execute("SELECT n FROM _entry WHERE kind = 'receipt' GROUP BY n HAVING count(*) > 1").fetchall()
    assert twice == [], f"two receipts for one changeset: {twice}"


def check_forks(world: World) -> None:
    """Only a clone, which nobody can tell from the original, may fork a stream; a restored copy never (C10)."""
    forks = world.hub.db.conn.execute(
        "SELECT name, scope, seq FROM _changeset JOIN _origin USING (o) GROUP BY o, scope, seq HAVING count(*) > 1"
    ).fetchall()
    cloned = {node.replica.node for node in world.nodes if node.name.endswith("x")}
    assert all(name.split(".")[0] in cloned for name, _, _ in forks), f"forks: {forks}"
