"""The latest actions at the hub: whose campus's office sees and takes back what (precise point 6, C9)."""

from __future__ import annotations

from shared.records import CalendarDay, PersonPrivate
from sync.capture import write
from sync.change import Author
from sync.replica import connect
from tests.hub.small_hub import CLERK, DIRECTOR, HEAD_B, MONDAY, TEACHER, SmallHub, post


def saved(hub: SmallHub, by: str, *records: object) -> str:
    """Records put by somebody in one action; its name."""
    with connect(hub.replica) as db, write(hub.replica, db, Author(by, rank="office")) as w:
        for record in records:
            w.put(record)
    return newest(hub)


def newest(hub: SmallHub) -> str:
    """The last action."""
    sql = "SELECT name || '.' || action FROM _changeset JOIN _origin USING (o) ORDER BY n DESC LIMIT 1"
    return str(hub.rows(sql)[0][0])


def take_back(hub: SmallHub, login: str, action: str) -> int:
    """What the page answers."""
    return int(post(hub.log_in(login), f"/history/{action}", {"reason": "记错了"}).status_code)


def day(campus: str, kind: str) -> CalendarDay:
    """What a Monday is at a campus."""
    return CalendarDay(campus=campus, date=MONDAY, kind=kind)


def test_who_made_it_takes_it_back_in_all_scopes_at_once(hub: SmallHub) -> None:
    """One action in "con" and in both campuses' scopes: three changesets, one undo."""
    records = (day("A", "exam"), *(PersonPrivate(campus=at, person_id=TEACHER, phone="139") for at in ("A", "B")))
    action = saved(hub, CLERK, *records)
    assert hub.rows("SELECT count(*) FROM _changeset WHERE action = ?", action.rsplit(".", 1)[1]) == [(3,)]
    assert take_back(hub, "clerk", action) == 303
    # A clerk of campus A has no say in what B holds: nothing at all went back.
    assert hub.count("calendar_day") == 1 and hub.count("person_private") == 2
    assert take_back(hub, "director", action) == 303
    assert hub.count("calendar_day") == 0 and hub.count("person_private") == 0


def test_what_the_hub_s_office_did_is_seen_by_those_who_are_of_the_office_everywhere(hub: SmallHub) -> None:
    action = saved(hub, CLERK, day("A", "exam"))
    assert "考试日" in hub.log_in("director").get("/history").text
    for login in ("headb", "teacher"):
        client = hub.log_in(login)
        assert "考试日" not in client.get("/history").text and client.get(f"/history/{action}").status_code == 404
        assert take_back(hub, login, action) == 404


def test_an_undo_needs_the_right_to_write_each_row(hub: SmallHub) -> None:
    """Whoever wrote it once may have lost the role since."""
    action = saved(hub, HEAD_B, day("B", "exam"), day("A", "exam"))
    page = hub.log_in("headb").get(f"/history/{action}").text
    assert "您的角色不能做这件事" in page and "整个撤回" not in page
    assert take_back(hub, "headb", action) == 303 and hub.count("calendar_day") == 2


def test_private_fields_are_for_the_roles_that_read_them_and_the_reading_is_listed(hub: SmallHub) -> None:
    action = saved(hub, CLERK, PersonPrivate(campus="A", person_id=TEACHER, phone="13912345678"))
    director = hub.log_in("director")
    assert "13912345678" not in director.get("/history").text
    assert hub.count("_reading") == 0
    assert "13912345678" in director.get(f"/history/{action}").text
    assert hub.rows("SELECT person_id, what, way, rows FROM _reading") == [(DIRECTOR, "person_private", "history", 1)]
    assert "看改动" in hub.log_in("operator").get("/readings").text
