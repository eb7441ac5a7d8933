"""Taking, saving again, correcting: through the pages, on a real file."""

import json
import re
import threading

import pytest

from node.attendance import views
from shared.web.history import views as history
from tests.node.school import (
    BURSAR,
    CLASS,
    CLERK,
    DORM,
    DORM_KEEPER,
    FOREIGN_CLASS,
    GUEST,
    HEAD,
    HOMEROOM,
    MAKE_UP_SUNDAY,
    MONDAY,
    OTHER_CLASS,
    SUNDAY,
    TEACHER,
    open_school,
    pupil_id,
)

P1, P2, P3 = pupil_id(1), pupil_id(2), pupil_id(3)
URL = f"/registers/{CLASS}/{MONDAY}/am"
EXCEPTIONS = "SELECT person_id, source, mark, minutes FROM register_exception ORDER BY 1, 2"


@pytest.fixture
def school(tmp_path):
    return open_school(tmp_path, [views.blueprint(), history.blueprint()], views.ROUTES | history.ROUTES)


class Phone:
    """A browser with one register page open: sends what its form holds."""

    def __init__(self, school, person, url=URL):
        self.client, self.csrf = school.log_in(person)
        self.url = url
        self.open()

    def open(self):
        self.page = self.client.get(self.url).text
        found = re.search(r'name="token" value="([^"]*)"', self.page)
        self.token = found.group(1).replace("&#34;", '"') if found else ""
        self.source = (re.search(r'data-source="(\w*)"', self.page) or [""])[1] if found else ""
        self.marks = {}
        for person, options in re.findall(r'name="mark-([^"]+)"[^>]*>(.*?)</select>', self.page):
            self.marks[person] = re.findall(r'value="(\w+)" selected', options)[0]
        return self

    def send(self, marks=None, *, touched=(), source=None, **more):
        shown = {**self.marks, **(marks or {})}
        form = {f"mark-{person}": mark for person, mark in shown.items()}
        form |= {f"minutes-{person}": "8" for person, mark in shown.items() if mark == "late"}
        form |= {"csrf_token": self.csrf, "source": source or self.source, "token": self.token}
        form |= {"touched": ",".join(touched), **more}
        return self.client.post(self.url, data=form, headers={"Accept": "application/json"})


def changesets(school):
    return school.rows("SELECT count(*) FROM _changeset")[0][0]


def test_a_register_opens_with_everyone_present_and_not_taken(school):
    phone = Phone(school, HOMEROOM)
    assert len(phone.marks) == 8 and set(phone.marks.values()) == {"present"}
    assert "尚未点名" in phone.page and "已点名" not in phone.page
    assert school.rows("SELECT count(*) FROM register") == [(0,)]


def test_only_exceptions_become_rows(school):
    """DESIGN §2: header and exceptions only, never a row per present pupil."""
    answer = Phone(school, HOMEROOM).send({P1: "late", P2: "absent"})
    assert answer.json["counts"] == {"present": 6, "late": 1, "absent": 1}
    assert school.rows(EXCEPTIONS) == [(P1, "teacher", "late", 8), (P2, "teacher", "absent", 0)]
    header = school.rows("SELECT taken_by, roster_size, length(roster_digest) FROM register")
    assert header == [(HOMEROOM, 8, 16)]
    assert answer.json["state"] == "pending"


def test_one_save_is_one_changeset_and_the_same_save_again_is_none(school):
    """A phone sends again whenever a reply was lost: nothing is repeated."""
    phone = Phone(school, HOMEROOM)
    before = changesets(school)
    assert phone.send({P1: "late"}).json["changed"] is True
    assert phone.send({P1: "late"}).json["changed"] is False
    assert changesets(school) == before + 1


def test_a_second_save_after_a_lost_reply_says_all_it_means(school):
    """The first save arrived, its reply did not; meanwhile the teacher took the mark back."""
    phone = Phone(school, HOMEROOM)
    phone.send({P1: "absent", P2: "late"})
    assert phone.send({P2: "absent"}, touched=[P1, P2]).status_code == 200
    assert school.rows(EXCEPTIONS) == [(P2, "teacher", "absent", 0)]
    assert school.rows("SELECT count(*) FROM _head WHERE t = 'register_exception' AND k LIKE ?", f"%{P2}%") == [(0,)]


