"""Who gets a room: the rule of C8 over small tables of cases, and what else is free."""

import random

import pytest

from shared.bookings.rules import (
    Answer,
    Busy,
    Request,
    RoomFacts,
    Slot,
    alternatives,
    answer,
    dates_of,
    in_the_way,
    overlap,
    priority_class,
    windows,
)
from shared.records import CalendarDay

LAB, HALL = "A-1-x", "A-2-x"
DAY, NEXT = "2026-10-14", "2026-10-15"
BELLS = [("08:20", "09:00"), ("09:10", "09:50"), ("10:20", "11:00"), ("11:10", "11:50")]


def asks(
    series: str, begin: str = "10:20", end: str = "11:00", *, purpose: str = "other", stamp: int = 0, room: str = LAB,
    day: str = DAY,
) -> Request:  # fmt: skip
    return Request(series, 1, Slot(room, day, begin, end), purpose, stamp)


def there(
    begin: str = "10:20", end: str = "11:00", *, state: str = "confirmed", key: str = "A-9-x/1", room: str = LAB,
    day: str = DAY,
) -> Busy:  # fmt: skip
    kind = "lesson" if state == "lesson" else "booking"
    return Busy(room, day, begin, end, kind, key, "A-2-x", state, "某事")


@pytest.mark.parametrize(
    ("begin", "end", "shares"),
    [
        ("08:00", "09:00", False),
        ("08:00", "09:01", True),
        ("09:30", "09:40", True),
        ("10:00", "11:00", False),
        ("09:59", "11:00", True),
        ("08:00", "11:00", True),
    ],
)
def test_half_open_spans_that_only_touch_do_not_overlap(begin, end, shares):
    assert overlap(begin, end, "09:00", "10:00") is shares
    assert overlap("09:00", "10:00", begin, end) is shares


@pytest.mark.parametrize(
    ("case", "requests", "taken", "closed", "expected"),
    [
        ("a free room is given", [asks("A-1")], [], (), {"A-1": ("confirmed", "none")}),
        ("a lesson stays", [asks("A-1")], [there(state="lesson")], (), {"A-1": ("rejected", "lesson")}),
        ("a confirmed booking stays", [asks("A-1", purpose="teaching")], [there()], (),
         {"A-1": ("rejected", "booked")}),
        ("a lesson is named before a booking", [asks("A-1")], [there(), there(state="lesson", key="A-2-x/d/3")], (),
         {"A-1": ("rejected", "lesson")}),
        ("what only touches is no obstacle", [asks("A-1")], [there("09:10", "10:20"), there("11:00", "12:00")], (),
         {"A-1": ("confirmed", "none")}),
        ("what is only requested is no obstacle", [asks("A-1")], [there(state="requested")], (),
         {"A-1": ("confirmed", "none")}),
        ("another room's lesson is no obstacle", [asks("A-1")], [there(state="lesson", room=HALL)], (),
         {"A-1": ("confirmed", "none")}),
        ("another day's lesson is no obstacle", [asks("A-1")], [there(state="lesson", day=NEXT)], (),
         {"A-1": ("confirmed", "none")}),
        ("a closed room is not given", [asks("A-1")], [], [(LAB, DAY)], {"A-1": ("rejected", "closed")}),
        ("the more urgent purpose wins, whoever was first",
         [asks("A-1", purpose="meeting", stamp=1), asks("A-2", purpose="exam", stamp=9)], [], (),
         {"A-1": ("rejected", "priority"), "A-2": ("confirmed", "none")}),
        ("of one purpose the earlier stamp wins",
         [asks("A-1", stamp=9), asks("A-2", stamp=1)], [], (),
         {"A-1": ("rejected", "earlier"), "A-2": ("confirmed", "none")}),
        ("of one stamp the smaller id wins", [asks("A-2"), asks("A-1")], [], (),
         {"A-1": ("confirmed", "none"), "A-2": ("rejected", "earlier")}),
        ("who is refused takes nobody's place",
         [asks("A-1", "10:00", "10:30", stamp=1), asks("A-2", "10:20", "11:00", stamp=2),
          asks("A-3", "10:40", "11:20", stamp=3)], [], (),
         {"A-1": ("confirmed", "none"), "A-2": ("rejected", "earlier"), "A-3": ("confirmed", "none")}),
        ("two rooms are two questions", [asks("A-1"), asks("A-2", room=HALL)], [], (),
         {"A-1": ("confirmed", "none"), "A-2": ("confirmed", "none")}),
    ],
)  # fmt: skip
def test_the_rule_answers_every_case(case, requests, taken, closed, expected):
    """C8: priority class, effective stamp, id; nothing confirmed is bumped."""
    said = answer(requests, taken, closed=closed)
    assert {each.series_id: (each.state, each.reason) for each in said} == expected, case


def test_purposes_rank_in_the_order_of_their_list_and_an_unknown_one_last():
    assert priority_class("teaching") < priority_class("exam") < priority_class("research") < priority_class("other")
    assert priority_class("something newer") > priority_class("other")


