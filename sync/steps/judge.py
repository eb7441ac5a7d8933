"""Judge: the hub's verdict on what nodes sent, once, by its own state (C9).

A refused changeset is stored, not applied, and named with a reason on both ends. The order of checks is the
order of the reasons in `docs/sync-protocol.md`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol

from sqlite_utils import Database

from shared.schema import Table, Value
from shared.validation import problems_in_rows
from sync.body import decode_parts, rows_of
from sync.change import Block, Header
from sync.errors import BadMessage
from sync.heads import own_weight
from sync.journal import keys_in
from sync.log import logged, read_changeset
from sync.opened import Opened, Readings, change_at, open_changeset
from sync.replica import Replica
from sync.steps.shape import Refusal, unspeakable, wrong_shape, wrong_value
from sync.steps.whole import word_for
from sync.waiting import is_torn, members_of

# A role of this form is held by a program, which writes only the records that name it, and never as a person.
PROGRAM = "program:"


class Policy(Protocol):
    """What the judge asks of the domain: who holds which role."""

    def roles_of(self, db: Database, person_id: str) -> frozenset[tuple[str, str]]:
        """(role, campus) pairs held now; campus "*" is every campus. Empty for an unknown or revoked person."""

    def ranks_of(self, roles: frozenset[tuple[str, str]], campus: str) -> frozenset[str]:
        """The ranks that someone with these roles may claim at a campus."""

    def objection(
        self, db: Database, author: Header, roles: frozenset[tuple[str, str]], table: str, op: str,
        rows: Iterable[Mapping[str, Value]],
    ) -> str | None:  # fmt: skip
        """The reason why this author may not write one of these rows of a table he may write, or None.

        A row holds the key and, of an update, the columns it changes.
        """


@dataclass(frozen=True)
class Sender:
    """The enrolled node that a changeset came from."""

    node: str
    campus: str
    scopes: frozenset[str]


@dataclass
class _Court:
    """What several verdicts in a row need, looked up once: the state does not change between them."""

    replica: Replica
    db: Database
    policy: Policy
    readings: Readings
    roles: dict[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    senders: dict[int, Sender] = field(default_factory=dict)
    # (table, columns) of which every value of these changesets is good.
    clean: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)

    def look_over(self, numbers: Sequence[int]) -> None:
        """Check the values of all changesets at once, column by column: where all are good, none is looked at again."""
        together: dict[tuple[str, tuple[str, ...]], list[Block]] = {}
        for block in self.readings.blocks(numbers):
            if block.table in self.replica.tables:
                together.setdefault((block.table, tuple(block.columns)), []).append(block)
        for (name, columns), blocks in together.items():
            joined = {c: list(chain.from_iterable(block.columns[c] for block in blocks)) for c in columns}
            if not problems_in_rows(self.replica.tables[name], joined):
                self.clean.add((name, columns))

    def roles_of(self, person_id: str) -> frozenset[tuple[str, str]]:
        """See `Policy.roles_of`."""
        if person_id not in self.roles:
            self.roles[person_id] = self.policy.roles_of(self.db, person_id)
        return self.roles[person_id]


def judge(court: _Court, sender: Sender, n: int) -> Refusal | None:
    """The verdict on one stored changeset by itself; None means accepted."""
    replica, db, policy = court.replica, court.db, court.policy
    raw, bare = db.conn.execute("SELECT header, parts IS NULL FROM _changeset WHERE n = ?", (n,)).fetchone()
    if bare:
        return Refusal("bad_body", {})  # nobody can say what it writes
    header = court.readings.header(n, raw)
    try:
        opened = court.readings.opened(n)
    except BadMessage:
        return Refusal("bad_body", {})
    if opened.scope not in sender.scopes:
        return Refusal("foreign_scope", {"scope": opened.scope})
    if header.campus != sender.campus:
        return Refusal("forged_campus", {"campus": header.campus})
    if _erasable_in_plain_part(replica, db, opened):
        return Refusal("not_erasable_apart", {})
    roles = court.roles_of(header.person_id)
    if not roles:
        return Refusal("unknown_author", {"person": header.person_id})
    if header.rank not in policy.ranks_of(roles, header.campus):
        return Refusal("forged_rank", {"rank": header.rank})
    for block in opened.blocks:
        refusal = _judge_block(court, sender, header, roles, (opened.scope, block))
        if refusal is not None:
            return refusal
        reason = policy.objection(db, header, roles, block.table, block.op, _rows_as_dicts(block))
        if reason is not None:
            return Refusal(reason, {"table": block.table, "person": header.person_id})
    return _repeated_row(replica, opened) or _forged_weight(replica, db, opened) or _refused_parent(replica, db, opened)


def _rows_as_dicts(block: Block) -> Iterable[Mapping[str, Value]]:
    names = tuple(block.columns)
    return (dict(zip(names, values, strict=True)) for values in rows_of(block, names))


def _erasable_in_plain_part(replica: Replica, db: Database, opened: Opened) -> bool:
    """Rows of an erasable record must be parts of their own, or the law's erasure could not reach them."""
    if not _any_erasable(replica, {block.table for block in opened.blocks}):
        return False
    parts = read_changeset(db, opened.n).parts or (b"[]",)
    return _any_erasable(replica, {block.table for block in decode_parts(parts[:1])})


