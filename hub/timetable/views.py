"""The way in for timetables: a `.fet` file or a workbook, previewed with its unplaced and unknown, kept as a draft."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, render_template, request, send_file, url_for
from flask_babel import gettext as _

from hub.timetable.fet import read_fet
from hub.timetable.naming import NEW, NONE, Unknown, Wishes
from hub.timetable.planning import WeekPlan, plan_week
from hub.timetable.sheets import HEADINGS, read_week
from hub.timetable.store import There, there_of
from hub.timetable.week import Week
from hub.workbook.history import keeping_hand_edits
from hub.workbook.planning import Plan
from hub.workbook.reading import read_workbook
from hub.workbook.uploads import forget_upload, keep_upload, upload_named
from hub.workbook.views import Commit, Preview, committed, uploaded, uploads_folder
from hub.workbook.words import told
from shared.errors import InvalidInput, Problem
from shared.records import (
    BellPeriod,
    Building,
    Campus,
    Person,
    Room,
    RosterGroup,
    StaffMembership,
    TimetableVersion,
)
from shared.records.declare import specs_of
from shared.schema import select
from shared.text import tidied
from shared.validation import problem_with
from shared.web import auth
from shared.web.app import language
from shared.web.db import clock, db, replica, today
from shared.web.workbook_writing import list_workbook

ROUTES = {
    "timetable.import_page": "timetable.change",
    "timetable.template": "timetable.change",
    "timetable.preview": "timetable.change",
    "timetable.commit": "timetable.change",
}
KINDS = ("group", "teacher", "room")
# What a file's unknown names become asks for the right to make it.
CREATING = {
    Person: "staff.change", StaffMembership: "staff.change", RosterGroup: "pupil.change", Room: "room.change",
    Building: "room.change", BellPeriod: "calendar.change",
}  # fmt: skip
NAME_CHARACTERS_MAX = 60
UNPLACED_SHOWN = 200


def blueprint() -> Blueprint:
    """The timetable room of the hub."""
    room = Blueprint("timetable", __name__, url_prefix="/timetables", template_folder="templates")
    room.add_url_rule("/import", "import_page", import_page)
    room.add_url_rule("/import/template.xlsx", "template", template)
    room.add_url_rule("/import/preview", "preview", preview, methods=["POST"])
    room.add_url_rule("/import/commit", "commit", commit, methods=["POST"])
    return room


def import_page() -> Any:
    """Where the file is chosen, with the campus, the first day and the name of the draft."""
    return _chosen_again((), 200)


def template() -> Any:
    """An empty workbook in the form of a list."""
    data = list_workbook(_("课表"), [words[0] for words in HEADINGS.values()], ())
    return send_file(data, as_attachment=True, download_name=_("课表模板") + ".xlsx")


def preview() -> Any:
    """What the file would make; posted again with choices for unknown names. Nothing is written."""
    data, _name = uploaded()
    name = request.form.get("upload", "")
    if not data:
        data = upload_named(uploads_folder(replica()), name) or b""
    try:
        planned = _planned(data, _source())
    except InvalidInput as refused:
        return _chosen_again(refused.problems, 422)
    name = keep_upload(uploads_folder(replica()), data, clock().now_ms())
    return _preview(name, planned).page(planned.plan)


def commit() -> Any:
    """Write the draft that the preview showed."""
    name = request.form.get("upload", "")
    data = upload_named(uploads_folder(replica()), name)
    if data is None:
        return _chosen_again([Problem("file", "preview_gone", {"zh": "预览", "en": "the preview"})], 422)
    planned = _planned(data, _source())
    folder, target = uploads_folder(replica()), url_for("office.rows", slug="timetables")
    campus = _wishes().campus
    main = next((c.code for c in select(db(), Campus, main=1)), campus)

    def again() -> Plan:
        return _planned(data, _source()).plan

    told_so = Commit(again, lambda _plan: main, lambda: forget_upload(folder, name), target, campus=campus)
    return committed(told_so, _preview(name, planned))


def _source() -> str:
    """The file's name: the uploaded one's, or what the preview sends along."""
    file = request.files.get("file")
    return tidied((file.filename if file else "") or request.form.get("source", ""))[:80]


def _wishes() -> Wishes:
    """What the form says. Raises InvalidInput for a campus, day or name that cannot be."""
    campus, begin = request.form.get("campus", ""), request.form.get("begin", "")
    name = tidied(request.form.get("name", ""))
    problems = []
    if campus not in {c.code for c in select(db(), Campus)}:
        problems.append(Problem("campus", "no_such_campus", {"zh": "校区", "en": "campus", "value": campus[:20]}))
    if problem_with(specs_of(TimetableVersion)["begin"], begin):
        problems.append(Problem("begin", "not_date", {"zh": "开始日期", "en": "first day"}))
    if not name or len(name) > NAME_CHARACTERS_MAX:
        reason = "too_long" if name else "missing"
        problems.append(Problem("name", reason, {"zh": "名称", "en": "name", "high": NAME_CHARACTERS_MAX}))
    if problems:
        raise InvalidInput(*problems)
    auth.require("timetable.change", campus)
    create = frozenset(kind for kind in KINDS if request.form.get(f"create.{kind}") == "1")
    bells, together = (request.form.get(field) == "1" for field in ("bells", "together"))
    return Wishes(campus, begin, name, create, _meant(), bells, together)


def _meant() -> dict[tuple[str, str], str]:
    """The choices for names: of this post, over those of earlier ones."""
    found = _kept_choices()
    for field, value in request.form.items():
        kind, _dot, name = field.removeprefix("name.").partition(".")
        if field.startswith("name.") and kind in KINDS:
            found[kind, name] = value
    return found


def _kept_choices() -> dict[tuple[str, str], str]:
    try:
        said = json.loads(request.form.get("meant", "[]"))
        return {(str(kind), str(name)): str(value) for kind, name, value in said}
    except (ValueError, TypeError):
        return {}


def _planned(data: bytes, source: str) -> WeekPlan:
    if not data:
        raise InvalidInput(Problem("file", "no_file", {"zh": "文件", "en": "the file"}))
    wishes = _wishes()
    week, problems = _week(data, source)
    planned = plan_week(week, there_of(db(), wishes.campus, wishes.name, wishes.begin), wishes)
    plan = keeping_hand_edits(db(), planned.plan)
    problems += _beyond_rights(plan, wishes.campus)
    return replace(planned, plan=replace(plan, problems=(*problems, *plan.problems)))


def _beyond_rights(plan: Plan, campus: str) -> list[Problem]:
    """What the plan would make beside the timetable, and the visitor's roles may not: one problem a sheet."""
    refused = {
        change.sheet: Problem("file", "sheet_not_allowed", {"sheet": change.sheet})
        for change in plan.to_write()
        if change.record in CREATING and not auth.may(CREATING[change.record], campus)
    }
    return list(refused.values())


