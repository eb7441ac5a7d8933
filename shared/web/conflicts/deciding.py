"""Which disagreements are the visitor's to see and to settle, here, and what their values say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from shared.records import Account, PupilPrivate
from shared.records.declare import Rule
from shared.schema import Table, key_text
from shared.web import auth
from shared.web.accounts.touching import objection_here
from shared.web.conflicts.rules import decided_elsewhere, differing_columns, may_write
from shared.web.db import db, replica, site_campus
from shared.web.readings.rules import LOGGED
from shared.web.readings.views import note_reading
from shared.web.wording import column_words, is_secret, spec_of, value_words
from sync.conflicts import Conflict, Shown, open_conflicts

# In the place of a password's hash: who wrote it and when is what people decide by.
SECRET = "••••••"


def open_fields() -> list[Conflict]:
    """The open disagreements about fields, without those that no person has to see."""
    return [each for each in open_conflicts(db(), replica()) if table_of_row(each).declaration.rule is not Rule.QUIET]


def may_settle(conflict: Conflict) -> bool:
    """Whether the visitor decides about it here."""
    return may_see(conflict) and not decided_elsewhere(table_of_row(conflict), conflict, site_campus())


def may_see(conflict: Conflict) -> bool:
    """Whether it is the visitor's affair, although another campus may have the last word."""
    who, table = auth.visitor(), table_of_row(conflict)
    if not may_write(table, conflict.key, who.roles, person_id=who.person_id, node_campus=site_campus()):
        return False
    if table.name in LOGGED and not auth.may(LOGGED[table.name], table.owner_of(conflict.key)):
        return False
    # Whoever settles an account's password or log-in could choose it; a child's data is its own class's affair.
    row = dict(zip(table.key, conflict.key, strict=True)) | dict.fromkeys(conflict.columns)
    # And nobody decides what is said about himself, whatever else the rules of the record look at.
    reason = objection_here(table.name, "u", row)
    return reason is None if table.record in (Account, PupilPrivate) else reason != "about_oneself"


def note_shown(conflicts: Iterable[Conflict]) -> None:
    """Note that the visitor read the values of these, where every reading of their table is noted."""
    found: dict[str, set[str]] = {}
    for each in conflicts:
        if each.table in LOGGED:
            found.setdefault(each.table, set()).add(key_text(each.key))
    for name, keys in found.items():
        note_reading(name, "conflict", len(keys), next(iter(keys)) if len(keys) == 1 else "")


def table_of_row(conflict: Conflict) -> Table:
    """The table of the row it is about."""
    return replica().tables[conflict.table]


def lines_of(
    conflict: Conflict, one: Shown, names: Mapping[str, str], lang: str, *, kept: tuple[str, str]
) -> list[tuple[str, str]]:
    """One value as (field, words), a field a line. kept: the words for a row kept, and for one deleted."""
    if conflict.kind == "delete":
        return [("", kept[0] if one.values.get("keep") else kept[1])]
    table = table_of_row(conflict)
    return [
        (
            column_words(table, name, lang),
            value_words(spec_of(table, name), one.values.get(name), names, lang) if not is_secret(name) else SECRET,
        )
        for name in differing_columns(conflict)
    ]
