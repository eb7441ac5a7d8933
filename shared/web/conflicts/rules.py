"""Who may settle a disagreement, and what a decision says: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from shared.errors import InvalidInput, Problem
from shared.roles import EVERYWHERE, Held
from shared.schema import Table, Value
from shared.validation import load
from shared.web.wording import is_secret
from sync.change import RANKS
from sync.conflicts import Conflict, Shown, check_held

TAKE_OTHER = "other"
NOTE_LENGTH_MAX = 200
# How several disagreements of one kind are settled at once.
BY_OFFICE, LATER, OURS, THEIRS = "office", "later", "ours", "theirs"


def may_write(
    table: Table, key: Sequence[Value], held: Iterable[Held], *, person_id: str, node_campus: str
) -> bool:
    """True when a record's own declaration lets this person write this row, from this node ("": at the hub).

    The hub judges what a node writes once more (C9); asking here saves a refusal days later.
    """
    declared, owner = table.declaration, table.owner_of(key)
    here = "home" in declared.writers and owner == node_campus if node_campus else "hub" in declared.writers
    if not here and "any" not in declared.writers:
        return False
    if not declared.roles:
        return True
    own = {role.partition(":")[2] for role in declared.roles if role.startswith("self:")}
    if any(name in table.key and key[table.key.index(name)] == person_id for name in own):
        return True
    at = owner or node_campus
    return any(role in declared.roles and (campus == EVERYWHERE or at in ("", campus)) for role, campus in held)


def decided_elsewhere(table: Table, conflict: Conflict, node_campus: str) -> str:
    """The campus that alone decides about this field, where that is not the node's own; else "".

    Nobody else's word on it would be taken (C8, C9); the hub's is.
    """
    owner = table.owner_of(conflict.key)
    reserved = [column.name for column in table.columns if column.spec.owner_only]
    touched = reserved if conflict.kind == "delete" else set(reserved) & set(conflict.columns)
    return owner if node_campus and owner and touched and owner != node_campus else ""


def head_meant(conflict: Conflict, way: str, node: str) -> Shown | None:
    """The value that a bulk decision takes: the one that the office wrote, the latest, this site's or the others'.

    None where that names no value, or several: those stay for a person to look at one by one.
    """
    latest = max(head.instant for head in conflict.heads)
    fitting = {
        BY_OFFICE: [head for head in conflict.heads if head.rank == RANKS["office"]],
        LATER: [head for head in conflict.heads if head.instant == latest],
        OURS: [head for head in conflict.heads if head.node == node],
        THEIRS: [head for head in conflict.heads if head.node != node],
    }.get(way, [])
    return fitting[0] if len(fitting) == 1 else None


def chosen_values(table: Table, conflict: Conflict, form: Mapping[str, str]) -> dict[str, Value]:
    """What a form decides: the values of the head named in `choice`, or those typed in `own_…` (never a secret).

    Raises InvalidInput when nothing was chosen, an own value cannot be taken, or a value came in that the page did
    not show.
    """
    if form.get("seen") != seen(conflict):
        raise InvalidInput(Problem("seen", "moved", {"zh": "页面", "en": "page"}))
    choice = form.get("choice", "")
    for head in conflict.heads:
        if choice == str(head.version):
            check_held(table, head.values)
            return dict(head.values)
    if choice != TAKE_OTHER or conflict.kind == "delete" or any(map(is_secret, conflict.columns)):
        raise InvalidInput(Problem("choice", "missing", {"zh": "您的决定", "en": "Your decision"}))
    return load(table.record, {n: form.get(f"own_{n}", "") for n in conflict.columns}, only=list(conflict.columns))


def checked_note(form: Mapping[str, str], *, needed: bool = False) -> str:
    """The reason a person gave. Raises InvalidInput when it is too long, or lacks where it is needed."""
    note = form.get("note", "").strip()
    about: dict[str, str | int | None] = {"zh": "说明", "en": "note", "high": NOTE_LENGTH_MAX}
    if len(note) > NOTE_LENGTH_MAX:
        raise InvalidInput(Problem("note", "too_long", about))
    if needed and not note:
        raise InvalidInput(Problem("note", "missing", about))
    return note


def seen(conflict: Conflict) -> str:
    """Names the values a page shows, so that a decision counts for no others."""
    return ".".join(str(version) for version in sorted(head.version for head in conflict.heads))


def differing_columns(conflict: Conflict) -> tuple[str, ...]:
    """Of a group of fields those on which not all agree: the eye goes to what differs."""
    every: list[Shown] = [*conflict.heads, *([conflict.base] if conflict.base else [])]
    found = tuple(name for name in conflict.columns if len({shown.values.get(name) for shown in every}) > 1)
    return found or conflict.columns
