"""One room that both campuses want while they cannot hear each other, and how that ends."""

from __future__ import annotations

from datetime import date

from scripts.demo_play.lessons import RECORDING_ROOM
from scripts.demo_play.stage import Stage, Wanted
from shared.codes import word_of
from shared.records import BellPeriod, Room

WANTED_DAY = date(2025, 9, 30)
WANTED_PERIOD = 5


def ask_for_room(stage: Stage) -> Wanted:
    """A teacher of each campus books the main campus's recording room for the same lesson, on the own node."""
    records = stage.consortium.records
    room = next(each for each in records if isinstance(each, Room) and each.name == RECORDING_ROOM)
    bell = next(each for each in records if isinstance(each, BellPeriod) and each.period == WANTED_PERIOD)
    series, states = {}, {}
    for campus, server in stage.nodes.items():
        with stage.log_in(server, "homeroom_teacher", campus) as teacher:
            told = teacher.json(
                "POST", "/api/v1/bookings",
                {"room_id": room.id, "date": WANTED_DAY.isoformat(), "begin": bell.begin, "end": bell.end,
                 "title": "同课异构公开课", "purpose": "research"},
            )  # fmt: skip
        series[campus], states[campus] = told["series_id"], told["state"]
    return Wanted(series, states)


def outcome(stage: Stage, wanted: Wanted) -> dict[str, tuple[str, str]]:
    """Campus → (state, reason) of its wish, as its own node knows it now."""
    found = {}
    for campus, server in stage.nodes.items():
        with stage.log_in(server, "homeroom_teacher", campus) as teacher:
            [one] = teacher.json("GET", f"/api/v1/bookings/{wanted.series[campus]}")["occurrences"]
        found[campus] = (str(one["state"]), str(one["reason"]))
    return found


def told(found: dict[str, tuple[str, str]], lang: str) -> str:
    """The outcome in one line of words."""
    separator = "；" if lang == "zh" else "; "
    said = []
    for campus, (state, reason) in found.items():
        words = word_of("booking_state", state, lang)
        because = word_of("booking_reason", reason, lang)
        mark = ("（" + because + "）" if lang == "zh" else f" ({because})") if reason != "none" else ""
        said.append((f"{campus} 校区：{words}{mark}") if lang == "zh" else f"campus {campus}: {words}{mark}")
    return separator.join(said)
