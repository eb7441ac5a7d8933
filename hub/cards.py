"""The hub's part in cards: what the home campus ordered is written at the host, kept true, and erased at its end.

It looks after every exchange, after a page of its own wrote, and every night (a link may simply have ended). Each
step may be cut off anywhere: the next look finds what is left to do.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlite_utils import Database

from shared.clock import instant_text, local_date
from shared.records import CardDelivery, CardOrder, GuestCard
from shared.schema import find, select, values_of
from shared.web.cards.rules import CardLimits, card_of, step_for
from shared.web.cards.store import deliveries, source_of
from sync.capture import write
from sync.change import Author
from sync.replica import Replica
from sync.steps.erase import Erasure, erase, erasures

# The author of cards: a program, which no log-in belongs to.
CARDS = Author("cards", rank="derived")


@dataclass(frozen=True)
class Delivered:
    """How many cards one look has sent, brought up to date and erased."""

    sent: int = 0
    changed: int = 0
    erased: int = 0


def deliver(replica: Replica, db: Database, limits: CardLimits | None = None) -> Delivered:
    """Do what orders ask for today; nothing is written where nothing is due."""
    today = local_date(replica.clock.now_ms())
    orders, done = {one.id: one for one in select(db, CardOrder)}, deliveries(db)
    counts = {"send": 0, "keep": 0, "erase": 0}
    for order_id in sorted({*orders, *(id_ for id_, one in done.items() if one.erased_at is None)}):
        order, delivery = orders.get(order_id), done.get(order_id)
        source = source_of(db, order.pupil_id, today.isoformat()) if order else None
        step = step_for(order, delivery, source, today, limits or CardLimits())
        if step == "erase" and delivery is not None:
            counts[step] += _erase(replica, db, order, delivery)
        elif step in ("send", "keep") and order is not None and source is not None:
            counts[step] += _bring(replica, db, card_of(order, source), delivery)
    return Delivered(counts["send"], counts["keep"], counts["erase"])


def _bring(replica: Replica, db: Database, card: GuestCard, delivery: CardDelivery | None) -> int:
    """Write the card as it must stand now; 0 when it stands so already."""
    there = find(db, GuestCard, card.host_campus, card.order_id)
    if there is not None and values_of(there) == values_of(card) and delivery is not None:
        return 0
    if any(erasures(db, table="guest_card", key=(card.host_campus, card.order_id))):
        # Erased by law while its order stands: the key is dead, and a new card needs a new order.
        return 0
    with write(replica, db, CARDS) as w:
        w.put(card)
        if delivery is None:
            w.put(CardDelivery(order_id=card.order_id, sent_at=instant_text(replica.clock.now_ms())))
    return 1


def _erase(replica: Replica, db: Database, order: CardOrder | None, delivery: CardDelivery) -> int:
    """Erase the card and write down the proof. The card's host is read off the card: its order may be gone."""
    rows = db.conn.execute("SELECT host_campus FROM guest_card WHERE order_id = ?", (delivery.order_id,)).fetchall()
    hosts = {host for (host,) in rows} | ({order.host_campus} if order else set())
    found: Erasure | None = None
    for host in sorted(hosts):
        key = (host, delivery.order_id)
        found = next(erasures(db, table="guest_card", key=key), None)
        if found is None and find(db, GuestCard, *key) is not None:
            erase(db, replica, GuestCard, key, by=_ordered_by(order))
            found = next(erasures(db, table="guest_card", key=key))
    if found is None:
        return 0
    with write(replica, db, CARDS) as w:
        w.update(
            CardDelivery, (delivery.order_id,),
            {"erased_at": found.instant, "hub_seq": found.hub_seq, "proof": found.log_hash},
        )  # fmt: skip
    return 1


def _ordered_by(order: CardOrder | None) -> str:
    """Who ended it and why, as the log keeps it."""
    if order is None:
        return "cards: the order was erased"
    if order.withdrawn_at is not None:
        return f"{order.withdrawn_by}: {order.reason}"
    return f"{order.ordered_by}: ended {order.end}"
