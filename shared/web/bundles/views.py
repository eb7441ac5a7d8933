"""The page of sync by file: make a bundle (a download), load one (an upload), and what it held."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Any, cast

from flask import Blueprint, Response, current_app, render_template, request

from shared.clock import instant_text
from shared.errors import InvalidInput, Problem, TongxinError
from shared.web import auth
from shared.web.bundles.rules import standing_of
from shared.web.db import db, replica
from shared.web.store import campus_names
from shared.web.words import status_of
from sync.answer_by_file import make_answer
from sync.bundle import suggested_name
from sync.bundle_notes import LOADED, MADE, Note, last_note
from sync.by_file import AfterLoading, load_bundle, make_request, note_made, unanswered
from sync.replica import setting
from sync.status import campus_boards
from sync.steps.judge import Policy

ROUTES = {"bundles.page": "bundle.carry", "bundles.make": "bundle.carry", "bundles.load": "bundle.carry"}
# What a form around the file may take.
FORM_BYTES = 100_000


@dataclass(frozen=True)
class Loading:
    """What loading needs of the site: at the hub the policy of its judge, and what the site does with what came."""

    policy: Policy | None = None
    after: AfterLoading | None = None


@dataclass(frozen=True)
class Peer:
    """Whom bundles go to and come from. campus: its name, "" for the hub; state: see `rules.standing_of`."""

    node: str
    campus: str
    made: Note | None
    loaded: Note | None
    state: str


def blueprint() -> Blueprint:
    """The room."""
    room = Blueprint("bundles", __name__, url_prefix="/bundles", template_folder="templates")
    room.add_url_rule("", "page", page)
    room.add_url_rule("/make", "make", make, methods=["POST"])
    room.add_url_rule("/load", "load", load, methods=["POST"])
    room.add_app_template_filter(instant_text, "instant")
    return room


def upload_gate() -> None:
    """Before anything reads the form: a bundle may be larger than what other pages take, from whoever carries one."""
    if request.endpoint == "bundles.load" and auth.may_here(ROUTES["bundles.load"]):
        request.max_content_length = replica().limits.bundle_bytes + FORM_BYTES


def page() -> str:
    """Whom bundles go to, how far the last one came, and the form to load one."""
    return render_template("bundles/page.html", peers=_peers(), failed=None)


def _peers() -> list[Peer]:
    if replica().role == "node":
        return [_peer(setting(db(), "hub_node"), "")]
    names = campus_names(db())
    nodes = [node for node in campus_boards(db(), replica()) if not node.revoked_at]
    return [_peer(node.node, names.get(node.campus, node.campus)) for node in nodes]


def _peer(node: str, campus: str) -> Peer:
    made = last_note(db(), MADE, node)
    waits = made is not None and (campus != "" or unanswered(db(), node) is not None)
    return Peer(node, campus, made, last_note(db(), LOADED, node), standing_of(made, waits=waits))


def make() -> Response:
    """A bundle as a download: at a node for the hub, at the hub for the node that the form names."""
    if replica().role == "node":
        made = make_request(replica(), db())
    else:
        made = make_answer(replica(), db(), request.form.get("node", ""), re=request.form.get("re", ""))
    note_made(replica(), db(), made)
    return Response(
        made.file, mimetype="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{suggested_name(made.label)}"'},
    )  # fmt: skip


def load() -> Any:
    """Take what was uploaded, whatever its name, and say what it held; or say what is wrong with it."""
    site = cast(Loading, current_app.extensions["tongxin_bundles"])
    try:
        upload = request.files.get("file")
        if upload is None or not upload.filename:
            raise InvalidInput(Problem("file", "missing"), code="bundle_missing")
        with closing(upload):
            file = upload.stream.read(replica().limits.bundle_bytes + 1)
        loaded = load_bundle(replica(), db(), file, policy=site.policy, after=site.after)
    except TongxinError as error:
        return render_template("bundles/page.html", peers=_peers(), failed=error.code), status_of(error)
    campus = campus_names(db()).get(loaded.label.campus, loaded.label.campus)
    return render_template("bundles/loaded.html", loaded=loaded, label=loaded.label, campus=campus)
