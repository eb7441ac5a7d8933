"""The office's pages: lists and forms, the calendar, the import."""

from __future__ import annotations

from flask import Blueprint

from hub.office.views import calendar, importing, lists

ROUTES = {
    "office.index": "staff.see",
    "office.rows": "staff.see",
    "office.export": "staff.see",
    "office.export_shown": "staff.see",
    "office.new": "staff.see",
    "office.edit": "staff.see",
    "office.revoke": "account.manage",
    "office.term_calendar": "calendar.change",
    "office.import_page": "staff.change",
    "office.import_preview": "staff.change",
    "office.import_commit": "staff.change",
    "office.import_template": "staff.change",
}


def blueprint() -> Blueprint:
    """The office room. Lists ask for the right of their own record inside the view."""
    room = Blueprint("office", __name__, url_prefix="/office", template_folder="../templates")
    room.add_url_rule("/", "index", lists.index)
    room.add_url_rule("/list/<slug>", "rows", lists.rows)
    room.add_url_rule("/list/<slug>.xlsx", "export", lists.export)
    room.add_url_rule("/list/<slug>/shown.xlsx", "export_shown", lists.export_shown)
    room.add_url_rule("/list/<slug>/new", "new", lists.new, methods=["GET", "POST"])
    room.add_url_rule("/list/<slug>/edit/<path:key>", "edit", lists.edit, methods=["GET", "POST"])
    room.add_url_rule("/accounts/<person_id>/revoke", "revoke", lists.revoke, methods=["POST"])
    room.add_url_rule("/calendar", "term_calendar", calendar.term_calendar, methods=["GET", "POST"])
    room.add_url_rule("/import", "import_page", importing.import_page)
    room.add_url_rule("/import/template.xlsx", "import_template", importing.import_template)
    room.add_url_rule("/import/preview", "import_preview", importing.import_preview, methods=["POST"])
    room.add_url_rule("/import/commit", "import_commit", importing.import_commit, methods=["POST"])
    return room
