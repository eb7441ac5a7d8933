"""The one list: what the address asks for, what fits, in which order, on which page, and in the file."""

from __future__ import annotations

import pytest
from python_calamine import CalamineWorkbook

from shared.web.listing import (
    Asked,
    ListCell,
    ListColumn,
    ListFilter,
    ListRow,
    asked_of,
    cells_for_file,
    found_in,
    listing_of,
)
from shared.web.workbook_writing import list_workbook, sheet_title

COLUMNS = (
    ListColumn("name", "姓名"),
    ListColumn("seat", "序号", number=True),
    ListColumn("note", "说明", sortable=False),
)
CAMPUS = ListFilter("campus", "校区", (("A", "中心校区"), ("B", "西校区")))


def row(name: str, initials: str, seat: int | None, campus: str = "A", note: str = "") -> ListRow:
    cells = (
        ListCell(name, order=initials), ListCell("" if seat is None else str(seat), order=seat), ListCell(note, "小字"),
    )  # fmt: skip
    return ListRow(cells, initials, {"campus": campus})


ROWS = (row("王小明", "wxm", 10), row("阿木", "am", 9, "B"), row("李娜", "ln", None, "*"), row("陈晨", "cc", 2))


def names(rows) -> list[str]:
    return [one.cells[0].words for one in rows]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ({}, ["王小明", "阿木", "李娜", "陈晨"]),
        ({"q": "wxm"}, ["王小明"]),
        ({"q": "小 XM"}, ["王小明"]),
        ({"q": "小字 am"}, ["阿木"]),
        ({"q": "nobody"}, []),
        ({"campus": "B"}, ["阿木", "李娜"]),
        ({"campus": "Q"}, ["王小明", "阿木", "李娜", "陈晨"]),
        ({"sort": "name"}, ["阿木", "陈晨", "李娜", "王小明"]),
        ({"sort": "-name"}, ["王小明", "李娜", "陈晨", "阿木"]),
        ({"sort": "seat"}, ["陈晨", "阿木", "王小明", "李娜"]),
        ({"sort": "-seat"}, ["王小明", "阿木", "陈晨", "李娜"]),
        ({"sort": "note"}, ["王小明", "阿木", "李娜", "陈晨"]),
        ({"sort": "'; DROP"}, ["王小明", "阿木", "李娜", "陈晨"]),
    ],
)
def test_rows_are_found_by_words_or_initials_narrowed_down_and_ordered(address, expected) -> None:
    assert names(found_in(ROWS, COLUMNS, asked_of(address, COLUMNS, [CAMPUS]))) == expected


@pytest.mark.parametrize(
    ("page", "shown", "number"),
    [("1", 2, 1), ("2", 2, 2), ("9", 2, 2), ("0", 2, 1), ("x", 2, 1), ("9" * 50, 2, 1), ("all", 4, 0), ("²", 2, 1)],
)
def test_pages_end_where_the_rows_end(page, shown, number) -> None:
    listing = listing_of("学生", COLUMNS, ROWS, asked_of({"page": page}, COLUMNS), rows_a_page=2)
    assert (len(listing.rows), listing.asked.page, listing.last, listing.total) == (shown, number, 2, 4)


def test_an_address_keeps_what_was_asked_and_a_new_order_begins_at_the_first_page() -> None:
    asked = asked_of({"q": "a&b", "campus": "A", "sort": "-name", "page": "3"}, COLUMNS, [CAMPUS])
    assert asked.query() == "?q=a%26b&campus=A&sort=-name"
    assert asked.query(page=2) == "?q=a%26b&campus=A&sort=-name&page=2"
    assert asked.query(page=0).endswith("page=all")
    listing = listing_of("x", COLUMNS, ROWS, Asked(sort="name"))
    assert listing.sort_query(COLUMNS[0]) == "?sort=-name" and listing.sort_query(COLUMNS[1]) == "?sort=seat"
    assert Asked().query() == "?"


def test_a_file_holds_what_is_shown_text_as_text_and_figures_as_figures() -> None:
    rows = (*ROWS, row("=1+1", "x", 3, note="110101200001010010"))
    data = list_workbook("一年级/名单", [c.title for c in COLUMNS], cells_for_file(rows))
    with CalamineWorkbook.from_filelike(data) as book:
        assert book.sheet_names == ["一年级 名单"]
        found = book.get_sheet_by_index(0).to_python()
    assert found[0] == ["姓名", "序号", "说明"]
    assert found[1] == ["王小明", 10.0, "小字"]
    assert found[-1] == ["=1+1", 3.0, "110101200001010010 小字"]


@pytest.mark.parametrize(("title", "expected"), [("a:b", "a b"), ("x" * 40, "x" * 31), ("'", "1"), ("", "1")])
def test_a_sheet_title_is_one_that_excel_takes(title, expected) -> None:
    assert sheet_title(title) == expected


def test_a_row_may_have_several_values_of_a_filter_and_is_found_by_each():
    both = ListRow((ListCell("王小明"), ListCell(""), ListCell("")), filters={"campus": ("A", "B")})
    only_a = row("陈晨", "cc", 2)
    for campus, expected in (("A", ["王小明", "陈晨"]), ("B", ["王小明"])):
        assert names(found_in([both, only_a], COLUMNS, Asked(filters={"campus": campus}))) == expected


@pytest.mark.parametrize(("address", "every"), [({}, False), ({"tick": "all"}, True), ({"tick": "1"}, False)])
def test_the_address_can_ask_for_every_box_ticked_and_no_other_link_carries_it_on(address, every):
    asked = asked_of(address, COLUMNS, (CAMPUS,))
    assert asked.every is every and "tick" not in asked.query(page=2)


def test_only_boxes_that_are_shown_are_counted():
    rows = [ListRow((ListCell(str(n)), ListCell(""), ListCell("")), pick=str(n) if n % 2 else "") for n in range(10)]
    assert listing_of("表", COLUMNS, rows, Asked(page=2), rows_a_page=4).picks == 2
    assert listing_of("表", COLUMNS, rows[::2], Asked()).picks == 0
