"""Open disagreements in the one shape of lists: what it was, what this site says, what the others say. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.web.conflicts.rules import seen
from shared.web.listing import ListCell, ListColumn, ListFilter, ListRow
from sync.conflicts import Conflict

COLUMNS = ("row", "base", "ours", "theirs", "newest")
# Between a conflict's id and the values that were seen: no id holds it.
_SEEN = ":"


@dataclass(frozen=True)
class Told:
    """One value in words: its lines, who said it at which campus, and when."""

    words: str
    who: str
    instant: str
    winner: bool
    here: bool


@dataclass(frozen=True)
class Card:
    """One disagreement in words. kind: table and unit; campus: whose row it is."""

    conflict: Conflict
    kind: str
    kind_words: str
    campus: str
    title: str
    base: Told | None
    heads: tuple[Told, ...]


def kind_of(conflict: Conflict) -> str:
    """What it has in common with others that may be settled by one word."""
    return f"{conflict.table}.{conflict.unit}"


def columns(words: Mapping[str, str]) -> list[ListColumn]:
    """The columns. words: name → heading in the visitor's language."""
    return [ListColumn(name, words[name], sortable=name in ("row", "newest")) for name in COLUMNS]


def filters(cards: Sequence[Card], words: Mapping[str, str], campuses: Mapping[str, str]) -> list[ListFilter]:
    """By kind, with how many there are, and by campus where there are several."""
    counts = Counter(card.kind for card in cards)
    called = {card.kind: card.kind_words for card in cards}
    kinds = tuple((kind, f"{called[kind]} {counts[kind]}") for kind in sorted(called))
    there = {card.campus for card in cards if card.campus}
    places = tuple((code, name) for code, name in campuses.items() if code in there)
    found = [ListFilter("kind", words["kind"], kinds)]
    return [*found, ListFilter("campus", words["campus"], places)] if len(places) > 1 else found


def rows(cards: Sequence[Card], words: Mapping[str, str], hrefs: Mapping[str, str]) -> list[ListRow]:
    """A row a disagreement. words["act"]: to its card; words["winner"]: what is in use meanwhile; hrefs: by id."""
    return [
        ListRow(
            (
                ListCell(card.title, card.kind_words), _cell([card.base] if card.base else [], words),
                _cell([one for one in card.heads if one.here], words),
                _cell([one for one in card.heads if not one.here], words),
                ListCell(max(one.instant for one in card.heads)),
            ),
            filters={"kind": card.kind, "campus": card.campus}, href=hrefs[card.conflict.id], act=words["act"],
            pick=f"{card.conflict.id}{_SEEN}{seen(card.conflict)}",
        )
        for card in cards
    ]  # fmt: skip


def _cell(told: Sequence[Told], words: Mapping[str, str]) -> ListCell:
    said = [f"{one.words}{words['winner'] if one.winner else ''}" for one in told]
    return ListCell(words["or"].join(said), " · ".join(dict.fromkeys(one.who for one in told if one.who)))


def picked(pick: str) -> tuple[str, str]:
    """(conflict id, the values that were seen) of a ticked box."""
    id_, _colon, shown = pick.partition(_SEEN)
    return id_, shown