def test_saving_again_removes_what_no_longer_applies(school):
    Phone(school, HOMEROOM).send({P1: "absent", P2: "late"})
    assert Phone(school, HOMEROOM).send({P1: "present"}).json["counts"] == {"present": 7, "late": 1}
    assert school.rows(EXCEPTIONS) == [(P2, "teacher", "late", 8)]


def test_an_office_correction_stands_beside_the_mark(school):
    Phone(school, HOMEROOM).send({P1: "absent", P2: "late"})
    office = Phone(school, CLERK)
    assert office.source == "office" and office.marks[P1] == "absent"
    answer = office.send({P1: "sick_leave", P2: "present"})
    assert answer.json["counts"] == {"present": 7, "sick_leave": 1}
    assert school.rows(EXCEPTIONS) == [
        (P1, "office", "sick_leave", 0),
        (P1, "teacher", "absent", 0),
        (P2, "office", "present", 0),
        (P2, "teacher", "late", 8),
    ]
    page = Phone(school, HOMEROOM).page
    assert "更正：病假" in page and "以此为准" in page


def test_taking_a_correction_back_leaves_the_teachers_mark(school):
    Phone(school, HOMEROOM).send({P1: "absent"})
    Phone(school, CLERK).send({P1: "sick_leave"})
    Phone(school, CLERK).send({P1: "absent"})
    assert school.rows(EXCEPTIONS) == [(P1, "teacher", "absent", 0)]


def test_the_clerk_takes_from_paper_what_nobody_took(school):
    clerk = Phone(school, CLERK)
    assert clerk.source == "teacher"
    clerk.send({P1: "absent"})
    assert school.rows(EXCEPTIONS) == [(P1, "teacher", "absent", 0)]
    assert Phone(school, CLERK).source == "teacher"


def test_two_teachers_who_mark_different_pupils_lose_nothing(school):
    first, second = Phone(school, HOMEROOM), Phone(school, TEACHER)
    first.send({P1: "absent"})
    answer = second.send({P2: "absent"})
    assert answer.status_code == 200 and set(answer.json["marks"]) == {P1, P2}
    assert [row[0] for row in school.rows(EXCEPTIONS)] == [P1, P2]


def test_two_teachers_who_mark_one_pupil_differently_are_both_kept(school):
    """C2: the second page showed no mark, so neither names the other: both are heads, and a person decides."""
    first, second = Phone(school, HOMEROOM), Phone(school, TEACHER)
    first.send({P1: "absent"})
    answer = second.send({P1: "late", P2: "absent"})
    assert answer.status_code == 200
    assert [row[0] for row in school.rows(EXCEPTIONS)] == [P1, P2]
    [(key, values)] = school.rows("SELECT k, group_concat(json_extract(value, '$[0]')) FROM _head GROUP BY k")
    assert P1 in key and sorted(values.split(",")) == ["absent", "late"]


def test_a_mark_that_moved_under_the_page_is_kept_beside_ours(school):
    """C2: the save carries the version the page showed; both values are heads and shown at once."""
    Phone(school, HOMEROOM).send({P1: "absent"})
    first, second = Phone(school, HOMEROOM), Phone(school, TEACHER)
    first.send({P1: "sick_leave"})
    second.send({P1: "late"})
    values = {
        json.loads(value)[0] for (value,) in school.rows("SELECT value FROM _head WHERE t = 'register_exception'")
    }
    assert values == {"sick_leave", "late"}


def test_what_a_page_did_not_touch_does_not_undo_anothers_change(school):
    Phone(school, HOMEROOM).send({P1: "absent"})
    first, second = Phone(school, HOMEROOM), Phone(school, TEACHER)
    first.send({P1: "sick_leave"})
    second.send({P2: "late"})
    assert [row[:3] for row in school.rows(EXCEPTIONS)] == [(P1, "teacher", "sick_leave"), (P2, "teacher", "late")]
    assert school.rows("SELECT count(*) FROM _head WHERE t = 'register_exception'") == [(0,)]