def _week(data: bytes, source: str) -> tuple[Week, list[Problem]]:
    if data.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return read_week(read_workbook(data), source)
    return read_fet(data), []


def _chosen_again(problems: Any, status: int) -> tuple[str, int]:
    campuses = [c for c in select(db(), Campus) if auth.may("timetable.change", c.code)]
    page = render_template(
        "timetable/import.html", campuses=campuses, given=request.form, begin=today().isoformat(),
        problems=[told(problem, language()) for problem in problems],
    )  # fmt: skip
    return page, status


def _preview(name: str, planned: WeekPlan) -> Preview:
    wishes = _wishes()
    hidden = {
        "campus": wishes.campus, "begin": wishes.begin, "name": wishes.name,
        "source": _source(),
        "meant": json.dumps([[*key, value] for key, value in wishes.meant.items()], ensure_ascii=False),
        **{f"create.{kind}": "1" for kind in sorted(wishes.create)}, **({"bells": "1"} if wishes.bells else {}),
        **({"together": "1"} if wishes.together else {}),
    }  # fmt: skip
    there = there_of(db(), wishes.campus, wishes.name, wishes.begin)
    values = {
        "week": planned, "choices": _choices(planned.unknown, there), "new": NEW, "none": NONE,
        "again": url_for("timetable.preview"), "unplaced": planned.unplaced[:UNPLACED_SHOWN], "hidden": hidden,
        "why_not": _why_not(),
    }  # fmt: skip
    return Preview(
        name, url_for("timetable.commit"), url_for("timetable.import_page"), hidden, "timetable/week.html", values
    )


def _why_not() -> Mapping[str, str]:
    return {
        "no_time": _("没有排时间"), "no_group": _("没有班级"), "inactive": _("在文件里停用"),
        "past_the_end": _("排到一天的末节之后"), "unknown_time": _("时间不在文件的星期和节次里"),
    }  # fmt: skip


def _choices(unknown: Any, there: There) -> list[tuple[Unknown, list[tuple[str, str]]]]:
    """Each unknown name with what it may stand for: (id, words)."""
    everything = {
        "group": [(g.id, g.name) for g in there.groups], "room": [(r.id, r.name) for r in there.rooms],
        "teacher": [
            (p.id, f"{p.name} {p.staff_number}")
            for p in sorted(there.persons, key=lambda p: (p.id not in there.members, p.initials))
        ],
    }  # fmt: skip
    return [
        (one, [pair for pair in everything[one.kind] if not one.candidates or pair[0] in one.candidates])
        for one in unknown
    ]
