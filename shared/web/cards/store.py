"""All SQL of cards, and the way orders are written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlite_utils import Database

from shared.clock import instant_text
from shared.errors import InvalidInput
from shared.ids import campus_of
from shared.records import CardDelivery, CardOrder, GuestCard, Pupil, PupilPrivate
from shared.schema import Value, find, record_of, select
from shared.validation import load
from shared.web.cards.rules import Source, order_problems
from shared.web.store import campus_names
from sync.capture import write
from sync.change import Author
from sync.replica import Replica
from sync.status import campus_boards, campuses_known_until

ORDERED = ("host_campus", "purpose", "may_collect", "begin", "end")


def orders(db: Database, *, pupil_id: str | None = None) -> list[CardOrder]:
    """Orders, the newest first: all that are held here, or one pupil's."""
    asked = {} if pupil_id is None else {"pupil_id": pupil_id}
    return sorted(select(db, CardOrder, **asked), key=lambda one: (one.ordered_at, one.id), reverse=True)


def deliveries(db: Database) -> dict[str, CardDelivery]:
    """Order → what the hub did with it."""
    return {one.order_id: one for one in select(db, CardDelivery)}


def source_of(db: Database, pupil_id: str, day: str) -> Source | None:
    """What is known of a pupil on a date; None for one who is not here."""
    pupil = find(db, Pupil, pupil_id)
    if pupil is None:
        return None
    private = find(db, PupilPrivate, pupil_id) or PupilPrivate(pupil_id=pupil_id)
    row = db.conn.execute(
        "SELECT g.name FROM group_member m JOIN roster_group g ON g.id = m.group_id WHERE m.member_id = ?"
        " AND g.kind = 'class' AND m.begin <= ? AND (m.end IS NULL OR m.end > ?) ORDER BY m.begin DESC, g.id LIMIT 1",
        (pupil_id, day, day),
    ).fetchone()
    return Source(
        pupil.name, str(row[0]) if row else "", private.guardian, private.guardian_phone, private.health_note
    )


def guest_cards(db: Database, campus: str, day: str) -> list[GuestCard]:
    """The cards at a host campus whose link has not ended on a date, by name. What has ended is nobody's to read,
    also where the hub could not be heard yet."""
    rows = db.query(
        "SELECT * FROM guest_card WHERE host_campus = ? AND (end IS NULL OR end > ?) ORDER BY class_name, name,"
        " order_id",
        (campus, day),
    )
    return [record_of(GuestCard, row) for row in rows]


def hosts_known_until(db: Database, replica: Replica) -> dict[str, str]:
    """Campus → instant up to which all its nodes are known to have everything; not in it where one never synced."""
    if replica.role != "hub":
        return campuses_known_until(db)
    found: dict[str, str] = {}
    boards = [node for node in campus_boards(db, replica) if not node.revoked_at]
    for node in boards:
        known = node.last_sync or ""
        found[node.campus] = min(found.get(node.campus, known), known)
    return {campus: known for campus, known in found.items() if known}


def order_from(
    db: Database, replica: Replica, pupil_id: str, raw: Mapping[str, str], *, by: str, today: date
) -> dict[str, Value]:
    """A new order's fields from a form, without its id. Raises InvalidInput with every problem at once."""
    values = load(CardOrder, {name: raw.get(name, "") for name in ORDERED}, only=ORDERED)
    home = campus_of(pupil_id)
    problems = order_problems(
        values, home=home, campuses=campus_names(db), there=orders(db, pupil_id=pupil_id), today=today
    )
    if problems:
        raise InvalidInput(*problems)
    ordered_at = instant_text(replica.clock.now_ms())
    return {**values, "pupil_id": pupil_id, "ordered_by": by, "ordered_at": ordered_at}


def write_order(replica: Replica, db: Database, author: Author, values: Mapping[str, Value]) -> str:
    """Write an order; its id."""
    with write(replica, db, author) as w:
        id_ = w.mint(campus_of(str(values["pupil_id"])))
        w.insert(record_of(CardOrder, {**_unsaid(), **values, "id": id_}))
    return id_


def _unsaid() -> dict[str, Value]:
    return {"withdrawn_by": "", "withdrawn_at": None, "reason": ""}


def write_withdrawal(
    replica: Replica, db: Database, author: Author, order_id: str, *, reason: str, token: str | None
) -> None:
    """Take an order back. token: of the page that showed it."""
    at = instant_text(replica.clock.now_ms())
    with write(replica, db, author) as w:
        changes = {"withdrawn_by": author.person_id, "withdrawn_at": at, "reason": reason}
        w.update(CardOrder, (order_id,), changes, token)
