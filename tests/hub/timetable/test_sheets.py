"""Timetables in workbooks: the three forms that schools keep, and what is told about a cell that is wrong."""

from __future__ import annotations

from datetime import date

import pytest

from hub.timetable.clashes import clashes_of
from hub.timetable.sheets import class_in, period_in, read_week, weekday_in
from hub.timetable.week import Activity, Week, subject_of, taught_together
from hub.workbook.reading import SheetRow


def sheet(*rows: tuple[object, ...]) -> list[SheetRow]:
    return [SheetRow(number, cells) for number, cells in enumerate(rows, start=1)]


def told(week: Week) -> list[tuple]:
    return [(a.groups, a.weekday, a.period, a.subject, a.teachers, a.room, a.weeks) for a in week.activities]


def test_a_list_has_its_columns_in_any_order() -> None:
    rows = sheet(
        ("教师", "课程", "班级", "节次", "星期", "单双周", "教室"),
        ("王芳", "语文", "三(1)班", "第2节", "周三", "", ""),
        ("李娜、赵敏", "合唱", "三(1)班、三(2)班", 4.0, 5.0, "单周", "音乐室"),
    )
    week, problems = read_week({"课表": rows}, "x.xlsx")
    assert problems == []
    assert told(week) == [
        (("三(1)班",), 3, 2, "语文", ("王芳",), "", "every"),
        (("三(1)班", "三(2)班"), 5, 4, "合唱", ("李娜", "赵敏"), "音乐室", "odd"),
    ]


def test_a_dated_list_without_classes_takes_the_class_from_the_sheets_title() -> None:
    rows = sheet(
        ("日期", "节次", "内容", "老师姓名"), (date(2025, 9, 1), 1.0, "语文", "王芳"), ("2025-09-02", "2", "数学", "")
    )
    week, problems = read_week({"三(1)班课表": rows}, "x")
    assert problems == []
    assert told(week) == [
        (("三(1)班",), 1, 1, "语文", ("王芳",), "", "every"), (("三(1)班",), 2, 2, "数学", (), "", "every"),
    ]  # fmt: skip


def test_a_sheet_a_class_has_weekdays_across_and_periods_down() -> None:
    rows = sheet(
        ("二(1)班课程表", "", "", ""), ("节次", "星期一", "星期二", "星期三"), ("第1节", "语文 王芳", "数学\n赵敏", ""),
        ("大课间", "大课间", "大课间", "大课间"), (2.0, "音乐（李娜）音乐室", "", "语文/王芳"),
    )  # fmt: skip
    week, problems = read_week({"Sheet1": rows}, "x")
    assert problems == []
    assert told(week) == [
        (("二(1)班",), 1, 1, "语文", ("王芳",), "", "every"), (("二(1)班",), 2, 1, "数学", ("赵敏",), "", "every"),
        (("二(1)班",), 1, 2, "音乐", ("李娜",), "音乐室", "every"),
        (("二(1)班",), 3, 2, "语文", ("王芳",), "", "every"),
    ]  # fmt: skip


def test_all_classes_on_one_sheet_have_their_periods_under_the_weekdays() -> None:
    rows = sheet(
        ("总课表", "", "", "", ""), ("班级", "周一", "", "周二", ""), ("", 1.0, 2.0, 1.0, 2.0),
        ("一(1)班", "语文 王芳", "数学", "", "体育"), ("一(2)班", "数学", "", "", ""),
    )  # fmt: skip
    week, problems = read_week({"总课表": rows}, "x")
    assert problems == []
    assert [(t[0][0], *t[1:4]) for t in told(week)] == [
        ("一(1)班", 1, 1, "语文"), ("一(1)班", 1, 2, "数学"), ("一(1)班", 2, 2, "体育"), ("一(2)班", 1, 1, "数学"),
    ]  # fmt: skip


def test_all_wrong_cells_are_told_at_once_with_their_places() -> None:
    rows = sheet(
        ("班级", "星期", "节次", "课程"), ("三(1)班", "周八", "99", ""), ("", "周一", "1", "语文"),
        ("三(1)班", "周一", "1", "语文"),
    )  # fmt: skip
    week, problems = read_week({"课表": rows}, "x")
    assert [(p.data["cell"], p.reason) for p in problems] == [
        ("B2", "not_weekday"), ("C2", "not_period"), ("D2", "missing"), ("A3", "no_class_named"),
    ]  # fmt: skip
    assert len(week.activities) == 1


def test_a_grid_without_a_class_or_without_a_period_says_so() -> None:
    grid = sheet(("", "周一", "周二"), ("?", "语文", "数学"))
    assert [p.reason for p in read_week({"Sheet1": grid}, "x")[1]] == ["no_class_named"]
    assert [p.reason for p in read_week({"三(1)班": grid}, "x")[1]] == ["not_period"]
    assert [p.reason for p in read_week({"x": sheet(("a", "b"))}, "x")[1]] == ["timetable_sheet"]
    assert [p.reason for p in read_week({}, "x")[1]] == ["timetable_sheet"]


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (3.0, 3),
        ("第 3 节", 3),
        ("三", 3),
        ("3节课", 3),
        (2.5, None),
        (21.0, None),
        ("早读", None),
        (True, None),
        ("", None),
    ],
)
def test_a_period_is_a_number_however_it_is_written(cell, number) -> None:
    assert period_in(cell) == number


@pytest.mark.parametrize(
    ("cell", "day"), [("周一", 1), ("星期天", 7), ("FRI", 5), (date(2025, 9, 3), 3), ("3", None), ("", None)]
)
def test_a_weekday_is_known_by_its_names_or_its_date(cell, day) -> None:
    assert weekday_in(cell) == day


@pytest.mark.parametrize(
    ("title", "name"), [("三(1)班课程表", "三(1)班"), ("Sheet1", ""), ("工作表 2", ""), ("5C timetable", "5C")]
)
def test_a_class_is_named_by_its_sheet(title, name) -> None:
    assert class_in(title) == name


@pytest.mark.parametrize(
    ("words", "subject"),
    [("语文", ("chinese", "")), ("Maths", ("maths", "")), ("道法", ("morals", "")), ("朗读", ("other", "朗读")),
     ("a/b", ("other", "a／b")), ("other", ("other", "other"))],
)  # fmt: skip
def test_a_subject_is_found_by_its_word_else_kept_as_a_title(words, subject) -> None:
    assert subject_of(words) == subject


def test_classes_taught_together_are_one_lesson_and_no_clash() -> None:
    def one(label: str, group: str, subject: str = "体育") -> Activity:
        return Activity(label, (group,), ("王芳",), subject, 1, 1, 1, room="操场")

    week = Week("x", (one("1", "A"), one("2", "B"), one("3", "C", "音乐")))
    assert {(c.kind, c.first.label, c.second.label) for c in clashes_of(week.activities)} == {
        (kind, a, b) for kind in ("teacher", "room") for a, b in (("1", "2"), ("1", "3"), ("2", "3"))
    }
    joint = taught_together(week)
    assert [a.joint != "" for a in joint.activities] == [True, True, False]
    assert len(clashes_of(joint.activities)) == 4
