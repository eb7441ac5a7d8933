"""The grids: all rooms on one day, one room over a week, the whole week on paper and as a workbook."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import render_template, request, send_file, url_for
from flask_babel import gettext as _

from node.bookings import rules
from node.bookings.rules import Column
from node.bookings.sheet import week_workbook
from node.bookings.views.wording import Words, asked_date, day_words, now_at_school, words_for
from node.db import campus
from shared.bookings.rules import Busy
from shared.bookings.store import busy_between, calendar_of, in_use, period_names, rooms_of, title_of
from shared.codes import CODE_LISTS, word_of
from shared.errors import NotFound
from shared.ids import campus_of
from shared.lessons.store import bells_of
from shared.records import Room
from shared.schema import find
from shared.web.app import language
from shared.web.db import db, today
from shared.web.grid import Grid, GridColumn, GridItem, GridRow

SCHOOL_DAYS = 5
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Filter:
    """Which rooms are shown: one campus's, one kind's, or ("") all."""

    campus: str = ""
    kind: str = ""

    def of(self, rooms: Sequence[Room]) -> list[Room]:
        """The rooms that pass."""
        return [room for room in rooms if self.campus in ("", room.campus) and self.kind in ("", room.kind)]


def _asked_filter() -> Filter:
    return Filter(request.args.get("campus", ""), request.args.get("kind", ""))


def day() -> Any:
    """Rooms × periods of one day."""
    asked, chosen, every = asked_date(request.args.get("date", "")), _asked_filter(), rooms_of(db(), first=campus())
    present = {room.kind for room in every}
    kinds = [(code, word_of("room_kind", code, language())) for code, _zh, _en in CODE_LISTS["room_kind"]]
    days = [(on.isoformat(), day_words(on.isoformat()), on == asked) for on in week_of(asked)]
    return render_template(
        "bookings/grid.html", title=_("教室预约"), grid=grid_of_day(asked, chosen.of(every)), days=days, room=None,
        kinds=[each for each in kinds if each[0] in present], chosen=chosen, **_around(asked),
    )  # fmt: skip


def room(room_id: str) -> Any:
    """Days × periods of one room in one week."""
    asked, found = asked_date(request.args.get("date", "")), find(db(), Room, room_id)
    if found is None:
        raise NotFound("room_not_found", room=room_id)
    return render_template(
        "bookings/grid.html", title=found.name, grid=grid_of_room(asked, found), days=[], room=found, kinds=[],
        chosen=Filter(), small=words_for(()).small(found), **_around(asked),
    )  # fmt: skip


def week() -> Any:
    """Every day of a week with the rooms asked for, to be printed."""
    asked, chosen = asked_date(request.args.get("date", "")), _asked_filter()
    return render_template("bookings/week.html", days=_days_of(asked, chosen), chosen=chosen, **_around(asked))


def export() -> Any:
    """The same week as a workbook, a sheet a day."""
    asked, chosen = asked_date(request.args.get("date", "")), _asked_filter()
    made = io.BytesIO(week_workbook(_days_of(asked, chosen)))
    name = f"rooms-{week_of(asked)[0].isoformat()}.xlsx"
    return send_file(made, mimetype=XLSX, as_attachment=True, download_name=name)


def _days_of(asked: date, chosen: Filter) -> list[tuple[str, Grid]]:
    rooms = chosen.of(rooms_of(db(), first=campus()))
    return [(day_words(on.isoformat()), grid_of_day(on, rooms)) for on in week_of(asked)]


def _around(asked: date) -> dict[str, Any]:
    """What every page of a week shows about it."""
    text, days, words = asked.isoformat(), week_of(asked), words_for(())
    known = calendar_of(db(), campus(), text, (asked + timedelta(days=1)).isoformat())
    return {
        "date": text,
        "earlier": (asked - timedelta(days=7)).isoformat(),
        "later": (asked + timedelta(days=7)).isoformat(),
        "this_day": today().isoformat(),
        "week_words": " – ".join(day_words(on.isoformat()) for on in (days[0], days[-1])),
        "week_number": known[text].week if text in known else 0,
        "campuses": words.campuses,
        "here": campus(),
        "known": [words.known_words(code) for code in words.campuses if code != campus()],
    }


def week_of(asked: date) -> list[date]:
    """The days of a week that are shown: Monday to Friday, weekend days with school, and the day asked for."""
    monday = asked - timedelta(days=asked.weekday())
    days = [monday + timedelta(days=n) for n in range(7)]
    known = calendar_of(db(), campus(), days[0].isoformat(), (days[-1] + timedelta(days=1)).isoformat())
    taught = {text for text, found in known.items() if found.follows_weekday or found.kind in ("make_up", "exam")}
    return [on for n, on in enumerate(days) if n < SCHOOL_DAYS or on.isoformat() in taught or on == asked]


def grid_of_day(on: date, rooms: Sequence[Room]) -> Grid:
    """Rooms × the periods that this campus rings; another campus's room is placed by the clock."""
    text, title = on.isoformat(), day_words(on.isoformat())
    busy = busy_between(db(), text, (on + timedelta(days=1)).isoformat(), rooms={room.id for room in rooms})
    by_room: dict[str, list[Busy]] = {}
    for each in busy:
        by_room.setdefault(each.room_id, []).append(each)
    columns = rules.columns_of(bells_of(db(), campus(), text))
    more = any(rules.outside(there, columns) for there in by_room.values())
    cells = _cells(busy, more=more)
    rows = [
        GridRow(
            room.name if room.campus == campus() else f"{cells.words.campus(room.campus)} {room.name}",
            cells.words.small(room),
            cells.of(room, text, by_room.get(room.id, []), columns),
            href=url_for("bookings.room", room_id=room.id, date=text),
        )
        for room in rooms
    ]
    headings = _headings(columns, campus(), text, more=more)
    return Grid(_("%(day)s 各教室占用", day=title), title, headings, tuple(rows))


