"""Code lists: what a coded field may hold, with Chinese and English words.

Lists that can grow are not CHECKs in the database (C12); they are checked where people type.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

Code = tuple[str, str, str]  # code, Chinese, English


def _codes(*rows: Code) -> tuple[Code, ...]:
    return rows


CODE_LISTS: Final = MappingProxyType(
    {
        "mode": _codes(
            ("fused", "融合型", "fused"),
            ("co_built", "共建型", "co-built"),
            ("collaborative", "协作型", "collaborative"),
        ),
        "sex": _codes(("male", "男", "male"), ("female", "女", "female"), ("unknown", "未说明", "not stated")),
        "day_kind": _codes(
            ("school_day", "上课日", "school day"),
            ("make_up", "调休上课", "make-up day"),
            ("exam", "考试日", "exam day"),
            ("weekend", "周末", "weekend"),
            ("holiday", "节假日", "holiday"),
            ("vacation", "寒暑假", "vacation"),
            ("closed", "停课", "closed"),
        ),
        "parity": _codes(("odd", "单周", "odd week"), ("even", "双周", "even week")),
        "staff_category": _codes(
            ("teacher", "教师", "teacher"),
            ("homeroom_teacher", "班主任", "homeroom teacher"),
            ("middle_leader", "中层干部", "middle leader"),
            ("campus_head", "校区负责人", "campus head"),
            ("supply_teacher", "代课教师", "supply teacher"),
            ("support_staff", "教辅人员", "support staff"),
            ("kindergarten_teacher", "幼儿教师", "kindergarten teacher"),
        ),
        "employment_kind": _codes(
            ("established", "在编", "established post"),
            ("special_post", "特岗", "special post"),
            ("secondment", "借调", "secondment"),
            ("support_teaching", "支教", "support teaching"),
            ("supply", "代课", "supply"),
            ("labour_contract", "劳务", "labour contract"),
        ),
        "stage": _codes(("primary", "小学", "primary"), ("kindergarten", "幼儿园", "kindergarten")),
        "group_kind": _codes(
            ("class", "班级", "class"),
            ("dorm_room", "宿舍", "dorm room"),
            ("after_school", "课后服务", "after-school group"),
            ("club", "社团", "club"),
            ("bus", "校车", "bus"),
            ("meeting", "会议", "meeting"),
            ("event", "活动", "event"),
        ),
        "pupil_mark": _codes(
            ("present", "到", "present"),
            ("late", "迟到", "late"),
            ("absent", "未到", "absent"),
            ("sick_leave", "病假", "sick leave"),
            ("personal_leave", "事假", "personal leave"),
            ("official_leave", "公假", "official leave"),
            ("early_leave", "早退", "early leave"),
        ),
        "mark_source": _codes(
            ("teacher", "点名", "register"),
            ("office", "更正", "office correction"),
            ("terminal", "考勤机", "terminal"),
        ),
        "staff_day_status": _codes(
            ("present", "出勤", "present"),
            ("personal_leave", "事假", "personal leave"),
            ("sick_leave", "病假（有证明）", "sick leave with note"),
            ("sick_leave_no_note", "病假（无证明）", "sick leave without note"),
            ("official_leave", "公假", "official leave"),
            ("statutory_leave", "法定假", "statutory leave"),
            ("absent_without_leave", "旷工", "absent without leave"),
        ),
        "day_part": _codes(("full", "全天", "full day"), ("am", "上午", "morning"), ("pm", "下午", "afternoon")),
        "evidence_kind": _codes(
            ("weekly_lessons", "周课时", "weekly lessons"),
            ("weekly_lessons_itinerant", "走教周课时", "itinerant weekly lessons"),
            ("weekly_lessons_multigrade", "复式班周课时", "multi-grade weekly lessons"),
            ("cover", "代课节数", "covers"),
            ("post", "任职分", "post points"),
            ("inspection_round", "教学常规检查", "inspection round"),
            ("observed_lessons", "听课节数", "observed lessons"),
            ("research_missed", "教研缺席", "research activities missed"),
            ("result_growth", "教学成绩", "teaching results"),
            ("line_task", "各口任务奖惩", "line task"),
            ("homeroom_line", "班主任工作考核", "homeroom line work"),
            ("assigned_work", "分管工作考核", "assigned work"),
            ("campus_item", "校区临时奖惩", "campus item"),
        ),
        "room_kind": _codes(
            ("classroom", "普通教室", "classroom"),
            ("science_lab", "科学实验室", "science laboratory"),
            ("music_room", "音乐教室", "music room"),
            ("art_room", "美术教室", "art room"),
            ("computer_room", "计算机教室", "computer room"),
            ("recording_room", "录播教室", "recording room"),
            ("library", "图书阅览室", "library"),
            ("hall", "礼堂", "hall"),
            ("gym", "体育馆", "gym"),
            ("playground", "操场", "playground"),
            ("meeting_room", "会议室", "meeting room"),
            ("other", "其他", "other"),
        ),
        "timetable_status": _codes(("draft", "起草", "draft"), ("published", "已发布", "published")),
        "lesson_weeks": _codes(
            ("every", "每周", "every week"), ("odd", "单周", "odd weeks"), ("even", "双周", "even weeks")
        ),
        "co_teacher_role": _codes(("co_teacher", "同堂", "co-teacher"), ("assistant", "助教", "assistant")),
        "override_kind": _codes(
            ("cancel", "停课", "cancelled"),
            ("cover", "代课", "cover"),
            ("swap", "调课", "swap"),
            ("move", "改时间", "moved"),
            ("room", "换教室", "room change"),
        ),
        "override_reason": _codes(
            ("leave", "请假", "leave"),
            ("official", "公差", "official duty"),
            ("research", "教研", "joint research"),
            ("activity", "活动", "activity"),
            ("room", "场地", "room"),
            ("other", "其他", "other"),
        ),
        "lesson_exception_kind": _codes(
            ("late", "迟到", "late"),
            ("left_early", "早退", "left early"),
            ("empty_class", "空堂", "class without teacher"),
            ("not_held", "未上", "not held"),
        ),
        "leave_kind": _codes(
            ("personal_leave", "事假", "personal leave"),
            ("sick_leave", "病假", "sick leave"),
            ("official_leave", "公假", "official leave"),
            ("marriage_leave", "婚假", "marriage leave"),
            ("maternity_leave", "产假", "maternity leave"),
            ("bereavement_leave", "丧假", "bereavement leave"),
        ),
        "approval_step": _codes(
            ("first", "年级或中层", "grade or middle leader"),
            ("campus", "校区负责人", "campus head"),
            ("consortium", "总校长", "general principal"),
        ),
        "approval_decision": _codes(("approved", "同意", "approved"), ("refused", "不同意", "refused")),
        "booking_purpose": _codes(
            ("teaching", "教学", "teaching"),
            ("exam", "考试", "examination"),
            ("research", "教研", "joint research"),
            ("meeting", "会议", "meeting"),
            ("activity", "活动", "activity"),
            ("other", "其他", "other"),
        ),
        "booking_repeat": _codes(
            ("once", "一次", "once"), ("weekly", "每周", "weekly"), ("fortnightly", "隔周", "every other week")
        ),
        "booking_state": _codes(
            ("requested", "待答复", "awaiting an answer"),
            ("confirmed", "已定", "confirmed"),
            ("rejected", "未获准", "rejected"),
        ),
        "booking_reason": _codes(
            ("none", "无", "none"),
            ("lesson", "课表占用", "a lesson is there"),
            ("booked", "已有预约", "booked already"),
            ("priority", "用途更优先", "a more urgent use"),
            ("earlier", "有人先约", "somebody asked earlier"),
            ("closed", "教室停用", "room not in use"),
            ("office", "校区决定", "decided by the campus"),
        ),
        "card_purpose": _codes(("boarding", "寄宿", "boarding"), ("event", "活动", "event"), ("bus", "校车", "bus")),
        "ethics_kind": _codes(("deduction", "扣分", "deduction"), ("veto", "一票否决", "veto")),
        "scheme_state": _codes(
            ("draft", "起草", "draft"),
            ("trial", "试运行", "trial run"),
            ("revised", "修改", "revised"),
            ("adopted", "教代会通过", "adopted"),
            ("in_force", "施行", "in force"),
            ("archived", "归档", "archived"),
        ),
        "subject": _codes(
            ("chinese", "语文", "Chinese"),
            ("maths", "数学", "mathematics"),
            ("english", "英语", "English"),
            ("science", "科学", "science"),
            ("morals", "道德与法治", "morals and law"),
            ("pe", "体育", "PE"),
            ("music", "音乐", "music"),
            ("art", "美术", "art"),
            ("it", "信息科技", "IT"),
            ("labour", "劳动", "labour"),
            ("other", "其他", "other"),
        ),
    }
)


def codes_of(name: str) -> frozenset[str]:
    """The codes of one list. Raises KeyError for an unknown list."""
    return frozenset(code for code, _, _ in CODE_LISTS[name])


def word_of(name: str, code: str | None, lang: str = "zh") -> str:
    """The word for a code in one language; an unknown code is shown as it is, never hidden."""
    for row in CODE_LISTS[name]:
        if row[0] == code:
            return row[1] if lang.startswith("zh") else row[2]
    return code or ""
