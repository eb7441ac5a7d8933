"""Staff days: not recorded is not present; exceptions singly, everyone else by one button."""

import io
from datetime import date, timedelta

import pytest
from python_calamine import CalamineWorkbook

from node.staff import views
from node.staff.listing import months_back
from node.staff.rules import StaffDayLimits, counts, day_refusal, entry_problems, is_exception, proposal
from shared.leave.rules import LeaveLimits, leave_of
from shared.records import LeaveApproval, LeaveRequest, StaffDay
from sync.capture import write
from sync.change import Author
from sync.replica import connect
from tests.node.school import CLERK, HEAD, HOMEROOM, MONDAY, ROLES, SUNDAY, TEACHER, open_school

ROWS = "SELECT person_id, status, late_minutes, entered_by FROM staff_day ORDER BY 1"
DAY = date(2025, 9, 15)


@pytest.fixture
def school(tmp_path):
    return open_school(tmp_path, [views.blueprint()], views.ROUTES)


def send(school, person, path, **form):
    client, csrf = school.log_in(person)
    return client.post(f"/staff-days/{path}", data={"csrf_token": csrf, **form}, follow_redirects=True)


def test_nobody_is_recorded_until_somebody_is_entered(school):
    client, _csrf = school.log_in(CLERK)
    page = client.get("/staff-days").text
    assert "未记录 <b>6</b>" in page and "出勤 <b>0</b>" in page
    assert school.rows(ROWS) == []


def test_one_button_records_everyone_who_has_no_row(school):
    send(school, CLERK, MONDAY, **{f"status-{TEACHER}": "sick_leave"})
    page = send(school, CLERK, f"{MONDAY}/all-present").text
    assert "未记录 <b>0</b>" in page
    found = {person: status for person, status, _late, _by in school.rows(ROWS)}
    assert found == {**dict.fromkeys(ROLES, "present"), TEACHER: "sick_leave"}


def test_one_click_for_all_yields_to_an_entry_about_one(school):
    """C4, rank: the bulk rows carry the rank "derived", a clerk's entry the office's."""
    send(school, CLERK, f"{MONDAY}/all-present")
    send(school, HEAD, MONDAY, **{f"status-{HOMEROOM}": "present", f"late_minutes-{HOMEROOM}": "9"})
    ranks = [row[0] for row in school.rows("SELECT rank FROM _changeset ORDER BY n DESC LIMIT 2")]
    assert ranks == [3, 1]
    assert (HOMEROOM, "present", 9, HEAD) in school.rows(ROWS)


def test_saving_the_same_again_writes_nothing(school):
    form = {f"status-{TEACHER}": "personal_leave", f"part-{TEACHER}": "am", f"note-{TEACHER}": "看病"}
    send(school, CLERK, MONDAY, **form)
    before = school.rows("SELECT count(*) FROM _changeset")
    assert "没有改动" in send(school, HEAD, MONDAY, **form).text
    assert school.rows("SELECT count(*) FROM _changeset") == before
    assert school.rows(ROWS) == [(TEACHER, "personal_leave", 0, CLERK)]


def test_an_entry_that_moved_under_the_page_is_kept_beside_ours(school):
    """C2: the form carries the version it showed."""
    send(school, CLERK, MONDAY, **{f"status-{TEACHER}": "present"})
    client, csrf = school.log_in(HEAD)
    token = client.get("/staff-days").text.split(f'name="token-{TEACHER}" value="')[1].split('"')[0]
    send(school, CLERK, MONDAY, **{f"status-{TEACHER}": "sick_leave"})
    token = token.replace("&#34;", '"')
    client.post(
        f"/staff-days/{MONDAY}",
        data={"csrf_token": csrf, f"status-{TEACHER}": "personal_leave", f"token-{TEACHER}": token},
    )
    assert school.rows("SELECT count(DISTINCT value) FROM _head WHERE t = 'staff_day'") == [(2,)]


def test_a_person_with_two_places_has_a_row_here_and_one_there(school):
    client, _csrf = school.log_in(CLERK)
    assert "也在 西校区" in client.get("/staff-days").text
    send(school, CLERK, f"{MONDAY}/all-present")
    assert school.rows("SELECT DISTINCT campus FROM staff_day WHERE person_id = ?", TEACHER) == [("A",)]


@pytest.mark.parametrize(
    ("day", "form", "reason"),
    [
        (SUNDAY, {f"status-{TEACHER}": "present"}, "不是本校区的上课日"),
        ("2025-09-16", {f"status-{TEACHER}": "present"}, "还没有到这一天"),
        (MONDAY, {"status-A-99-00": "present"}, "不在本校区任职"),
        (MONDAY, {f"status-{TEACHER}": "ill"}, "不在可选项里"),
        (MONDAY, {f"status-{TEACHER}": "present", f"late_minutes-{TEACHER}": "x"}, "不是整数"),
        (MONDAY, {f"status-{TEACHER}": "sick_leave", f"late_minutes-{TEACHER}": "5"}, "全天请假或旷工"),
    ],
)
def test_bad_input_is_refused_with_a_reason_and_nothing_is_written(school, day, form, reason):
    answer = send(school, CLERK, day, **form, **{f"status-{HEAD}": "present"})
    assert answer.status_code == 422 and reason in answer.text
    assert school.rows(ROWS) == []