def _any_erasable(replica: Replica, names: Iterable[str]) -> bool:
    return any(name in replica.tables and replica.tables[name].declaration.erasable for name in names)


def _judge_block(
    court: _Court, sender: Sender, header: Header, roles: frozenset[tuple[str, str]], placed: tuple[str, Block]
) -> Refusal | None:
    replica, (scope, block) = court.replica, placed
    table = replica.tables.get(block.table)
    newer = header.schema > replica.schema
    never = unspeakable(block) if newer else None
    if never is not None:
        return never
    if table is None:
        # A newer schema's table is kept and takes effect at the upgrade; an invented one is not (C12).
        return None if newer else Refusal("unknown_table", {"table": block.table})
    wrong = wrong_shape(table, replica.schema, header, block)
    if wrong is None and (table.name, tuple(block.columns)) not in court.clean:
        wrong = wrong_value(table, replica.schema, header, block)
    if wrong is not None:
        return wrong
    keys = rows_of(block, table.key)
    if table.scopes_of(keys) != {scope}:
        return Refusal("wrong_scope", {"table": table.name, "scope": scope})
    owners = table.owners_of(keys)
    writers = table.declaration.writers
    if "any" not in writers and ("home" not in writers or owners != {sender.campus}):
        return Refusal("foreign_owner", {"table": table.name, "owner": ",".join(sorted(str(o) for o in owners))})
    reserved = _reserved_field(table, block, keys, sender.campus)
    if reserved is not None:
        return Refusal("foreign_owner", {"table": table.name, "column": reserved})
    if not _role_allows(table, header, roles, keys, owners):
        return Refusal("wrong_role", {"table": table.name, "person": header.person_id})
    return None


def _reserved_field(table: Table, block: Block, keys: Sequence[tuple[Value, ...]], campus: str) -> str | None:
    """A field that only the owning campus writes and that this campus wrote for another, or None (C8).

    Whoever is not the owner may insert such a field with its declared default (any value where there is none),
    change it never, and not remove the row around it.
    """
    reserved = [column for column in table.columns if column.spec.owner_only]
    foreign = [row for row, key in enumerate(keys) if table.owner_of(key) != campus] if reserved else []
    for column in reserved if foreign else ():
        if block.op == "d" or (block.op == "u" and table.unit_of(column.name).name in block.units):
            return column.name
        default = column.spec.default
        if block.op == "i" and (default is not None or column.spec.null) and column.name in block.columns:
            if any(block.columns[column.name][row] != default for row in foreign):
                return column.name
    return None


