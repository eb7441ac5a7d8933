"""The office's lists in the one shape of `shared.web.listing`: columns, filters and rows of a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hub.office.pages import Page
from hub.office.store import Line
from hub.workbook.naming import Names
from hub.workbook.sheets import SheetColumn
from shared.codes import CODE_LISTS
from shared.records.declare import Kind
from shared.web.listing import ListCell, ListColumn, ListFilter, ListRow

# Fields by which a list can be narrowed down, where it has them.
FILTERED = ("campus", "kind", "category", "status")


def title_of(page: Page, lang: str) -> str:
    """What the list is called."""
    return page.sheet.title if lang == "zh" else page.sheet.title_en


def columns_of_list(page: Page, lang: str) -> list[ListColumn]:
    """The columns a list shows; an id's column is headed by what it names."""
    return [ListColumn(c.name, _heading(c, lang), c.spec.kind in (Kind.INTEGER, Kind.DECIMAL)) for c in page.columns()]


def _heading(column: SheetColumn, lang: str) -> str:
    if column.refers == "person":
        named = {"homeroom_id": ("班主任", "Homeroom teacher")}.get(column.name, ("教职工", "Staff member"))
        return named[0] if lang == "zh" else named[1]
    return column.spec.zh if lang == "zh" else column.spec.en[:1].upper() + column.spec.en[1:]


def filters_of_list(page: Page, names: Names, lang: str) -> list[ListFilter]:
    """The choices beside the search: campus and the coded fields that tell rows apart."""
    found = []
    for column in page.columns():
        if column.name not in FILTERED:
            continue
        if column.refers == "campus":
            choices = tuple(names.campuses.items()) if len(names.campuses) > 1 else ()
        else:
            choices = tuple((code, zh if lang == "zh" else en) for code, zh, en in CODE_LISTS[column.spec.codes or ""])
        if choices:
            found.append(ListFilter(column.name, _heading(column, lang), choices))
    return found


def rows_of_list(
    page: Page, lines: Sequence[Line], *, act: Callable[[Line], tuple[str, str]], names: Names,
    states: Mapping[str, tuple[str, str]],
) -> list[ListRow]:  # fmt: skip
    """Lines as rows. act: line → (words, address) of what may be done with it, both "" for nothing.

    states: row key → (words, tone), a last column of its own where there is one.
    """
    found = []
    for line in lines:
        cells = [_cell(column, line, names) for column in page.columns()]
        if states:
            cells.append(ListCell(*_state(states[line.key])))
        words, address = act(line)
        search = " ".join([_initials(line, names), *(str(v) for v in line.typed.values() if v)])
        filters = {name: str(line.values.get(name) or "") for name in FILTERED if name in line.values}
        found.append(ListRow(tuple(cells), search, filters, address, words))
    return found


def _state(state: tuple[str, str]) -> tuple[str, str, str]:
    return state[0], "", state[1]


def _initials(line: Line, names: Names) -> str:
    own = str(line.values.get("initials") or "")
    person = names.persons.get(str(line.values.get("person_id")))
    return f"{own} {person.initials}" if person else own


def _cell(column: SheetColumn, line: Line, names: Names) -> ListCell:
    words, value = line.shown[column.name], line.values.get(column.name)
    if column.refers == "person" and value:
        person = names.persons.get(str(value))
        order = f"{person.initials} {person.name}" if person else words
        return ListCell(words, str(line.typed[column.name]) if column.name == "person_id" else "", order=order)
    if column.name == "name" and line.values.get("initials"):
        # Names in the order of their sounds, as a class list has them.
        return ListCell(words, order=f"{line.values['initials']} {words}")
    return ListCell(words, order=value if isinstance(value, int) and column.spec.kind is Kind.INTEGER else None)
