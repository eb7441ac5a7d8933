"""Who may settle a disagreement at the hub, and what a posted decision says. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from shared.errors import InvalidInput, Problem
from shared.roles import EVERYWHERE, Held
from shared.schema import Table, Value
from shared.validation import load
from sync.conflicts import Conflict, check_held

TAKE_OTHER = "other"


def may_settle(table: Table, conflict: Conflict, held: Iterable[Held], person_id: str) -> bool:
    """True when the record's declaration lets this person write the row at the hub."""
    declared = table.declaration
    if not declared.writers & {"hub", "any"}:
        return False
    if not declared.roles:
        return True
    own = {role.partition(":")[2] for role in declared.roles if role.startswith("self:")}
    if any(name in table.key and conflict.key[table.key.index(name)] == person_id for name in own):
        return True
    owner = table.owner_of(conflict.key)
    return any(role in declared.roles and (campus == EVERYWHERE or owner in (None, campus)) for role, campus in held)


def chosen_values(table: Table, conflict: Conflict, form: Mapping[str, str]) -> dict[str, Value]:
    """What a form decides: the values of the head named in `choice`, or those typed in `own_…`.

    Raises InvalidInput when nothing was chosen, an own value cannot be taken, or a value came in that the
    page did not show.
    """
    if form.get("seen") != seen(conflict):
        raise InvalidInput(Problem("seen", "moved", {"zh": "页面", "en": "page"}))
    choice = form.get("choice", "")
    for head in conflict.heads:
        if choice == str(head.version):
            check_held(table, head.values)
            return dict(head.values)
    if choice != TAKE_OTHER or conflict.kind == "delete":
        raise InvalidInput(Problem("choice", "missing", {"zh": "您的决定", "en": "Your decision"}))
    return load(table.record, {n: form.get(f"own_{n}", "") for n in conflict.columns}, only=list(conflict.columns))


def seen(conflict: Conflict) -> str:
    """Names the values a page shows, so that a decision counts for no others."""
    return ".".join(str(version) for version in sorted(head.version for head in conflict.heads))
