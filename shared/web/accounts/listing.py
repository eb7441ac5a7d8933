"""Everybody's accounts in the one shape of lists: whose, at which campuses, under which name, in which state."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from shared.web.accounts.rules import Holder
from shared.web.listing import ListCell, ListColumn, ListFilter, ListRow

_TONES = {"active": "ok", "first": "info", "lapsed": "warn", "none": "warn"}


def columns(words: Mapping[str, str]) -> list[ListColumn]:
    """The columns. words: name → heading in the visitor's language."""
    return [ListColumn(name, words[name]) for name in ("person", "campus", "login", "state")]


def filters(
    holders: Sequence[Holder], words: Mapping[str, str], states: Mapping[str, str], campuses: Mapping[str, str]
) -> list[ListFilter]:
    """By state, with how many are in it, and by campus where there are several. states: state → its words."""
    counts = {code: sum(each.state == code for each in holders) for code in states}
    choices = tuple((code, f"{said} {counts[code]}" if counts[code] else said) for code, said in states.items())
    found = [ListFilter("state", words["state"], choices)]
    return [*found, ListFilter("campus", words["campus"], tuple(campuses.items()))] if len(campuses) > 1 else found


def rows(
    holders: Sequence[Holder], states: Mapping[str, str], campuses: Mapping[str, str], *,
    may_touch: Callable[[Holder], bool], ticked: Callable[[Holder], bool],
) -> list[ListRow]:  # fmt: skip
    """A row a person; a box for those whom the visitor may give a slip."""
    return [
        ListRow(
            (
                ListCell(each.name, each.staff_number, order=f"{each.initials} {each.name}"),
                ListCell(" · ".join(campuses.get(code, code) for code in each.campuses)), ListCell(each.login),
                ListCell(states[each.state], tone=_TONES.get(each.state, "off")),
            ),
            each.initials, {"state": each.state, "campus": each.campuses},
            pick=each.person_id if may_touch(each) else "", picked=ticked(each),
        )
        for each in holders
    ]  # fmt: skip


def wants_slip(holder: Holder, asked: Collection[str] | None, *, at_hub: bool) -> bool:
    """Whether a box is ticked when the page opens: what the form had, else at the hub those who cannot log in yet."""
    return holder.person_id in asked if asked is not None else at_hub and holder.state in ("none", "lapsed")
