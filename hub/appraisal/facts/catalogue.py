"""The catalogue of facts: name, unit, meaning, source, and what it means when there is no row."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FactKind:
    """One fact. when_absent: missing (not known), none (did not happen), substitute (the scheme says what)."""

    code: str
    zh: str
    en: str
    unit_zh: str
    unit_en: str
    meaning: str
    source: str
    when_absent: str


FACTS: tuple[FactKind, ...] = (
    FactKind("staff_day", "考勤日", "staff day", "天", "day",
             "某人某日在某校区的出勤、迟到早退分钟、缺课节数、请假", "staff_day", "missing"),
    FactKind("school_day", "上课日", "school day", "天", "day",
             "编制所在校区校历上的上课日、调休上课日、考试日；没有考勤行的算缺", "calendar_day", "none"),
    FactKind("ethics", "师德事项", "ethics event", "分", "points",
             "登记的扣分，或一票否决；只存在教联体主机上", "ethics_event", "none"),
    FactKind("weekly_lessons", "周课时", "weekly lessons", "节/周", "lessons a week",
             "学期周均课时，不含走教与复式班；有课表的校区由已结课的课务得出，合班同一时间计一节",
             "lesson_day, evidence", "missing"),
    FactKind("weekly_lessons_itinerant", "走教周课时", "itinerant weekly lessons", "节/周", "lessons a week",
             "其中到另一校区（当日编制所在以外）上的，与上一项不重复", "lesson_day, evidence", "none"),
    FactKind("weekly_lessons_multigrade", "复式班周课时", "multi-grade weekly lessons", "节/周",
             "lessons a week", "其中复式班（合班而级别不同）的，与上两项不重复", "lesson_day, evidence", "none"),
    FactKind("cover", "代课节数", "covers", "节", "lessons", "考核期内代课的总节数；代上的不再算本人课时",
             "lesson_day, evidence", "none"),
    FactKind("trip", "走教天数", "trips", "天", "days", "在编制所在以外的校区上课的天数，每校区每天计一次",
             "lesson_day", "none"),
    FactKind("post", "任职分", "post points", "分", "points", "按任职分表", "evidence", "none"),
    FactKind("inspection_round", "教学常规检查", "inspection round", "分（百分制）", "points of 100",
             "一次检查的得分", "evidence", "missing"),
    FactKind("observed_lessons", "听课节数", "observed lessons", "节", "lessons", "考核期内听课节数",
             "evidence", "missing"),
    FactKind("research_missed", "教研缺席", "research activities missed", "次", "times", "缺席次数",
             "evidence", "none"),
    FactKind("result_growth", "教学成绩", "teaching results", "分（0–30）", "points of 30",
             "一个班级收缩后的进步折成的分", "evidence", "substitute"),
    FactKind("line_task", "各口任务奖惩", "line task", "分", "points", "可正可负", "evidence", "none"),
    FactKind("homeroom_line", "班主任工作考核", "homeroom work", "分（0–10）", "points of 10",
             "一次班级检查的得分", "evidence", "missing"),
    FactKind("assigned_work", "分管工作考核", "assigned work", "分（0–10）", "points of 10", "一次考核的得分",
             "evidence", "missing"),
    FactKind("campus_item", "校区临时奖惩", "campus item", "分", "points", "可正可负", "evidence", "none"),
)  # fmt: skip