def grid_of_room(asked: date, room: Room) -> Grid:
    """Days × periods of one room, by the bells of the campus that has it."""
    days, owner = week_of(asked), campus_of(room.id)
    busy = busy_between(db(), days[0].isoformat(), (days[-1] + timedelta(days=1)).isoformat(), rooms={room.id})
    by_day = {on: [each for each in busy if each.date == on.isoformat()] for on in days}
    bells = {on: rules.columns_of(bells_of(db(), owner, on.isoformat())) for on in days}
    longest = max(days, key=lambda on: len(bells[on]))
    # Seasons ring differently: each day is laid out by its own clock under the headings of the longest.
    columns = {on: rules.fitting(bells[on], bells[longest]) for on in days}
    more = any(rules.outside(by_day[on], columns[on]) for on in days)
    cells = _cells(busy, more=more)
    rows = [
        GridRow(
            day_words(on.isoformat()), "", cells.of(room, on.isoformat(), by_day[on], columns[on]), now=on == today()
        )
        for on in days
    ]
    headings = _headings(bells[longest], owner, longest.isoformat(), more=more)
    return Grid(_("%(room)s 一周占用", room=room.name), room.name, headings, tuple(rows))


def _headings(columns: Sequence[Column], owner: str, day: str, *, more: bool) -> tuple[GridColumn, ...]:
    names, time = period_names(db(), owner, day), now_at_school()
    made = []
    for column in columns:
        number = column.number
        title = column.begin if number is None else names.get(number) or _("第%(n)s节", n=number)
        now = day == today().isoformat() and column.begin <= time < column.end
        made.append(GridColumn(title, f"{column.begin}–{column.end}", now=now))
    return (*made, GridColumn(_("其他时间"))) if more else tuple(made)


@dataclass(frozen=True)
class Cells:
    """What the cells of one grid share; words and addresses are made once, not once a cell.

    more: a last column holds what lies outside all periods; now: (date, time) at school.
    """

    words: Words
    clashes: frozenset[str]
    more: bool
    now: tuple[str, str]
    lang: str
    says: Mapping[str, str]
    new_at: str

    def of(
        self, room: Room, day: str, busy: Sequence[Busy], columns: Sequence[Column]
    ) -> tuple[tuple[GridItem, ...], ...]:
        """The cells of one room on one day."""
        open_to_all = self.words.may_book and in_use(room, day)
        cells = [
            tuple(map(self.item, rules.within(busy, column))) or self._free(room, day, column, open_to_all)
            for column in columns
        ]
        return (*cells, tuple(map(self.item, rules.outside(busy, columns)))) if self.more else tuple(cells)

    def _free(self, room: Room, day: str, column: Column, open_to_all: bool) -> tuple[GridItem, ...]:
        """A "+" where somebody may still ask for the room."""
        if not open_to_all or (day, column.end) <= self.now:
            return ()
        asked = urlencode({"room_id": room.id, "date": day, "begin": column.begin, "end": column.end}, safe=":")
        label = f"{self.says['book']} {room.name} {day} {column.begin}–{column.end}"
        return (GridItem("free", "＋", href=f"{self.new_at}?{asked}", label=label),)

    def item(self, busy: Busy) -> GridItem:
        """What stands in a cell: colour, edge and a word for its state."""
        title, who = title_of(busy, self.lang), self.words.names.get(busy.who, busy.who)
        clash = self.says["clash"] if busy.key in self.clashes else ""
        if busy.kind == "lesson":
            group = self.words.names.get(busy.group_id, busy.group_id)
            return GridItem("clash" if clash else "lesson", f"{group} {title}", who, clash or self.says["lesson"])
        firm = busy.state == "confirmed"
        says = clash or (self.says["firm"] if firm else self.words.waits(campus_of(busy.series_id)))
        tone = "clash" if clash else "firm" if firm else "tentative"
        href = url_for("bookings.series", series_id=busy.series_id)
        return GridItem(tone, title or busy.key, f"{who} · {busy.begin}–{busy.end}", says, href)


def _cells(busy: Sequence[Busy], *, more: bool) -> Cells:
    says = {"book": _("预约"), "clash": _("冲突"), "lesson": _("课表占用"), "firm": _("已定")}
    now = (today().isoformat(), now_at_school())
    clashes = frozenset(rules.clashing(busy))
    return Cells(words_for(busy), clashes, more, now, language(), says, url_for("bookings.new"))
