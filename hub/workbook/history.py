"""What a person changed since an import stays: a file does not write over it unless somebody says so, field by field.

The rule: a field that an import wrote last may be changed by the next import; a field that anything else wrote
last (a form, a node, a decision about a conflict) is edited by hand, and what is there stays. It is read from the
changesets themselves: an import says in its header that it is one. Nothing has to be remembered beside them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from sqlite_utils import Database

from hub.workbook.planning import Change, Plan
from shared.schema import Table, Value, table_of
from sync.body import decode_header
from sync.heads import read_row, unit_versions
from sync.log import read_changeset

# What the header of an import's changeset says, before the file's name.
IMPORT_NOTE = "import"
# Stands for the whole row where a file would take it away.
WHOLE_ROW = "*"


def keeping_hand_edits(db: Database, plan: Plan) -> Plan:
    """The plan with fields that a person edited left as they are; `Change.kept` says what the file has instead."""
    notes: dict[int, bool] = {}
    return replace(plan, changes=tuple(_kept(db, change, notes) for change in plan.changes))


def with_overwrites(plan: Plan, ticked: Collection[str]) -> Plan:
    """The plan with the kept fields that somebody ticked (`kept_id`) taken from the file after all."""
    changes = []
    for index, change in enumerate(plan.changes):
        taken = {name: value for name, value in change.kept.items() if kept_id(index, name) in ticked}
        if WHOLE_ROW in taken:
            change = replace(change, action="removed", kept={})
        elif taken:
            action = "changed" if change.action == "same" else change.action
            rest = {name: value for name, value in change.kept.items() if name not in taken}
            change = replace(change, action=action, values=change.values | taken, kept=rest)
        changes.append(change)
    return replace(plan, changes=tuple(changes))


def kept_id(index: int, name: str) -> str:
    """What the page calls one kept field: the change's place in the plan, and the field."""
    return f"{index}.{name}"


def _kept(db: Database, change: Change, notes: dict[int, bool]) -> Change:
    if change.action not in ("changed", "removed"):
        return change
    table = table_of(change.record)
    by_hand = _edited_by_hand(db, table, change, notes)
    if change.action == "removed":
        return replace(change, action="same", kept={WHOLE_ROW: None}) if by_hand else change
    kept = {name: change.values[name] for name in change.differing() if table.unit_of(name).index in by_hand}
    if "name" in kept and "initials" in change.differing():
        # They follow the name.
        kept["initials"] = change.values["initials"]
    values = change.values | {name: change.before[name] for name in kept}
    left = replace(change, values=values, kept=kept)
    return left if left.differing() else replace(left, action="same")


def _edited_by_hand(db: Database, table: Table, change: Change, notes: dict[int, bool]) -> set[int]:
    """The units of a row that anything but an import wrote last."""
    key: tuple[Value, ...] = tuple(change.before[name] for name in table.key)
    row = read_row(db, table, key)
    if row is None or row[-2] is None:
        return set()
    found = set()
    for unit, version in unit_versions(row, table).items():
        number = abs(version)
        if number not in notes:
            notes[number] = decode_header(read_changeset(db, number).header).note.startswith(IMPORT_NOTE)
        if not notes[number]:
            found.add(unit)
    return found
