"""What the hub must have judged and receipted, found out without asking the judge (C6, C9)."""

from __future__ import annotations

from collections import defaultdict

from sync.body import decode_header, decode_parts
from sync.change import LOCAL_OPERATOR, Block, Header
from sync.log import read_changeset
from tests.simulation.hostile import is_hostile
from tests.simulation.world import World, holdings

# Which part of a row's key names its campus with its first letter; a campus may touch only its own.
CAMPUS_AT = {
    "calendar_day": 0, "staff_day": 2, "register": 0, "register_exception": 0, "pupil": 0, "group_member": 0,
    "evidence": 0,
}  # fmt: skip
# What any campus may send about any other, if the author has the role there.
SENT_BY_ANY = {"evidence"}
TEACHERS_MAY = {"register", "register_exception"}


def is_trespass(header: Header, campus: str, blocks: list[Block]) -> bool:
    """Whether a changeset from a campus's node holds what its author may not write, or may not send from there."""
    _, who = header.person_id.split("-")
    if who == "guest" or (who == "teacher" and header.rank == "office"):
        return True
    for block in blocks:
        if who == "teacher" and block.table not in TEACHERS_MAY:
            return True
        if block.table in CAMPUS_AT and not (who == "roamer" and block.table in SENT_BY_ANY):
            key = block.columns[list(block.columns)[CAMPUS_AT[block.table]]]
            if any(str(part)[0] != campus for part in key):
                return True
    return False


def check_verdicts(world: World) -> None:
    """Whoever wrote what is none of their business was refused, a whole action at a time."""
    db, campus_of = world.hub.db, {
        node.replica.node: node.campus for node in (*world.nodes, *world.out)
    }
    released = {n for (n,) in db.conn.execute("SELECT n FROM _entry WHERE kind = 'release'")}
    actions: dict[tuple, set[str]] = defaultdict(set)
    with_body = {name for site in world.nodes for name in holdings(site.db, "parts IS NOT NULL")}
    rows = db.conn.execute("SELECT n, name, node, state FROM _changeset JOIN _origin USING (o)").fetchall()
    for n, origin, node, state in rows:
        if is_hostile(origin):
            assert state != "applied", f"the hub let in {origin}"
            continue
        stored = read_changeset(db, n)
        header = decode_header(stored.header)
        actions[origin, header.action].add(state)
        if node == world.hub.replica.node or n in released:
            continue
        if header.person_id == LOCAL_OPERATOR:
            continue  # nobody, and so refused; the shell is no person
        wrong = is_trespass(header, campus_of[node], decode_parts(stored.parts or (b"[]",)))
        # A restored hub has a refused one without its body only where the writer's disk died too.
        lost = state == "hole" and (origin, stored.scope, stored.hash) not in with_body
        refused = state == "quarantined" or lost
        assert refused or not wrong, f"the hub let in {origin}/{stored.scope}/{stored.seq}: {header}"
    halved = [action for action, states in actions.items() if len(states) > 1]
    halved = [action for action in halved if not _released_apart(world, action)]
    assert halved == [], f"half an action was refused: {halved}"


def _released_apart(world: World, action: tuple) -> bool:
    """Whether people let one part in while a restored hub had not got the other back: the only half there may be."""
    rows = world.hub.db.conn.execute(
        "SELECT c.state, hex(c.hash), (SELECT group_concat(reason_data) FROM _entry AS e WHERE e.n = c.n AND"
        " kind = 'release') FROM _changeset AS c JOIN _origin USING (o) WHERE name = ? AND action = ?",
        action,
    ).fetchall()
    words = [said for state, _, said in rows if state == "applied"]
    out = [hash_.lower() for state, hash_, _ in rows if state != "applied"]
    return world.restored_hub and all(words) and not any(hash_ in said for hash_ in out for said in words)


def check_receipts(world: World) -> None:
    """The receipt clock never runs back, and no stamp stays later than its receipt (C6)."""
    db = world.hub.db
    known = world.promised.seen if world.promised else set()
    rows = db.conn.execute("SELECT name, scope, hash, e.received_at FROM _entry AS e"
                           " JOIN _changeset USING (n, scope) JOIN _origin USING (o) ORDER BY e.hub_seq")  # fmt: skip
    # What nodes gave back to a restored hub keeps its old receipt.
    times = [received for *name, received in rows if (tuple(name), received) not in known]
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
    cloned = {node.replica.node for node in (*world.nodes, *world.out) if node.name.endswith("x")}
    assert all(name.split(".")[0] in cloned for name, _, _ in forks), f"forks: {forks}"