def test_a_teacher_neither_sees_nor_enters_staff_days(school):
    client, csrf = school.log_in(TEACHER)
    assert client.get("/staff-days").status_code == 403
    assert client.post(f"/staff-days/{MONDAY}", data={"csrf_token": csrf}).status_code == 403


@pytest.mark.parametrize(
    ("kind", "later", "reason"),
    [
        ("school_day", 0, None),
        ("school_day", 24, None),
        ("school_day", 25, "month_closed"),
        ("school_day", -1, "future_date"),
        ("holiday", 0, "not_a_school_day"),
        (None, 0, "day_not_in_calendar"),
    ],
)
def test_for_which_days_something_can_be_entered(kind, later, reason):
    assert day_refusal(kind, DAY, DAY + timedelta(days=later), StaffDayLimits()) == reason


def day_of(status="present", **more):
    return StaffDay(person_id="A-1-00", date=MONDAY, campus="A", status=status, **more)


@pytest.mark.parametrize(
    ("entry", "fields"),
    [
        (day_of(late_minutes=9), []),
        (day_of("sick_leave", part="am", late_minutes=9), []),
        (day_of("sick_leave", late_minutes=9, absent_lessons=1), ["late_minutes", "absent_lessons"]),
        (day_of(part="am"), ["part"]),
    ],
)
def test_minutes_and_halves_go_with_a_day_at_work(entry, fields):
    assert [problem.field.partition("-")[0] for problem in entry_problems(entry)] == fields


def test_counts_keep_not_recorded_apart():
    entries = [None, day_of(), day_of(late_minutes=3), day_of("absent_without_leave")]
    assert counts(entries) == {"present": 1, "noted": 1, "away": 1, "not_recorded": 1}
    assert [is_exception(entry) for entry in entries if entry] == [False, True, True]


def on_leave(kind="sick_leave", **more):
    request = LeaveRequest(id="A-900-00", person_id=TEACHER, kind=kind, begin=MONDAY, end="2025-09-16", **more)
    answer = LeaveApproval(
        request_id="A-900-00", person_id=TEACHER, step="first", decision="approved", decided_by=HEAD,
        decided_at=f"{MONDAY}T00:00:00.000Z",
    )  # fmt: skip
    return request, answer


@pytest.mark.parametrize(
    ("fields", "proposed"),
    [
        ({}, ("sick_leave_no_note", "full")),
        ({"with_proof": 1}, ("sick_leave", "full")),
        ({"begin_part": "pm"}, ("sick_leave_no_note", "pm")),
        ({"kind": "personal_leave"}, ("personal_leave", "full")),
        ({"kind": "maternity_leave"}, ("statutory_leave", "full")),
    ],
)
def test_an_approved_leave_proposes_what_the_day_will_be(fields, proposed):
    request, answer = on_leave(**fields)
    assert proposal(leave_of(request, [answer], (), LeaveLimits()), MONDAY) == proposed
    assert proposal(leave_of(request, [answer], (), LeaveLimits()), "2025-09-16") is None
    assert proposal(leave_of(request, [], (), LeaveLimits()), MONDAY) is None


def test_leave_is_filled_in_and_never_recorded_as_present_by_the_one_button(school):
    with connect(school.replica) as db, write(school.replica, db, Author(HEAD, rank="office")) as w:
        w.insert(*on_leave(with_proof=1))
    client, _csrf = school.log_in(CLERK)
    page = client.get("/staff-days").text
    assert "已准假，按请假填好" in page and "其余 5 人" in page
    send(school, CLERK, f"{MONDAY}/all-present")
    assert (TEACHER,) not in school.rows("SELECT person_id FROM staff_day")
    send(school, CLERK, MONDAY, **{f"status-{TEACHER}": "sick_leave"})
    assert len(school.rows(ROWS)) == 6


def test_the_exceptions_are_a_list_by_month_and_status_with_its_export(school):
    send(school, CLERK, MONDAY, **{f"status-{TEACHER}": "sick_leave", f"note-{TEACHER}": "发烧"})
    send(school, CLERK, MONDAY, **{f"status-{HOMEROOM}": "present", f"late_minutes-{HOMEROOM}": "9"})
    send(school, CLERK, f"{MONDAY}/all-present")
    client, _csrf = school.log_in(CLERK)
    page = client.get("/staff-days/exceptions").text
    assert "共 2 条" in page and "发烧" in page
    assert "共 1 条" in client.get("/staff-days/exceptions?status=sick_leave&month=2025-09").text
    assert "没有符合的记录" in client.get("/staff-days/exceptions?month=2025-08").text
    data = client.get("/staff-days/exceptions.xlsx?status=present").data
    with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
        rows = book.get_sheet_by_index(0).to_python()
    assert len(rows) == 2 and rows[1][1:4] == [MONDAY, "出勤", 9.0]
    assert school.log_in(TEACHER)[0].get("/staff-days/exceptions").status_code == 403


@pytest.mark.parametrize(
    ("today", "months"),
    [
        (date(2026, 1, 31), ["2026-01", "2025-12", "2025-11"]),
        (date(2025, 3, 1), ["2025-03", "2025-02", "2025-01"]),
    ],
)
def test_months_are_counted_back_over_the_year(today, months):
    assert months_back(today, 3) == months
