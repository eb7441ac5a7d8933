"""The one list that every room shows the same way: columns, search, filters, order, pages, export, print.

A page declares columns and filters, reads what the address asks for (`asked_of`), builds rows, and hands the
`Listing` of `listing_of` to the macro `whole_list` of `shell/list.html`; with a `Bulk`, rows have boxes to tick and
the list is a form. Pure: no database, no request.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

ROWS_A_PAGE = 100
# So many stand on one page when somebody asks for all of them, to print them.
ROWS_SHOWN_MAX = 5000
_NUMBER_CHARACTERS_MAX = 6


@dataclass(frozen=True)
class ListColumn:
    """A column. number: right-aligned figures; sortable: its heading orders the list."""

    name: str
    title: str
    number: bool = False
    sortable: bool = True


@dataclass(frozen=True)
class ListCell:
    """What stands in a cell. sub: small print after it; tone: the chip it stands in ("ok", "warn", "bad", "info",
    "off"), "" for plain text; order: what it is sorted by, where that is not its words."""

    words: str
    sub: str = ""
    tone: str = ""
    order: str | int | None = None

    def plain(self) -> str:
        """The cell without its dress, as a file or a search sees it."""
        return f"{self.words} {self.sub}".strip()


@dataclass(frozen=True)
class ListRow:
    """A row: one cell a column; the first names it. act: words and target of what can be done with it.

    search: further words that find it, such as a name's initials. filters: filter → this row's value, or its values
    where it has several. pick: what a tick of its box posts, "" for a row without a box; picked: ticked beforehand.
    """

    cells: tuple[ListCell, ...]
    search: str = ""
    filters: Mapping[str, str | Collection[str]] = field(default_factory=dict)
    href: str = ""
    act: str = ""
    pick: str = ""
    picked: bool = False


@dataclass(frozen=True)
class ListFilter:
    """A choice beside the search: (value, words) pairs; no choice shows everything."""

    name: str
    label: str
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class BulkDeed:
    """A button for all ticked rows: what it posts as `do`, and its words. main: the one most people want."""

    code: str
    words: str
    main: bool = False


@dataclass(frozen=True)
class Bulk:
    """What can be done with ticked rows: where the form goes, the name of its boxes, and the buttons."""

    action: str
    deeds: tuple[BulkDeed, ...]
    field: str = "pick"


@dataclass(frozen=True)
class Asked:
    """What the address asks for. sort: a column's name or ""; page 0: everything on one page.

    every: every box shown is ticked, for a browser without script.
    """

    words: str = ""
    sort: str = ""
    descending: bool = False
    filters: Mapping[str, str] = field(default_factory=dict)
    page: int = 1
    every: bool = False

    def query(self, **changes: str | int) -> str:
        """The address's query with some of it changed ("" or 0 take a part away, `page=0` shows everything)."""
        sort = f"-{self.sort}" if self.sort and self.descending else self.sort
        parts: dict[str, str] = {"q": self.words, **self.filters, "sort": sort, "page": ""}
        parts |= {name: "all" if name == "page" and value == 0 else str(value) for name, value in changes.items()}
        kept = {name: value for name, value in parts.items() if value and (name, value) != ("page", "1")}
        return "?" + urlencode(kept)


@dataclass(frozen=True)
class Listing:
    """A list as it is drawn: the rows of this page, how many fit the search in all, and where one stands."""

    title: str
    columns: tuple[ListColumn, ...]
    rows: tuple[ListRow, ...]
    filters: tuple[ListFilter, ...]
    asked: Asked
    total: int
    last: int

    @property
    def picks(self) -> int:
        """How many rows shown have a box to tick."""
        return sum(bool(row.pick) for row in self.rows)

    @property
    def acts(self) -> bool:
        """True when some row can be acted upon."""
        return any(row.act for row in self.rows)

    def sort_query(self, column: ListColumn) -> str:
        """Where a heading leads: by this column, or the other way round."""
        again = self.asked.sort == column.name and not self.asked.descending
        return self.asked.query(sort=f"-{column.name}" if again else column.name)

    def filters_said(self) -> list[tuple[str, str]]:
        """(label, chosen words) of the filters in use, for paper."""
        said = []
        for one in self.filters:
            chosen = dict(one.choices).get(self.asked.filters.get(one.name, ""))
            if chosen:
                said.append((one.label, chosen))
        return said


