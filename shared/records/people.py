"""Staff: who they are, where they belong from when to when, and how they log in."""

from __future__ import annotations

from shared.records.declare import Declaration, Rule, coded, day, decimal, flag, instant, record, ref, text

_HUB = frozenset({"hub"})
_ANY = frozenset({"hub", "home", "any"})
_OFFICE = ("general_principal", "centre_director", "clerk", "system_operator")


@record(Declaration("person", "教职工", "staff member", "con", _HUB, roles=_OFFICE, archive=True))
class Person:
    """A member of staff; the identity number lives elsewhere, with a narrower scope."""

    id: str = ref("编号", "id", key=True)
    name: str = text("姓名", "name", high=40, rule=Rule.REVIEW)
    sex: str = coded("性别", "sex", "sex", default="unknown")
    staff_number: str = text("工号", "staff number", high=20)
    initials: str = text("首字母", "initials", high=16, default="")
    phone_extension: str = text("办公电话", "office phone", high=20, default="")


@record(
    Declaration(
        "staff_membership", "任职", "staff membership", "con", _HUB, roles=_OFFICE, rule=Rule.REVIEW,
        archive=True,
    )
)
class StaffMembership:
    """A person's place at a campus, half-open in time; several at once are normal."""

    id: str = ref("编号", "id", key=True)
    person_id: str = ref("教职工", "person")
    campus: str = ref("校区", "campus")
    category: str = coded("考核类别", "category", "staff_category")
    employment_kind: str = coded("用工性质", "employment kind", "employment_kind", default="established")
    share: str = decimal("工作量占比", "share", default="1")
    home: int = flag("编制所在", "home campus", default=1)
    legal_person: str = text("法人单位", "legal person", high=60, default="")
    begin: str = day("开始", "begin", unit="span")
    end: str | None = day("结束", "end", null=True, default=None, unit="span")


@record(
    Declaration(
        "account", "账号", "account", "con", _ANY, roles=("system_operator", "clerk", "self:person_id"),
    )
)
class Account:
    """A log-in, known on every node so that an itinerant teacher logs in anywhere."""

    person_id: str = ref("教职工", "person", key=True)
    login: str = text("登录名", "login", high=40)
    password_hash: str = text("口令摘要", "password hash", high=200, default="")
    revoked_at: str | None = instant("停用时间", "revoked at", null=True, default=None, rule=Rule.RANK)
    must_change: int = flag("须改口令", "must change password", default=0)
    password_until: str | None = instant("口令有效至", "password valid until", null=True, default=None)


@record(
    Declaration("account_role", "角色", "role", "con", _HUB, roles=("system_operator", "general_principal"))
)
class AccountRole:
    """One role of one person at one campus (`*` = all campuses); a set, so a child row."""

    person_id: str = ref("教职工", "person", key=True)
    role: str = text("角色", "role", high=40, key=True)
    campus: str = text("校区", "campus", high=4, key=True)
    begin: str = day("开始", "begin")
    end: str | None = day("结束", "end", null=True, default=None)