def _repeated_row(replica: Replica, opened: Opened) -> Refusal | None:
    """One changeset gives a field one value: with two, the outcome would hang on how it is applied (C3)."""
    seen: dict[tuple[str, str], set[tuple[Value, ...]]] = {}
    for block in opened.blocks:
        table = replica.tables.get(block.table)
        if table is None:
            continue
        keys = rows_of(block, table.key)
        for unit in block.units or ("",):
            known = seen.setdefault((table.name, unit), set())
            expected = len(known) + len(keys)
            known.update(keys)
            if len(known) != expected:
                return Refusal("repeated_row", {"table": table.name})
    for (name, unit), keys_edited in seen.items():
        if unit and keys_edited & seen.get((name, ""), set()):
            return Refusal("repeated_row", {"table": name})
    return None


def _forged_weight(replica: Replica, db: Database, opened: Opened) -> Refusal | None:
    """A weight is carried over from a head that the edit names; nobody gives himself one (C4)."""
    for block in opened.blocks:
        table = replica.tables.get(block.table)
        if table is None:
            continue
        for row, weights in enumerate(block.weights):
            key = tuple(block.columns[name][row] for name in table.key)
            for weight, unit, named in zip(weights, block.units, block.bases[row], strict=False):
                if all(unit != known.name for known in table.units):
                    continue  # a newer schema's field
                versions = [opened.names[i] for i in named if i < len(opened.names)]
                if weight > max((_weight_in(db, table, key, unit, n) for n in versions), default=0):
                    return Refusal("forged_weight", {"table": table.name})
    return None


def _weight_in(db: Database, table: Table, key: tuple[Value, ...], unit: str, n: int) -> int:
    """What a unit's value weighs as one changeset wrote it; 0 when it did not."""
    one = open_changeset(db, n)
    index = next((u.index for u in table.units if u.name == unit), 0)
    for block in one.blocks:
        if block.table == table.name and block.op != "d" and set(table.key) <= block.columns.keys():
            for row, found in enumerate(rows_of(block, table.key)):
                change = change_at(table, one, block, row) if found == key else None
                if change is not None and index in change.writes:
                    own = own_weight(table, key, table.units[index], logged(db, [n])[n], change.writes[index])
                    return max(own, change.weights.get(index, 0))
    return 0


def _role_allows(
    table: Table, header: Header, roles: frozenset[tuple[str, str]], keys: Sequence[tuple[Value, ...]],
    owners: set[str | None],
) -> bool:  # fmt: skip
    programs = {name.removeprefix(PROGRAM) for name, _ in roles if name.startswith(PROGRAM)}
    if programs:
        return programs <= set(table.declaration.programs)
    wanted = table.declaration.roles
    places = {owner for owner in owners if owner} or {header.campus}
    for name in wanted:
        if name.startswith("self:"):
            column = table.key.index(name.removeprefix("self:"))
            if all(key[column] == header.person_id for key in keys):
                return True
        elif all((name, place) in roles or (name, "*") in roles for place in places):
            return True
    return not wanted


def _refused_parent(replica: Replica, db: Database, opened: Opened) -> Refusal | None:
    """A change of a row whose insert was refused is refused with it."""
    touched = keys_in(replica.tables, [_only(opened, inserts=False)])
    seen: set[int] = set()
    todo = list(opened.names)
    while todo:
        n = todo.pop()
        state = db.conn.execute("SELECT state FROM _changeset WHERE n = ?", (n,)).fetchone()
        if n in seen or state is None or state[0] != "quarantined":
            continue
        seen.add(n)
        parent = open_changeset(db, n)
        made = keys_in(replica.tables, [_only(parent, inserts=True)])
        if any(touched.get(name, set()) & keys for name, keys in made.items()):
            return Refusal("depends_on_refused", {})
        todo += parent.names  # an edit of an edit of a refused insert names only the edit
    return None


def _only(opened: Opened, *, inserts: bool) -> Opened:
    blocks = [b for b in opened.blocks if (b.op == "i") is inserts]
    return Opened(opened.n, opened.scope, blocks, opened.names)


