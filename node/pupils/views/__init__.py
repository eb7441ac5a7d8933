"""The pages of pupils: lists, one pupil, what is private, and the guests of other campuses."""

from __future__ import annotations

from flask import Blueprint

from node.pupils.views import guests, lists, one

ROUTES = {
    "pupils.page": "pupil.see",
    "pupils.export": "pupil.see",
    "pupils.classes": "pupil.see",
    "pupils.pupil": "pupil.see",
    "pupils.edit": "pupil.change",
    "pupils.private": "pupil_private.see",
    "pupils.edit_private": "pupil_private.change",
    "pupils.guests": "guest_card.see",
    "pupils.guest": "guest_card.see",
}


def blueprint() -> Blueprint:
    """The room."""
    room = Blueprint("pupils", __name__, template_folder="../templates")
    room.add_url_rule("/pupils", "page", lists.page, strict_slashes=False)
    room.add_url_rule("/pupils.xlsx", "export", lists.export)
    room.add_url_rule("/pupils/classes", "classes", lists.classes)
    room.add_url_rule("/pupils/of/<pupil_id>", "pupil", one.pupil)
    room.add_url_rule("/pupils/of/<pupil_id>/edit", "edit", one.edit, methods=["GET", "POST"])
    room.add_url_rule("/pupils/of/<pupil_id>/private", "private", one.private)
    room.add_url_rule("/pupils/of/<pupil_id>/private/edit", "edit_private", one.edit_private, methods=["GET", "POST"])
    room.add_url_rule("/guests", "guests", guests.guests)
    room.add_url_rule("/guests/<order_id>", "guest", guests.guest)
    return room
