"""Leave: what a member of staff asks for, and what each step of approval says."""

from __future__ import annotations

from shared.records.declare import Declaration, Rule, coded, day, flag, record, ref, text

_ANY = frozenset({"hub", "home", "any"})
_APPROVERS = ("grade_leader", "middle_leader", "campus_head", "general_principal")


@record(
    Declaration(
        "leave_request", "请假", "leave request", "con", _ANY, owner="id", roles=("self:person_id", "clerk"),
        archive=True, private=True,
    )
)
class LeaveRequest:
    """One person's wish to be away, half-open in dates; `end` is the first day of being back."""

    id: str = ref("编号", "id", key=True)
    person_id: str = ref("教职工", "person", key=True)
    kind: str = coded("假别", "kind", "leave_kind", unit="wish")
    begin: str = day("开始", "begin", unit="wish")
    begin_part: str = coded("首日时段", "part of the first day", "day_part", default="full", unit="wish")
    end: str = day("返岗", "back on", unit="wish")
    note: str = text("事由", "note", high=200, default="", unit="wish")
    with_proof: int = flag("有证明", "with proof", default=0)
    filed_by: str = ref("登记人", "filed by", default="")
    withdrawn_at: str = text("撤回时间", "withdrawn at", high=24, default="")


@record(
    Declaration(
        "leave_approval", "请假审批", "leave approval", "con", _ANY, owner="request_id", roles=_APPROVERS,
        rule=Rule.REVIEW, archive=True, private=True,
    )
)
class LeaveApproval:
    """What one step says; the same step answered twice in two ways is put before a person."""

    request_id: str = ref("请假", "request", key=True)
    # In the key, so that "never about oneself" can be judged by the row alone; a false one meets no request.
    person_id: str = ref("教职工", "person", key=True)
    step: str = coded("环节", "step", "approval_step", key=True)
    decision: str = coded("意见", "decision", "approval_decision", unit="decision")
    decided_by: str = ref("审批人", "decided by", unit="decision")
    decided_at: str = text("审批时间", "decided at", high=24, unit="decision")
    note: str = text("说明", "note", high=200, default="", unit="decision")
