"""Which erasable records speak of a person, and erasing them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from shared.errors import InvalidInput, NotFound, Problem
from shared.records import CardOrder, GuestCard, Person, Pupil, PupilPrivate
from shared.schema import Table, find, key_parts, key_text, select, values_of
from sync.opened import Key
from sync.replica import Replica
from sync.steps.erase import Erasure, erase, erasures

# The fields by which erasable records name the person they are about.
ABOUT = ("pupil_id", "person_id")


@dataclass(frozen=True)
class Held:
    """One erasable record about a person. `id` names it on the page."""

    table: Table
    key: Key

    @property
    def id(self) -> str:
        """`table key`, as a form carries it."""
        return f"{self.table.name} {key_text(self.key)}"


@dataclass(frozen=True)
class Someone:
    """A pupil or a member of staff."""

    id: str
    name: str
    initials: str
    pupil: bool


def people(db: Database) -> list[Someone]:
    """Everybody, pupils first, by name."""
    found = [Someone(one.id, one.name, one.initials, True) for one in select(db, Pupil)]
    found += [Someone(one.id, one.name, one.initials, False) for one in select(db, Person)]
    return sorted(found, key=lambda one: (not one.pupil, one.initials, one.name, one.id))


def person_named(db: Database, replica: Replica, id_: str) -> Someone:
    """One of them; a pupil of whom only the name was erased goes by the id. Raises NotFound."""
    pupil, staff = find(db, Pupil, id_), find(db, Person, id_)
    if pupil is not None:
        return Someone(id_, pupil.name, pupil.initials, True)
    if staff is not None:
        return Someone(id_, staff.name, staff.initials, False)
    if records_about(db, replica, id_):
        return Someone(id_, id_, "", True)
    raise NotFound(person=id_)


def records_about(db: Database, replica: Replica, id_: str) -> list[Held]:
    """Every erasable record about a person, in the order of the declarations."""
    found = []
    for table in replica.tables.values():
        if not table.declaration.erasable:
            continue
        names = [c.name for c in table.columns if c.name in ABOUT]
        if table.record is Pupil:
            names = ["id"]
        for name in names:
            rows: list[object] = select(db, table.record, **{name: id_})
            found += [Held(table, tuple(values_of(row)[part] for part in table.key)) for row in rows]
    return found


def erase_records(db: Database, replica: Replica, chosen: Sequence[Held], *, by: str) -> list[Erasure]:
    """Erase them, each an entry of the hub's log; a card goes before the order that names it."""
    ordered = sorted(chosen, key=lambda one: (one.table.record is Pupil, one.table.record is CardOrder))
    done = []
    for one in ordered:
        erase(db, replica, one.table.record, one.key, by=by)
        done.append(next(erasures(db, table=one.table.name, key=one.key)))
    return done


def record_named(replica: Replica, name: str, text: str) -> Held:
    """A record as the command line names it. Raises InvalidInput, NotFound."""
    table = replica.tables.get(name)
    if table is None:
        raise NotFound(table=name)
    if not table.declaration.erasable:
        raise InvalidInput(Problem(name, "not_erasable"))
    try:
        return Held(table, key_parts(table, text))
    except ValueError as error:
        raise InvalidInput(Problem("key", "not_a_key", {"zh": "键", "en": "key", "value": text})) from error


def cards_along(db: Database, replica: Replica, chosen: Sequence[Held]) -> list[Held]:
    """The guests' cards that hold a copy of what is among these, and those written for the orders among them: they go
    with them."""
    table = replica.tables["guest_card"]
    orders = {str(one.key[0]) for one in chosen if one.table.record is CardOrder}
    pupils = {str(one.key[0]) for one in chosen if one.table.record in (Pupil, PupilPrivate)}
    cards = [card for card in select(db, GuestCard) if card.order_id in orders or card.pupil_id in pupils]
    there = {one.id for one in chosen}
    found = [Held(table, (card.host_campus, card.order_id)) for card in cards]
    return [one for one in found if one.id not in there]
