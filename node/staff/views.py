"""The pages of staff days: one date's list, entries by exception, everyone else present by one button."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _

from node.staff import listing, rules, store
from node.staff.rules import StaffDayLimits
from shared.codes import CODE_LISTS, word_of
from shared.errors import InvalidInput, Problem
from shared.records import CalendarDay, StaffDay
from shared.web.app import language
from shared.web.auth import author, may, require, visitor
from shared.web.db import db, replica, today
from shared.web.listing import ListColumn, ListFilter, ListRow, asked_of, cells_for_file, found_in, listing_of
from shared.web.times import spoken_date
from shared.web.words import problem_words
from shared.web.workbook_writing import list_workbook
from sync.replica import setting

ROUTES = {
    "staff.day": "staff_day.see",
    "staff.exceptions": "staff_day.see",
    "staff.export": "staff_day.see",
    "staff.save": "staff_day.enter",
    "staff.fill": "staff_day.enter",
}


def blueprint(limits: StaffDayLimits | None = None) -> Blueprint:
    """The room, with the time limits the school has set."""
    room = Blueprint(
        "staff", __name__, template_folder="templates", static_folder="static", static_url_path="/static/staff-days"
    )
    held = limits or StaffDayLimits()

    def day() -> Any:
        return _page(_asked_date(request.args.get("date", "")), held)

    def save(date: str) -> Any:
        return _save(_asked_date(date), held)

    def fill(date: str) -> Any:
        return _fill(_asked_date(date), held)

    room.add_url_rule("/staff-days", "day", day, methods=["GET"])
    room.add_url_rule("/staff-days/exceptions", "exceptions", exceptions)
    room.add_url_rule("/staff-days/exceptions.xlsx", "export", export)
    room.add_url_rule("/staff-days/<date>", "save", save, methods=["POST"])
    room.add_url_rule("/staff-days/<date>/all-present", "fill", fill, methods=["POST"])
    return room


def _asked_date(raw: str) -> date:
    try:
        return date.fromisoformat(raw) if raw else today()
    except ValueError as error:
        raise InvalidInput(Problem("date", "not_date", {"zh": "日期", "en": "Date"})) from error


def _page(asked: date, limits: StaffDayLimits, error: InvalidInput | None = None) -> str:
    campus, text = setting(db(), "campus"), asked.isoformat()
    require("staff_day.see", campus)
    found = store.calendar_day(db(), campus, text)
    refusal = rules.day_refusal(found.kind if found else None, asked, today(), limits)
    lines = store.people(db(), campus, text)
    proposed = store.proposals(db(), text)
    writable = refusal is None and may("staff_day.enter", campus)
    return render_template(
        "staff/day.html",
        date=text,
        earlier=(asked - timedelta(days=1)).isoformat(),
        later=(asked + timedelta(days=1)).isoformat(),
        day_words=_day_words(asked, found),
        campus_name=store.campus_name(db(), campus),
        lines=lines,
        tokens=store.tokens(db(), replica(), lines) if writable else {},
        counts=rules.counts(line.entry for line in lines),
        proposed=proposed,
        fills=sum(line.entry is None and line.person_id not in proposed for line in lines),
        writable=writable,
        refusal=problem_words(Problem("date", refusal, {"zh": "日期", "en": "Date"}), language())[0] if refusal else "",
        statuses=_choices("staff_day_status"),
        parts=_choices("day_part"),
        typed=request.form if error else {},
        problems=error.problems if error else (),
        is_exception=rules.is_exception,
    )


def exceptions() -> Any:
    """The exceptions of the last months in the one list."""
    columns, filters, rows = _listed()
    shown = listing_of(_("考勤例外"), columns, rows, asked_of(request.args, columns, filters), filters)
    name = store.campus_name(db(), setting(db(), "campus"))
    return render_template("staff/exceptions.html", listing=shown, campus_name=name)


def export() -> Any:
    """Exactly what that list shows, as a workbook."""
    columns, filters, rows = _listed()
    found = found_in(rows, columns, asked_of(request.args, columns, filters))
    data = list_workbook(_("考勤例外"), [column.title for column in columns], cells_for_file(found))
    return send_file(data, as_attachment=True, download_name=_("考勤例外") + ".xlsx")


def _listed() -> tuple[list[ListColumn], list[ListFilter], list[ListRow]]:
    campus = setting(db(), "campus")
    require("staff_day.see", campus)
    words = {
        "person": _("姓名"), "date": _("日期"), "status": _("考勤"), "late_minutes": _("迟到分钟"),
        "early_minutes": _("早退分钟"), "absent_lessons": _("缺课节数"), "note": _("说明"), "entered_by": _("记录人"),
    }  # fmt: skip
    months = listing.months_back(today())
    found = store.exceptions_since(db(), campus, f"{months[-1]}-01")
    filters = listing.filters(months, {"month": _("月份"), "status": words["status"]}, language())
    return listing.columns(words), filters, listing.rows(found, language())


def _choices(codes: str) -> list[tuple[str, str]]:
    return [(code, word_of(codes, code, language())) for code, _zh, _en in CODE_LISTS[codes]]


def _day_words(on: date, found: CalendarDay | None) -> str:
    words = spoken_date(on, language(), today=today())
    return words if found is None else f"{words} · {word_of('day_kind', found.kind, language())}"


def _save(asked: date, limits: StaffDayLimits) -> Any:
    """Every line of the form that says something; a line left at "not recorded" stays so."""
    campus, text = setting(db(), "campus"), asked.isoformat()
    require("staff_day.enter", campus)
    try:
        store.check_day(db(), campus, text, today(), limits)
        entries = _entries(request.form, text, campus)
        shown = {entry.person_id: request.form.get(f"token-{entry.person_id}", "") for entry in entries}
        changed = store.save_entries(replica(), db(), author(campus), entries, shown)
    except InvalidInput as error:
        return _page(asked, limits, error), 422
    flash(_("已保存 %(n)s 人。", n=changed) if changed else _("没有改动，已是保存的样子。"), "ok")
    return redirect(url_for("staff.day", date=text), 303)


def _entries(form: Mapping[str, str], day: str, campus: str) -> list[StaffDay]:
    entries: list[StaffDay] = []
    problems: list[Problem] = []
    for name, status in form.items():
        if not name.startswith("status-") or not status:
            continue
        person = name.removeprefix("status-")
        raw = {field: form[f"{field}-{person}"] for field in store.ENTERED if form.get(f"{field}-{person}")}
        try:
            entries.append(store.entry_from(person, day, campus, raw, entered_by=visitor().person_id))
        except InvalidInput as error:
            problems += error.problems
    if problems:
        raise InvalidInput(*problems)
    return entries


def _fill(asked: date, limits: StaffDayLimits) -> Any:
    campus, text = setting(db(), "campus"), asked.isoformat()
    require("staff_day.enter", campus)
    try:
        store.check_day(db(), campus, text, today(), limits)
    except InvalidInput as error:
        return _page(asked, limits, error), 422
    made = store.record_everyone_present(replica(), db(), author(campus), campus, text)
    flash(_("已把 %(n)s 人记为出勤。", n=made) if made else _("每个人都已有记录。"), "ok")
    return redirect(url_for("staff.day", date=text), 303)
