"""What a block of a changeset must look like, whoever wrote it: its columns, its units, its values."""

from __future__ import annotations

from dataclasses import dataclass

from shared.schema import Table
from shared.text import is_clean
from shared.validation import problems_in_rows
from sync.change import Block, Header

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
# The reasons for which a value may be wrong here and right in a newer schema.
MAY_WIDEN = frozenset(
    {"missing", "out_of_range", "too_long", "not_date", "not_time", "not_instant", "not_decimal", "not_code"}
)


@dataclass(frozen=True)
class Refusal:
    """Why a changeset is refused: a reason code and the data that a sentence for people needs."""

    reason: str
    data: dict[str, str]


def unspeakable(block: Block) -> Refusal | None:
    """What no schema will ever hold: numbers beyond SQLite's, text that is not clean."""
    for name, values in block.columns.items():
        for value in set(values):
            if (isinstance(value, int) and not INT_MIN <= value <= INT_MAX) or (
                isinstance(value, str) and not is_clean(value)
            ):
                return Refusal("invalid_value", {"table": block.table, "column": name, "why": "not_a_value"})
    return None


def wrong_shape(table: Table, ours: int, header: Header, block: Block) -> Refusal | None:
    """Columns and units that a block lacks, or has beyond what the table knows. `ours`: this release's schema."""
    known = {c.name for c in table.columns}
    units = {unit.name for unit in table.units[1:]}
    newer = header.schema > ours
    if set(table.key) - block.columns.keys():
        return Refusal("missing_column", {"table": table.name})
    strange = (block.columns.keys() - known) | (set(block.units) - units)
    if strange and not newer:
        return Refusal("unknown_column", {"table": table.name, "column": sorted(strange)[0]})
    if block.op == "u":
        wanted = {c for unit in table.units[1:] if unit.name in block.units for c in unit.columns}
    else:
        wanted = known if block.op == "i" and header.schema >= ours else set(table.key)
    if wanted - block.columns.keys():
        return Refusal("missing_column", {"table": table.name, "column": sorted(wanted - block.columns.keys())[0]})
    return None


def wrong_value(table: Table, ours: int, header: Header, block: Block) -> Refusal | None:
    """Values that the table's declaration refuses; of a newer schema's block, those that none may ever hold."""
    problems = problems_in_rows(table, block.columns)
    if header.schema > ours:
        # What our table cannot hold is parked; types and what a key is made of never change (C12).
        gone = {(name, "missing") for name in table.key}
        problems = [p for p in problems if p.reason not in MAY_WIDEN or (p.field, p.reason) in gone]
    if problems:
        return Refusal("invalid_value", {"table": table.name, "column": problems[0].field, "why": problems[0].reason})
    return None
