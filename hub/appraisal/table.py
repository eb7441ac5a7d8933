"""The combined table as pure data: who may see which lines, filtered and sorted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.appraisal.exact import rounded_half_up
from hub.appraisal.store import ResultLine

# Marks that stand for what a sum needs besides its blocks.
ADJUSTMENTS = ("rescaled", "rounding")


@dataclass(frozen=True)
class View:
    """What a visitor asked to see. descending: from the top; campus and category empty: all."""

    campus: str = ""
    category: str = ""
    search: str = ""
    sort: str = "total"
    descending: bool = True


@dataclass(frozen=True)
class Difference:
    """One person in two runs; None where a run has no line of the person."""

    person_id: str
    name: str
    before: Decimal | None
    after: Decimal | None
    blocks: tuple[tuple[str, Decimal, Decimal], ...]


def visible(lines: Sequence[ResultLine], campuses: Collection[str] | None) -> list[ResultLine]:
    """The lines of people at these campuses; all of them for None."""
    if campuses is None:
        return list(lines)
    return [line for line in lines if set(line.blocks["campuses"]) & set(campuses)]


def arranged(lines: Sequence[ResultLine], view: View) -> list[ResultLine]:
    """Filtered and sorted; ties by staff number, so that the order never depends on storage."""
    found = [line for line in lines if _asked_for(line, view)]
    found.sort(key=lambda line: (line.staff_number, line.result.person_id))
    found.sort(key=lambda line: _sort_key(line, view.sort), reverse=view.descending)
    return found


def _asked_for(line: ResultLine, view: View) -> bool:
    return (
        (not view.campus or view.campus in line.blocks["campuses"])
        and (not view.category or line.result.category == view.category)
        and (not view.search or view.search in line.name or view.search == line.staff_number)
    )


def _sort_key(line: ResultLine, sort: str) -> tuple[Decimal, str]:
    if sort in ("name", "campus", "category"):
        text = line.name if sort == "name" else getattr(line.result, sort)
        return Decimal(0), str(text)
    if sort == "total":
        return Decimal(line.result.total), ""
    cell = line.blocks["points"].get(sort)
    return (Decimal(cell["points"]) if cell else Decimal(-1000)), ""


def block_columns(lines: Sequence[ResultLine], names: Mapping[str, tuple[str, str]]) -> list[tuple[str, str, str]]:
    """(code, name, English name) of the blocks that any of the lines has, in the scheme's order."""
    used = {code for line in lines for code in line.blocks["points"]} - set(ADJUSTMENTS)
    return [(code, zh, en) for code, (zh, en) in names.items() if code in used]


def adjustment(line: ResultLine) -> Decimal:
    """Rescaling and rounding together: what the blocks lack to the total."""
    cells = line.blocks["points"]
    return sum((Decimal(cells[code]["points"]) for code in ADJUSTMENTS if code in cells), Decimal(0))


def differences(before: Sequence[ResultLine], after: Sequence[ResultLine]) -> list[Difference]:
    """People whose total or blocks differ between two runs, greatest change first."""
    old = {line.result.person_id: line for line in before}
    new = {line.result.person_id: line for line in after}
    found = [_difference(person, old.get(person), new.get(person)) for person in sorted({*old, *new})]
    changed = [each for each in found if each.before != each.after or each.blocks]
    return sorted(changed, key=lambda each: (-_size(each), each.person_id))


def _size(difference: Difference) -> Decimal:
    return abs((difference.after or Decimal(0)) - (difference.before or Decimal(0)))


def _difference(person: str, old: ResultLine | None, new: ResultLine | None) -> Difference:
    named = new or old
    before, after = _points(old), _points(new)
    codes = [code for code in {**before, **after} if code not in ADJUSTMENTS]
    blocks = tuple(
        (code, before.get(code, Decimal(0)), after.get(code, Decimal(0)))
        for code in codes
        if before.get(code) != after.get(code)
    )
    return Difference(
        person, named.name if named else person,
        Decimal(old.result.total) if old else None, Decimal(new.result.total) if new else None, blocks,
    )  # fmt: skip


def _points(line: ResultLine | None) -> dict[str, Decimal]:
    cells: Mapping[str, Any] = line.blocks["points"] if line else {}
    return {code: Decimal(cell["points"]) for code, cell in cells.items()}


def points_text(value: str | Decimal, *, signed: bool = False, places: int = 4) -> str:
    """A number as people read it: at most four places, a true minus sign; exact text stands beside it."""
    number = Decimal(value)
    shown = rounded_half_up(number, places) if _places(number) > places else number
    text = format(shown, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    text = "0" if text in ("-0", "") else text
    sign = "+" if signed and number > 0 and text != "0" else ""
    return sign + text.replace("-", "−")


def _places(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def total_text(value: str) -> str:
    """A total with its two places, exactly as it is stored."""
    return format(Decimal(value), ".2f").replace("-", "−")
