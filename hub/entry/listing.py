"""The entries in the one shape of lists: who, when, what and how much, and who wrote it down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hub.entry.store import Shown
from hub.workbook.naming import Names
from hub.workbook.sheets import Sheet
from shared.codes import CODE_LISTS, word_of
from shared.web.listing import ListCell, ListColumn, ListFilter, ListRow

# Not "kind": the address may carry that for the form above the list.
KIND_FILTER = "only"


def entry_columns(sheet: Sheet, lang: str) -> list[ListColumn]:
    """The columns of either list; what counts is a quantity of evidence or points of an ethics event."""
    specs = {column.name: column.spec for column in sheet.columns}
    amount = "quantity" if "quantity" in specs else "points"
    chinese = lang == "zh"

    def title(name: str) -> str:
        return specs[name].zh if chinese else specs[name].en[:1].upper() + specs[name].en[1:]

    return [
        ListColumn("person", "教职工" if chinese else "Staff member"), ListColumn("date", title("date")),
        ListColumn("campus", title("campus")), ListColumn("kind", title("kind")),
        ListColumn("amount", title(amount), number=True), ListColumn("note", title("note")),
        ListColumn("entered_by", "记录人" if chinese else "Entered by"),
    ]  # fmt: skip


def entry_filters(sheet: Sheet, names: Names, lang: str) -> list[ListFilter]:
    """By kind, and by campus where there are several."""
    specs = {column.name: column.spec for column in sheet.columns}
    codes = CODE_LISTS[specs["kind"].codes or ""]
    found = [ListFilter(KIND_FILTER, specs["kind"].zh if lang == "zh" else "Kind",
                        tuple((code, zh if lang == "zh" else en) for code, zh, en in codes))]  # fmt: skip
    if len(names.campuses) > 1:
        found.append(ListFilter("at", specs["campus"].zh if lang == "zh" else "Campus", tuple(names.campuses.items())))
    return found


def entry_rows(
    sheet: Sheet, shown: Sequence[Shown], names: Names, lang: str, act: Callable[[Any], tuple[str, str]],
    corrected: Callable[[int], str],
) -> list[ListRow]:  # fmt: skip
    """Rows of the list. act: record → (words, address) of its correction; corrected: how often, in words."""
    codes = next(column.spec.codes or "" for column in sheet.columns if column.name == "kind")
    found = []
    for one in shown:
        record: Any = one.record
        words, address = act(record)
        person, writer = names.persons.get(record.person_id), names.persons.get(record.entered_by)
        subject = getattr(record, "subject", None)
        said = [word_of("subject", subject, lang)] if subject else []
        amount = str(record.quantity if hasattr(record, "quantity") else record.points)
        cells = (
            ListCell(person.name, order=f"{person.initials} {person.name}") if person else ListCell(record.person_id),
            ListCell(record.date), ListCell(names.campuses.get(record.campus, record.campus)),
            ListCell(" · ".join([word_of(codes, record.kind, lang), *said])),
            ListCell(amount, order=_thousandths(amount)),
            ListCell(record.note, corrected(one.corrections) if one.corrections else ""),
            ListCell(writer.name if writer else ""),
        )  # fmt: skip
        search = f"{person.initials} {person.staff_number}" if person else ""
        found.append(ListRow(cells, search, {KIND_FILTER: record.kind, "at": record.campus}, address, words))
    return found


def _thousandths(amount: str) -> int:
    """A decimal as whole thousandths, to be sorted by; exact for what the forms take."""
    whole, _dot, rest = amount.partition(".")
    sign = -1 if whole.startswith("-") else 1
    return sign * (int(whole.lstrip("-") or 0) * 1000 + int(rest[:3].ljust(3, "0") or 0))