def asked_of(arguments: Mapping[str, str], columns: Sequence[ListColumn], filters: Sequence[ListFilter] = ()) -> Asked:
    """What an address asks for; unknown columns, choices and page numbers are as if not asked."""
    sort = arguments.get("sort", "")
    name = sort.removeprefix("-")
    if name not in {column.name for column in columns if column.sortable}:
        name = ""
    chosen = {one.name: arguments.get(one.name, "") for one in filters}
    chosen = {one.name: chosen[one.name] for one in filters if chosen[one.name] in dict(one.choices)}
    page = arguments.get("page", "1")
    numbered = page.isascii() and page.isdigit() and len(page) <= _NUMBER_CHARACTERS_MAX
    number = 0 if page == "all" else max(1, int(page)) if numbered else 1
    every = arguments.get("tick") == "all"
    return Asked(arguments.get("q", "").strip()[:60], name, bool(name) and sort.startswith("-"), chosen, number, every)


def found_in(rows: Sequence[ListRow], columns: Sequence[ListColumn], asked: Asked) -> list[ListRow]:
    """All rows that fit, in the order asked for: what an export holds."""
    wanted = asked.words.lower().split()
    found = [row for row in rows if _fits(row, wanted, asked.filters)]
    names = [column.name for column in columns]
    if asked.sort not in names:
        return found
    index = names.index(asked.sort)
    full = [row for row in found if row.cells[index].plain()]
    full.sort(key=lambda row: _order(row.cells[index]), reverse=asked.descending)
    # Empty cells stand last, whichever way.
    return full + [row for row in found if not row.cells[index].plain()]


def _fits(row: ListRow, wanted: Sequence[str], filters: Mapping[str, str]) -> bool:
    if not all(_has(row.filters.get(name, ()), value) for name, value in filters.items()):
        return False
    text = " ".join([*(cell.plain() for cell in row.cells), row.search]).lower()
    return all(word in text for word in wanted)


def _has(held: str | Collection[str], value: str) -> bool:
    values = (held,) if isinstance(held, str) else held
    return value in values or "*" in values


def _order(cell: ListCell) -> tuple[int, int, str]:
    order = cell.words if cell.order is None else cell.order
    if isinstance(order, int):
        return 0, order, ""
    digits = order.isascii() and order.isdigit() and len(order) < 16
    return (0, int(order), order) if digits else (1, 0, order.lower())


def listing_of(
    title: str, columns: Sequence[ListColumn], rows: Sequence[ListRow], asked: Asked,
    filters: Sequence[ListFilter] = (), *, rows_a_page: int = ROWS_A_PAGE,
) -> Listing:  # fmt: skip
    """The page that the address asks for; a page past the end is the last one."""
    found = found_in(rows, columns, asked)
    last = max(1, -(-len(found) // rows_a_page))
    if asked.page == 0:
        shown = found[:ROWS_SHOWN_MAX]
    else:
        asked = replace(asked, page=min(asked.page, last))
        shown = found[(asked.page - 1) * rows_a_page : asked.page * rows_a_page]
    return Listing(title, tuple(columns), tuple(shown), tuple(filters), asked, len(found), last)


def cells_for_file(rows: Sequence[ListRow]) -> list[list[str | int]]:
    """Rows as a workbook holds them: what the screen says, figures as figures."""
    return [[_for_file(cell) for cell in row.cells] for row in rows]


def _for_file(cell: ListCell) -> str | int:
    return cell.order if isinstance(cell.order, int) and str(cell.order) == cell.words else cell.plain()