@pytest.mark.parametrize(
    ("form", "field", "reason"),
    [
        ({"mark-A-999-00": "late", "minutes-A-999-00": "8"}, "mark-A-999-00", "not_on_roster"),
        ({f"mark-{pupil_id(900)}": "absent"}, f"mark-{pupil_id(900)}", "not_on_roster"),
        ({f"mark-{P1}": "asleep"}, f"mark-{P1}", "unknown_code"),
        ({f"mark-{P1}": "late"}, f"minutes-{P1}", "minutes_missing"),
        ({f"mark-{P1}": "late", f"minutes-{P1}": "five"}, f"minutes-{P1}", "not_integer"),
        ({f"mark-{P1}": "late", f"minutes-{P1}": "601"}, f"minutes-{P1}", "out_of_range"),
        ({f"mark-{P1}": "absent", f"note-{P1}": "x" * 121}, f"note-{P1}", "too_long"),
        ({f"mark-{P1}": "absent", f"note-{P1}": "\0"}, f"note-{P1}", "bad_characters"),
        ({"token": "[1]"}, "token", "not_a_token"),
        ({"token": '{"h":1,"x":{}}'}, "token", "not_a_token"),
        ({"token": '{"h":null,"x":{"A":["t","late"]}}'}, "token", "not_a_token"),
        ({"source": "terminal"}, "source", "unknown_code"),
    ],
)
def test_bad_input_is_refused_by_name_and_leaves_no_half_row(school, form, field, reason):
    client, csrf = school.log_in(HOMEROOM)
    sent = {"csrf_token": csrf, "source": "teacher", f"mark-{P2}": "absent", **form}
    answer = client.post(URL, data=sent, headers={"Accept": "application/json"})
    assert answer.status_code == 422
    assert (field, reason) in [(p["field"], p["reason"]) for p in answer.json["error"]["problems"]]
    assert school.rows("SELECT count(*) FROM register") == school.rows(f"SELECT count(*) FROM ({EXCEPTIONS})") == [(0,)]


@pytest.mark.parametrize(
    ("group", "day", "session", "status", "code"),
    [
        (CLASS, SUNDAY, "am", 422, "not_a_school_day"),
        (CLASS, "2025-09-16", "am", 422, "future_date"),
        (CLASS, "2025-13-45", "am", 422, "not_date"),
        (CLASS, "2024-09-16", "am", 422, "group_not_there_then"),
        (CLASS, MONDAY, "night", 422, "unknown_session"),
        (DORM, MONDAY, "am", 422, "unknown_session"),
        (FOREIGN_CLASS, MONDAY, "am", 403, "group_of_another_campus"),
        ("A-77-00", MONDAY, "am", 404, "group_not_found"),
    ],
)
def test_a_register_that_cannot_be_is_refused(school, group, day, session, status, code):
    client, csrf = school.log_in(HOMEROOM)
    url = f"/registers/{group}/{day}/{session}"
    sent = {"csrf_token": csrf, "source": "teacher"}
    for answer in (
        client.post(url, data=sent, headers={"Accept": "application/json"}),
        client.get(url, headers={"Accept": "application/json"}),
    ):
        error = answer.json["error"]
        assert answer.status_code == status
        assert code in [error["code"], *(p["reason"] for p in error["problems"])]


def test_a_make_up_sunday_is_a_school_day(school):
    school.at(f"{MAKE_UP_SUNDAY} 08:05")
    assert Phone(school, HOMEROOM, f"/registers/{CLASS}/{MAKE_UP_SUNDAY}/am").send({P1: "absent"}).status_code == 200


def test_the_dorm_is_checked_on_a_sunday_too_and_by_its_keeper(school):
    school.at(f"{SUNDAY} 21:05")
    keeper = Phone(school, DORM_KEEPER, f"/registers/{DORM}/{SUNDAY}/night")
    assert keeper.send({P1: "absent"}).status_code == 200
    school.at(f"{MONDAY} 08:05")
    page = Phone(school, DORM_KEEPER).page
    assert "<select" not in page


def test_the_roster_is_that_of_the_date(school):
    """Half-open spans: who joins on the 16th is not on Monday's register."""
    assert pupil_id(900) not in Phone(school, HOMEROOM).marks
    school.at("2025-09-16 08:05")
    assert pupil_id(900) in Phone(school, HOMEROOM, f"/registers/{CLASS}/2025-09-16/am").marks


