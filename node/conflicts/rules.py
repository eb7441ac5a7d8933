"""Who may settle a disagreement, and what a decision says: pure decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from shared.errors import InvalidInput, Problem
from shared.ids import campus_of
from shared.roles import EVERYWHERE, Held
from shared.schema import Table, Value
from shared.validation import load
from sync.conflicts import Conflict, Shown, check_held

TAKE_OTHER = "other"


def may_settle(table: Table, conflict: Conflict, held: Iterable[Held], *, person_id: str, node_campus: str) -> bool:
    """True when the record's own declaration lets this person write it, from this node.

    The hub will judge the same again (C9); asking here saves a refusal days later.
    """
    declared = table.declaration
    owner = table.owner_of(conflict.key)
    if "any" not in declared.writers and not ("home" in declared.writers and owner == node_campus):
        return False
    if not declared.roles:
        return True
    if any(role.startswith("self:") and _is_self(role, table, conflict, person_id) for role in declared.roles):
        return True
    at = owner or node_campus
    return any(role in declared.roles and campus in (EVERYWHERE, at) for role, campus in held)


def _is_self(role: str, table: Table, conflict: Conflict, person_id: str) -> bool:
    column = role.partition(":")[2]
    return column in table.key and conflict.key[table.key.index(column)] == person_id


def chosen_values(table: Table, conflict: Conflict, form: Mapping[str, str]) -> dict[str, Value]:
    """What a form decides: the values of the head named in `choice`, or the person's own.

    Raises InvalidInput when nothing was chosen or an own value cannot be taken.
    """
    choice = form.get("choice", "")
    for head in conflict.heads:
        if choice == str(head.version):
            check_held(table, head.values)
            return dict(head.values)
    if choice != TAKE_OTHER or conflict.kind == "delete":
        raise InvalidInput(Problem("choice", "missing", {"zh": "您的决定", "en": "Your decision"}))
    given = {name: form.get(f"own_{name}", "") for name in conflict.columns}
    return load(table.record, given, only=list(conflict.columns))


def sides(conflict: Conflict, *, node: str) -> list[tuple[str, Shown]]:
    """The heads with whose they are: "ours" was written on this node, "theirs" elsewhere."""
    return [("ours" if head.node == node else "theirs", head) for head in conflict.heads]


def owner_campus(table: Table, conflict: Conflict, node_campus: str) -> str:
    """The campus for which a decision is made."""
    return table.owner_of(conflict.key) or campus_of(node_campus)
