"""Pupils, classes and guests in the one list: columns, filters and rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from node.pupils.store import ClassLine, Line
from shared.codes import CODE_LISTS, word_of
from shared.records import GuestCard
from shared.web.listing import ListCell, ListFilter, ListRow

# The choice for pupils who have no class on the date.
NO_CLASS = "none"


def class_filter(lines: Sequence[Line], label: str, none: str) -> ListFilter:
    """The classes that occur, in the order of the list."""
    names = {line.class_id or NO_CLASS: line.class_name or none for line in lines}
    return ListFilter("group", label, tuple(names.items()))


def pupil_rows(lines: Sequence[Line], lang: str, page: Callable[[str], str]) -> list[ListRow]:
    """A row a pupil. page: id → address."""
    return [
        ListRow(
            (
                ListCell(line.pupil.name, order=f"{line.pupil.initials} {line.pupil.name}"),
                ListCell(line.class_name), ListCell(str(line.number) if line.number else "", order=line.number),
                ListCell(word_of("sex", line.pupil.sex, lang)), ListCell(line.pupil.birth or ""),
                ListCell(("、" if lang == "zh" else ", ").join(line.others)),
            ),
            line.pupil.initials, {"group": line.class_id or NO_CLASS}, page(line.pupil.id),
        )
        for line in lines
    ]  # fmt: skip


def kind_filter(label: str, lang: str) -> ListFilter:
    """By kind of group."""
    return ListFilter(
        "kind", label, tuple((code, zh if lang == "zh" else en) for code, zh, en in CODE_LISTS["group_kind"])
    )


def class_rows(found: Sequence[ClassLine], lang: str, page: Callable[[str], str]) -> list[ListRow]:
    """A row a group; a class leads to its pupils. page: class → address."""
    return [
        ListRow(
            (
                ListCell(line.group.name), ListCell(word_of("group_kind", line.group.kind, lang)),
                ListCell(line.homeroom), ListCell(str(line.members), order=line.members),
                ListCell(line.group.begin),
            ),
            "", {"kind": line.group.kind}, page(line.group.id) if line.group.kind == "class" else "",
        )
        for line in found
    ]  # fmt: skip


def guest_rows(
    cards: Sequence[GuestCard], lang: str, *, today: str, home: Callable[[str], str], page: Callable[[str], str],
    soon: str, here: str,
) -> list[ListRow]:  # fmt: skip
    """A row a card. home: pupil → name of the home campus; soon, here: the words for a link that begins, and runs."""
    return [
        ListRow(
            (
                ListCell(card.name), ListCell(card.class_name), ListCell(home(card.pupil_id)),
                ListCell(word_of("card_purpose", card.purpose, lang)),
                ListCell(soon, card.begin, "info") if card.begin > today else ListCell(here, "", "ok"),
                ListCell(card.end or ""),
            ),
            "", {"purpose": card.purpose}, page(card.order_id),
        )
        for card in cards
    ]  # fmt: skip
