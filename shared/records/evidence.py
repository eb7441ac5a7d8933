"""Evidence that has no other source row: the rest is SQL views over the rows of other records."""

from __future__ import annotations

from shared.records.declare import Declaration, coded, day, decimal, record, ref, text

_ANY = frozenset({"hub", "home", "any"})
_GIVERS = (
    "centre_director", "campus_head", "clerk", "middle_leader", "general_principal", "supervision_group",
)


@record(
    Declaration("evidence", "考核事实", "evidence", "con", _ANY, owner="campus", roles=_GIVERS, archive=True)
)
class Evidence:
    """One dated quantity about one person; a correction is a new row that names the old one."""

    id: str = ref("编号", "id", key=True)
    person_id: str = ref("教职工", "person")
    campus: str = ref("校区", "campus")
    date: str = day("日期", "date")
    kind: str = coded("事项", "kind", "evidence_kind")
    quantity: str = decimal("数量", "quantity")
    subject: str | None = coded("学科", "subject", "subject", null=True, default=None)
    note: str = text("说明", "note", high=200, default="")
    entered_by: str = ref("记录人", "entered by", default="")
    replaces_id: str | None = ref("更正", "replaces", null=True, default=None)


@record(
    Declaration(
        "ethics_event", "师德事项", "ethics event", "hub", frozenset({"hub"}),
        roles=("campus_head", "centre_director"), archive=True, private=True,
    )
)
class EthicsEvent:
    """A dated sanction or deduction; it never leaves the hub."""

    id: str = ref("编号", "id", key=True)
    person_id: str = ref("教职工", "person")
    campus: str = ref("校区", "campus")
    date: str = day("日期", "date")
    kind: str = coded("类型", "kind", "ethics_kind")
    points: str = decimal("扣分", "points", default="0")
    note: str = text("事由", "note", high=200, default="")
    entered_by: str = ref("记录人", "entered by", default="")
    replaces_id: str | None = ref("更正", "replaces", null=True, default=None)
