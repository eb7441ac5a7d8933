"""What the hub must have judged and receipted, found out without asking the judge (C6, C9)."""

from __future__ import annotations

from collections import defaultdict

from sync.body import decode_header, decode_parts
from sync.change import LOCAL_OPERATOR, Block, Header
from sync.log import read_changeset
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
    db, campus_of = world.hub.db, {node.replica.node: node.campus for node in world.nodes}
    released = {n for (n,) in db.conn.execute("SELECT n FROM _entry WHERE kind = 'release'")}
    actions: dict[tuple, set[str]] = defaultdict(set)
    with_body = {name for site in world.nodes for name in holdings(site.db, "parts IS NOT NULL")}
    rows = db.conn.execute("SELECT n, name, node, state FROM _changeset JOIN _origin USING (o)").fetchall()
    for n, origin, node, state in rows:
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
    # After a restore of the hub two nodes may give back, and two judgements meet, the parts of one action: what is
    # refused of it then is in quarantine, and people may release it (again).
    halved = [action for action in halved if action not in _released_before_the_rest_came(world)]
    assert halved == [], f"half an action was refused: {halved}"


def _released_before_the_rest_came(world: World) -> set[tuple[str, str]]:
    """(origin, action) of what people let in at a restored hub while it lacked another part: that is judged when it
    comes, and people may release it as well."""
    rows = world.hub.db.conn.execute(
        "SELECT DISTINCT name, late.action FROM _changeset AS late JOIN _origin USING (o)"
        " JOIN _changeset AS one ON one.o = late.o AND one.action = late.action AND one.n <> late.n"
        " JOIN _entry AS e ON e.n = one.n AND e.kind = 'release'"
        " WHERE late.state IN ('quarantined', 'hole') AND late.hub_seq > e.hub_seq"
    )
    return set(rows.fetchall()) if world.restored_hub else set()


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
    cloned = {node.replica.node for node in world.nodes if node.name.endswith("x")}
    assert all(name.split(".")[0] in cloned for name, _, _ in forks), f"forks: {forks}"
