"""One pupil: name, places and cards for everybody who teaches; what is private on a page of its own, noted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from node.db import campus
from node.pupils import store
from node.pupils.rules import FIELDS_OF_PART, PARTS, changed, fields_of, parts_readable
from shared.codes import CODE_LISTS
from shared.errors import InvalidInput, NotAllowed, NotFound, Problem
from shared.ids import campus_of
from shared.records import Pupil, PupilPrivate
from shared.records.declare import Kind, specs_of
from shared.schema import values_of
from shared.web import auth
from shared.web.accounts.touching import may_touch
from shared.web.app import language
from shared.web.cards import store as cards
from shared.web.cards.rules import state_of
from shared.web.cards.views import TONES, state_words
from shared.web.db import db, replica, today
from shared.web.readings.views import note_reading
from shared.web.store import campus_names, homerooms_of
from sync.status import record_state


def pupil(pupil_id: str) -> str:
    """Name, class and groups with their dates, cards at other campuses."""
    found = _pupil(pupil_id)
    known, done = cards.hosts_known_until(db(), replica()), cards.deliveries(db())
    orders = cards.orders(db(), pupil_id=pupil_id) if auth.may("card.order", campus()) else []
    states = [state_of(one, done.get(one.id), known.get(one.host_campus), today()) for one in orders]
    return render_template(
        "pupils/pupil.html", pupil=found, places=store.places(db(), pupil_id), parts=_parts(pupil_id),
        orders=[(one, state_words(state), TONES[state]) for one, state in zip(orders, states, strict=True)],
        campuses=campus_names(db()), may_edit=auth.may("pupil.change", campus()), today_text=today().isoformat(),
    )  # fmt: skip


def _pupil(pupil_id: str) -> Pupil:
    """A pupil of this campus: of another one nothing but a card is shown."""
    if campus_of(pupil_id) != campus():
        raise NotFound(pupil=pupil_id)
    return store.pupil_named(db(), pupil_id)


def _parts(pupil_id: str) -> frozenset[str]:
    """What the visitor may read of a pupil's private data."""
    who, day = auth.visitor(), today().isoformat()
    own = who.person_id in homerooms_of(db(), pupil_id, day)
    bed = store.in_dorm(db(), pupil_id, day)
    return parts_readable(who.roles, campus(), own_class=own, in_dorm=bed)


def private(pupil_id: str) -> str:
    """Guardians, health, identity: the parts that the visitor's work needs, and a note that it was read."""
    found, parts = _pupil(pupil_id), _parts(pupil_id)
    if not parts:
        raise NotAllowed("not_your_pupil", pupil=pupil_id)
    note_reading("pupil_private", "form", 1, pupil_id)
    values, specs = values_of(store.private_of(db(), pupil_id)), specs_of(PupilPrivate)
    shown = [
        (part, [(name, _label(specs[name]), str(values[name])) for name in names])
        for part, names in FIELDS_OF_PART.items()
        if part in parts
    ]
    return render_template(
        "pupils/private.html", pupil=found, parts=shown, may_edit=_may_edit(pupil_id, parts),
    )  # fmt: skip


def _may_edit(pupil_id: str, parts: frozenset[str]) -> bool:
    """Who edits reads all of it, holds the right, and writes about a child of the own class or office."""
    row: dict[str, str | int | None] = {"pupil_id": pupil_id}
    return parts == PARTS and auth.may("pupil_private.change", campus()) and may_touch("pupil_private", "u", row)


def _label(spec: Any) -> str:
    return str(spec.zh if language() == "zh" else spec.en[:1].upper() + spec.en[1:])


def edit(pupil_id: str) -> Any:
    """The form of name, sex and birth."""
    found = _pupil(pupil_id)
    return _edited(found, Pupil, store.PUPIL_FIELDS, url_for("pupils.pupil", pupil_id=pupil_id))


def edit_private(pupil_id: str) -> Any:
    """The form of what is private. Opening it is a reading too."""
    found, parts = _pupil(pupil_id), _parts(pupil_id)
    if not _may_edit(pupil_id, parts):
        raise NotAllowed("not_your_pupil", pupil=pupil_id)
    return _edited(found, PupilPrivate, fields_of(PARTS), url_for("pupils.private", pupil_id=pupil_id))


def _edited(found: Pupil, record: type, fields: Sequence[str], target: str) -> Any:
    if request.method == "GET":
        return _form(found, record, fields, target, ())
    try:
        changes = store.typed(record, changed(request.form, fields))
    except InvalidInput as refused:
        return _form(found, record, fields, target, refused.problems), 422
    if not changes:
        flash(_("没有改动。"), "info")
        return redirect(target, 303)
    store.save(replica(), db(), auth.author(campus()), record, found.id, changes, request.form.get("token", ""))
    if record_state(db(), replica(), record, (found.id,)) == "conflict":
        flash(_("已保存；有人同时改了同一处，两个值都留着，请到“冲突”里决定。"), "warn")
    else:
        flash(_("已保存。"), "ok")
    return redirect(target, 303)


def _form(found: Pupil, record: type, fields: Sequence[str], target: str, problems: Sequence[Problem]) -> str:
    if record is PupilPrivate:
        # A form that was refused shows what stands as well.
        note_reading("pupil_private", "form", 1, found.id)
    current = found if record is Pupil else store.private_of(db(), found.id)
    stands = {name: "" if value is None else str(value) for name, value in values_of(current).items()}
    posted, lang = request.form, language()
    rows = []
    for name in fields:
        spec = specs_of(record)[name]
        codes = CODE_LISTS[spec.codes] if spec.codes else ()
        rows.append(
            {
                "name": name, "label": _label(spec), "value": posted.get(name, stands[name]), "high": spec.high,
                "shown": posted.get(f"shown.{name}", stands[name]), "date": spec.kind is Kind.DATE,
                "choices": [(code, zh if lang == "zh" else en) for code, zh, en in codes],
                "phone": name.endswith("phone"),
            }
        )  # fmt: skip
    token = posted.get("token") or store.token(db(), replica(), record, found.id)
    return render_template(
        "pupils/edit.html", pupil=found, rows=rows, token=token, problems=problems, target=target
    )