def judge_actions(
    replica: Replica, db: Database, policy: Policy, sender: Sender, numbers: Sequence[int],
    readings: Readings | None = None,
) -> dict[int, Refusal]:  # fmt: skip
    """Verdicts on several changesets, a whole action at a time and in the order given: n → refusal. `readings`: what
    of them was decoded already. A part that a restored hub once let in with another one, which it has taken back, is
    let in."""
    court = _Court(replica, db, policy, readings or Readings(db))
    let_in = _accepted_once(db, numbers)
    actions = _by_action(db, [n for n in numbers if n not in let_in])
    court.look_over([n for together in actions.values() for n in together])
    here, earlier = members_of(db, (name for _, name in actions)), _refused_before(db, actions)
    refused: dict[int, Refusal] = {}
    for action, members in actions.items():
        if is_torn(here[action]):
            found = {n: Refusal("forged_action", {}) for n in members}
        elif action in earlier:
            found = {n: Refusal("whole_action", {"because": earlier[action]}) for n in members}
        else:
            theirs = _origin_of(court, sender, action[0])
            found = {n: r for n in members if (r := judge(court, theirs, n)) is not None}
        _mark(db, members, found, refused)
    return refused


def _accepted_once(db: Database, numbers: Sequence[int]) -> set[int]:
    """Which of these very parts were accepted with another one by a receipt that a restored hub has taken back. What
    people released is judged first and released again, so that the log goes on saying who let it in."""
    rows = db.conn.execute(
        "SELECT DISTINCT one.n FROM _changeset AS one JOIN _changeset AS other"
        " ON other.action = one.action AND other.o = one.o AND other.n <> one.n"
        " WHERE one.action_size > 1 AND other.state = 'applied' AND other.hub_seq IS NOT NULL"
        " AND one.n IN (SELECT value FROM json_each(?))",
        (json.dumps(list(numbers)),),
    )
    words = {n: word_for(db, n) for (n,) in rows.fetchall()}
    return {n for n, word in words.items() if word is not None and word.kind == "receipt"}


def _by_action(db: Database, numbers: Sequence[int]) -> dict[tuple[int, str], list[int]]:
    """(origin, action) → the changesets to judge, in the order given."""
    rows = db.conn.execute(
        "SELECT n, o, action FROM _changeset WHERE n IN (SELECT value FROM json_each(?))", (json.dumps(list(numbers)),)
    )
    action_of = {n: (o, action) for n, o, action in rows}
    found: dict[tuple[int, str], list[int]] = {}
    for n in numbers:
        found.setdefault(action_of[n], []).append(n)
    return found


def _refused_before(db: Database, actions: Mapping[tuple[int, str], Sequence[int]]) -> dict[tuple[int, str], str]:
    """The reason why another part of an action was refused earlier: a restored hub may have taken that part back,
    verdict and all, from a node that does not hold the rest."""
    rows = db.conn.execute(
        "SELECT o, action, n, coalesce(reason, '') FROM _changeset WHERE state IN ('quarantined', 'hole')"
        " AND action IN (SELECT value FROM json_each(?))",
        (json.dumps([name for _, name in actions]),),
    )
    return {(o, name): reason for o, name, n, reason in rows if n not in actions.get((o, name), (n,))}


def _origin_of(court: _Court, sender: Sender, origin: int) -> Sender:
    """The node that made a changeset: what had waited here may be another's than today's sender's."""
    if origin not in court.senders:
        node, campus = court.db.conn.execute(
            "SELECT _origin.node, coalesce(_node.campus, '') FROM _origin"
            " LEFT JOIN _node ON _node.node = _origin.node WHERE o = ?",
            (origin,),
        ).fetchone()
        other = Sender(node, campus, frozenset({"con", campus}))
        court.senders[origin] = sender if node == sender.node else other
    return court.senders[origin]


def _mark(
    db: Database, members: Sequence[int], found: Mapping[int, Refusal], refused: dict[int, Refusal]
) -> None:
    if not found:
        return
    first = next(iter(found.values()))
    for n in members:
        refused[n] = found.get(n, Refusal("whole_action", {"because": first.reason}))
        # Quarantined at once, so that later changesets of this very frame see it.
        db.conn.execute(
            "UPDATE _changeset SET state = CASE WHEN parts IS NULL THEN 'hole' ELSE 'quarantined' END WHERE n = ?", (n,)
        )