@pytest.mark.parametrize("seed", range(40))
def test_any_order_of_the_same_requests_gives_the_same_answers_without_a_clash(seed):
    """C8, C3: the answers are a function of the set of requests. Seeded."""
    chance = random.Random(seed)
    requests = [
        asks(
            f"A-{i}", f"{h:02}:00", f"{h + chance.randint(1, 3):02}:00", purpose=chance.choice(["teaching", "meeting"]),
            stamp=chance.randint(1, 4), room=chance.choice([LAB, HALL]),
        )
        for i in range(30)
        for h in [chance.randint(8, 15)]
    ]  # fmt: skip
    taken = [there("09:00", "10:00"), there("12:00", "13:00", state="lesson", key="g/d/1", room=HALL)]
    first = answer(requests, taken)
    chance.shuffle(requests)
    taken.reverse()
    assert answer(requests, taken) == first
    assert len(first) == 30
    given = [r for r in requests if Answer(r.series_id, 1, "confirmed", "none") in first]
    assert given
    for one in given:
        assert not in_the_way(one.slot, taken)
        for other in given:
            if other is not one and other.slot.room_id == one.slot.room_id:
                assert not overlap(one.slot.begin, one.slot.end, other.slot.begin, other.slot.end)


def test_an_answer_names_what_stands_there():
    assert answer([asks("A-1")], [there(state="lesson", key="A-21-x/2026-10-14/3")])[0].because == "A-21-x/2026-10-14/3"


def test_a_wish_over_two_periods_is_offered_two_periods():
    assert windows(Slot(LAB, DAY, "08:20", "09:50"), BELLS) == [
        ("08:20", "09:50"), ("09:10", "11:00"), ("10:20", "11:50"),
    ]  # fmt: skip
    assert windows(Slot(LAB, DAY, "16:00", "17:00"), BELLS) == BELLS
    assert windows(Slot(LAB, DAY, "08:00", "12:00"), [("08:20", "09:00")]) == [("08:20", "09:00")]


ROOMS = [
    RoomFacts(LAB, "science_lab", 48), RoomFacts("A-3-x", "science_lab", 20), RoomFacts("A-4-x", "science_lab", 60),
    RoomFacts(HALL, "hall", 300),
]  # fmt: skip


def offered(kind: str, **more: object) -> list[tuple[str, str, str]]:
    bells = {DAY: BELLS, NEXT: BELLS, "2026-10-16": BELLS}
    busy = more.pop("busy", [there()])
    found = alternatives(Slot(LAB, DAY, "10:20", "11:00"), busy, ROOMS, bells, **more)  # type: ignore[arg-type]
    return [(each.slot.room_id, each.slot.date, each.slot.begin) for each in found if each.kind == kind]


def test_alternatives_are_other_times_nearest_first_then_other_days_then_like_rooms():
    assert offered("other_time") == [(LAB, DAY, "11:10"), (LAB, DAY, "09:10"), (LAB, DAY, "08:20")]
    assert offered("other_day") == [(LAB, NEXT, "10:20"), (LAB, "2026-10-16", "10:20")]
    assert offered("other_room") == [("A-3-x", DAY, "10:20"), ("A-4-x", DAY, "10:20")]


def test_only_rooms_with_enough_seats_are_offered():
    assert offered("other_room", seats=45) == [("A-4-x", DAY, "10:20")]


def test_nothing_taken_requested_closed_or_past_is_offered():
    busy = [there(), there(state="requested", day=NEXT), there("11:10", "11:50", state="lesson", key="g/d/4")]
    assert offered("other_day", busy=busy) == [(LAB, "2026-10-16", "10:20")]
    assert offered("other_time", busy=busy, now=(DAY, "09:00")) == [(LAB, DAY, "09:10")]
    assert offered("other_day", closed={(LAB, NEXT)}) == [(LAB, "2026-10-16", "10:20")]


def days(**kinds: str) -> dict[str, CalendarDay]:
    return {
        day: CalendarDay(campus="A", date=day, kind=kind, follows_weekday=1, note="国庆节" if kind == "holiday" else "")
        for day, kind in ((name.replace("_", "-")[1:], kind) for name, kind in kinds.items())
    }


def test_a_series_skips_holidays_by_name_and_takes_make_up_days_by_their_date():
    """GibbonEdu: "does not include non-school days"; mrbs-code#464: what was skipped is named."""
    calendar = days(
        d2026_09_26="weekend", d2026_10_03="holiday", d2026_10_10="make_up", d2026_10_17="school_day"
    )
    found = dates_of("2026-09-26", "weekly", "2026-10-24", calendar)
    assert found.held == ((3, "2026-10-10"), (4, "2026-10-17"))
    assert [(each.number, each.date, each.day_kind, each.note) for each in found.skipped] == [
        (1, "2026-09-26", "weekend", ""), (2, "2026-10-03", "holiday", "国庆节"), (5, "2026-10-24", "", ""),
    ]  # fmt: skip


def test_every_other_week_and_once():
    calendar = days(d2026_10_05="school_day", d2026_10_12="school_day", d2026_10_19="school_day")
    assert dates_of("2026-10-05", "fortnightly", "2026-10-19", calendar).held == ((1, "2026-10-05"), (2, "2026-10-19"))
    assert dates_of("2026-10-04", "once", None, {}).held == ((1, "2026-10-04"),)


def test_a_series_has_an_end_even_if_nobody_says_one():
    found = dates_of("2026-10-05", "weekly", "2099-01-01", {}, most=7)
    assert len(found.skipped) == 7
