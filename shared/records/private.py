"""What is known about people beyond their name, each with the narrowest scope that its purpose allows."""

from __future__ import annotations

from shared.records.declare import Declaration, day, record, ref, text

_HUB = frozenset({"hub"})
_HUB_AND_HOME = frozenset({"hub", "home"})


@record(
    Declaration(
        "person_private", "教职工隐私信息", "staff private data", "campus", _HUB, owner="campus",
        roles=("general_principal", "centre_director", "clerk", "system_operator"), archive=True, private=True,
        erasable=True,
    )
)
class PersonPrivate:
    """Identity number, phone and background check, one copy at each campus of membership."""

    campus: str = ref("校区", "campus", key=True)
    person_id: str = ref("教职工", "person", key=True)
    identity_number: str = text("身份证号", "identity number", high=18, default="")
    phone: str = text("手机", "phone", high=20, default="")
    background_check: str | None = day("入职查询日期", "background check", null=True, default=None)


@record(
    Declaration(
        "pupil_private", "学生隐私信息", "pupil private data", "pupil_id", _HUB_AND_HOME,
        roles=("homeroom_teacher", "clerk", "general_principal", "system_operator"), private=True, erasable=True,
    )
)
class PupilPrivate:
    """Identity, roll number, guardians and health; read by few, and every reading is logged."""

    pupil_id: str = ref("学生", "pupil", key=True)
    identity_number: str = text("身份证号", "identity number", high=18, default="")
    roll_number: str = text("学籍号", "roll number", high=19, default="")
    guardian: str = text("监护人", "guardian", high=40, default="", unit="guardian")
    guardian_phone: str = text("监护人电话", "guardian phone", high=20, default="", unit="guardian")
    second_guardian: str = text("第二联系人", "second contact", high=40, default="", unit="second_guardian")
    second_phone: str = text("第二联系人电话", "second contact's phone", high=20, default="", unit="second_guardian")
    health_note: str = text("健康提示", "health note", high=200, default="")