@pytest.mark.parametrize(
    ("person", "moment", "code"),
    [
        (TEACHER, f"{MONDAY} 11:41", "session_over"),
        (HOMEROOM, f"{MONDAY} 23:00", None),
        (HOMEROOM, "2025-09-18 10:00", None),
        (HOMEROOM, "2025-09-19 10:00", "too_late_to_correct"),
        (DORM_KEEPER, f"{MONDAY} 08:10", "not_your_register"),
    ],
)
def test_after_the_session_only_the_homeroom_saves_again(school, person, moment, code):
    """RECORDS, roles × actions: homeroom three days, then the office."""
    Phone(school, CLERK).send({P1: "absent"})
    school.at(moment)
    answer = Phone(school, person).send({f"{P1}": "late"}, source="teacher")
    assert answer.status_code == (403 if code else 200)
    assert code is None or answer.json["error"]["code"] == code


def test_the_office_corrects_until_the_month_is_closed(school):
    Phone(school, HOMEROOM).send({P1: "absent"})
    school.at("2025-10-09 10:00")
    assert Phone(school, HEAD).send({P1: "sick_leave"}).status_code == 200
    school.at("2025-10-10 10:00")
    answer = Phone(school, HEAD).send({P1: "late"}, source="office")
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "month_closed")


def test_who_has_no_business_with_registers_sees_none(school):
    client, _csrf = school.log_in(BURSAR)
    assert client.get(URL).status_code == 403
    assert school.app.test_client().get(URL).status_code == 302


def test_a_role_at_another_campus_opens_no_register_here(school):
    client, csrf = school.log_in(GUEST)
    assert [client.get(url).status_code for url in (URL, "/registers")] == [403, 403]
    assert client.post(URL, data={"csrf_token": csrf, "source": "teacher"}).status_code == 403


def test_a_form_without_script_is_answered_with_a_page(school):
    client, csrf = school.log_in(HOMEROOM)
    form = {
        "csrf_token": csrf,
        "source": "teacher",
        f"mark-{P1}": "late",
        f"minutes-{P1}": "12",
        f"mark-{P2}": "present",
    }
    answer = client.post(URL, data=form, follow_redirects=True)
    assert answer.status_code == 200 and "已保存" in answer.text and "已点名" in answer.text
    wrong = client.post(URL, data={**form, f"minutes-{P1}": "", f"mark-{P2}": "sick_leave"})
    # What was typed is still there beside the problem.
    assert wrong.status_code == 422 and 'value="sick_leave" selected' in wrong.text


def test_a_forged_form_is_refused(school):
    client, _csrf = school.log_in(HOMEROOM)
    assert client.post(URL, data={"source": "teacher"}).status_code == 400
    assert school.rows("SELECT count(*) FROM register") == [(0,)]


def test_the_last_five_sessions_are_shown_oldest_first(school):
    for day, mark in (("2025-09-10", "absent"), ("2025-09-12", "late")):
        school.at(f"{day} 08:05")
        Phone(school, HOMEROOM, f"/registers/{CLASS}/{day}/am").send({P1: mark})
    school.at(f"{MONDAY} 08:05")
    row = re.findall(rf'<li[^>]*data-person="{P1}".*?</li>', Phone(school, HOMEROOM).page, re.S)[0]
    # 8, 9, 10, 11, 12 September: not taken, not taken, absent, not taken, late.
    assert re.findall(r'<i class="(\w*)">', row) == ["n", "n", "a", "n", "l"]


def test_the_days_list_tells_taken_from_not_yet_taken(school):
    Phone(school, HOMEROOM).send({P1: "absent", P2: "late"})
    client, _csrf = school.log_in(TEACHER)
    page = client.get("/registers").text
    assert page.count("✓") == 1 and "例外 2" in page and page.count("尚未点名") >= 4
    assert "不是本校区的上课日" in client.get(f"/registers?date={SUNDAY}").text


def test_a_register_says_when_its_roster_has_moved(school):
    client, csrf = school.log_in(HOMEROOM)
    client.post(URL, data={"csrf_token": csrf, "source": "teacher", f"mark-{P1}": "present"})
    assert school.rows("SELECT roster_size FROM register") == [(1,)]
    assert "点名后名单有变" in client.get(URL).text


def test_twelve_teachers_saving_at_once_all_succeed(school):
    phones = [
        Phone(school, HOMEROOM if n % 2 else TEACHER, f"/registers/{OTHER_CLASS if n % 3 else CLASS}/{MONDAY}/am")
        for n in range(12)
    ]
    answers = []
    threads = [threading.Thread(target=lambda p=p: answers.append(p.send().status_code)) for p in phones]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 12
    assert school.rows("SELECT count(*) FROM register") == [(2,)]
