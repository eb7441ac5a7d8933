"""Pure decisions about cards: which fields a purpose needs, who reads them, what the hub does with an order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

from shared.errors import Problem
from shared.ids import campus_of
from shared.records import CardDelivery, CardOrder, GuestCard
from shared.roles import EVERYWHERE, Held
from shared.schema import Value

_ALL: Final = ("class_name", "guardian", "guardian_phone", "may_collect", "health_warning")
# DESIGN §2: "only the fields that purpose needs".
FIELDS_OF_PURPOSE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "boarding": _ALL,
        "event": ("class_name", "guardian", "guardian_phone", "health_warning"),
        "bus": ("class_name", "guardian", "guardian_phone", "may_collect"),
    }
)
# At the host campus: role → the fields that its work needs. Whoever is not here reads nothing.
FIELDS_OF_ROLE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "gate": ("class_name", "guardian", "may_collect"),
        "health_teacher": ("class_name", "guardian", "guardian_phone", "health_warning"),
        **dict.fromkeys(("dorm_supervisor", "duty_leader", "campus_head", "clerk", "general_principal"), _ALL),
    }
)


@dataclass(frozen=True)
class CardLimits:
    """A card is sent so many days before its link begins: the host campus may not sync every day."""

    lead_days: int = 14


@dataclass(frozen=True)
class Source:
    """What the home campus knows of a pupil now, of which a card copies what its purpose needs."""

    name: str
    class_name: str
    guardian: str
    guardian_phone: str
    health_warning: str


def is_over(order: CardOrder, today: date) -> bool:
    """True when the link has ended (half-open) or the order was withdrawn."""
    return order.withdrawn_at is not None or (order.end is not None and order.end <= today.isoformat())


def step_for(
    order: CardOrder | None, delivery: CardDelivery | None, source: Source | None, today: date, limits: CardLimits
) -> str:
    """What the hub does now: "send", "keep" (and bring up to date), "erase", "wait", or "over" when nothing is left.

    order None: it was erased by law, and its card goes with it. source None: the pupil was.
    """
    if delivery is not None and delivery.erased_at is not None:
        return "over"
    if order is None or source is None or is_over(order, today):
        return "erase" if delivery is not None else "over"
    if delivery is not None:
        return "keep"
    return "send" if order.begin <= (today + timedelta(days=limits.lead_days)).isoformat() else "wait"


def card_of(order: CardOrder, source: Source) -> GuestCard:
    """The card an order asks for; fields that its purpose does not need stay empty."""
    known = {
        "class_name": source.class_name, "guardian": source.guardian, "guardian_phone": source.guardian_phone,
        "may_collect": order.may_collect, "health_warning": source.health_warning,
    }  # fmt: skip
    needed = {name: known[name] for name in FIELDS_OF_PURPOSE.get(order.purpose, ())}
    return GuestCard(
        host_campus=order.host_campus, order_id=order.id, pupil_id=order.pupil_id, purpose=order.purpose,
        name=source.name, begin=order.begin, end=order.end, **needed,
    )  # fmt: skip


def state_of(order: CardOrder, delivery: CardDelivery | None, host_known_until: str | None, today: date) -> str:
    """How far a card is, as far as is known here: "cancelled" (ended before it was sent), "waiting" (for the hub),
    "sent", "received", "ending" (ended, the hub has not erased it yet), "erased", "erased_there".

    host_known_until: up to when the host campus is known to have everything; a later one has received it.
    """
    known = host_known_until or ""
    if delivery is not None and delivery.erased_at is not None:
        return "erased_there" if known >= delivery.erased_at else "erased"
    if is_over(order, today):
        return "ending" if delivery is not None else "cancelled"
    if delivery is None:
        return "waiting"
    return "received" if known >= delivery.sent_at else "sent"


def order_problems(
    values: Mapping[str, Value], *, home: str, campuses: Iterable[str], there: Iterable[CardOrder], today: date
) -> list[Problem]:
    """What is wrong with a new order beyond its fields. there: the pupil's orders so far."""
    host, begin, end = (str(values.get(name) or "") for name in ("host_campus", "begin", "end"))
    found = []
    if host == home or host not in set(campuses):
        found.append(Problem("host_campus", "card_host", {"zh": "对方校区", "en": "Host campus"}))
    if end and (end <= begin or end <= today.isoformat()):
        found.append(Problem("end", "end_before_begin", {"zh": "结束", "en": "End", "begin": begin}))
    for one in there:
        same = (one.host_campus, one.purpose) == (host, values.get("purpose")) and not is_over(one, today)
        if same and (not end or one.begin < end) and (one.end is None or begin < one.end):
            found.append(Problem("purpose", "card_there", {"zh": "名片", "en": "Card"}))
            break
    return found


def fields_seen(roles: Iterable[Held], campus: str) -> frozenset[str]:
    """The fields of a guest's card that somebody with these roles reads at a host campus."""
    here = (role for role, at in roles if at in (EVERYWHERE, campus))
    return frozenset(name for role in here for name in FIELDS_OF_ROLE.get(role, ()))


def home_of(order: CardOrder) -> str:
    """The pupil's own campus."""
    return campus_of(order.id)
