"""The page `docs/scopes.md`: who holds, who writes and who wins, record by record, from the declarations."""

from __future__ import annotations

from collections.abc import Sequence

from shared.records.declare import Declaration
from shared.schema import Table, table_of

_HEAD = """# Scopes and rights

Made from the declarations in `shared/records/` by `python3 scripts/golden_schema.py`; do not edit by hand.

Scope: `con` goes to every node, `hub` never leaves the hub, `campus (field)` goes to the campus that the key names and
the hub. Writers: `hub`, `home` (a node of the owning campus), `any` (a node of any campus). Private records are
shown only to the roles that need them; erasable ones can be erased by law with the log still verifying.

| record | 记录 | table | key | scope | writers | roles | rule | marks |
|---|---|---|---|---|---|---|---|---|
"""


def scopes_page(records: Sequence[type]) -> str:
    """The whole page as Markdown."""
    return _HEAD + "\n".join(_line(table_of(record)) for record in records) + "\n"


def _authors(about: Declaration) -> str:
    people = ", ".join(about.roles) or "everyone"
    return f"{people}; program {', '.join(about.programs)}" if about.programs else people


def _line(table: Table) -> str:
    about = table.declaration
    scope = about.scope if about.scope in ("con", "hub") else f"campus ({about.scope})"
    rules = [about.rule.value]
    rules += [f"{unit.name}: {unit.rule.value}" for unit in table.units[1:] if unit.rule is not about.rule]
    names = ("archive", "private", "erasable")
    marks = [name for name, held in zip(names, (about.archive, about.private, about.erasable), strict=True) if held]
    writers = ", ".join(sorted(about.writers, key=("hub", "home", "any").index))
    cells = (
        about.en, about.zh, f"`{table.name}`", ", ".join(table.key), scope, writers,
        _authors(about), "; ".join(rules), ", ".join(marks),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"
