"""Cards: what a host campus must know of a guest pupil while a dated link lasts, ordered by the pupil's own campus.

A node holds only its own campus, so nobody but the hub can write into the host's scope: the home campus orders,
the hub writes the card and, when the link ends, erases it by law and writes down the proof.
"""

from __future__ import annotations

from shared.records.declare import Declaration, Rule, coded, day, instant, integer, record, ref, text

_HUB = frozenset({"hub"})
_HUB_AND_HOME = frozenset({"hub", "home"})


@record(
    Declaration(
        "card_order", "名片签发", "card order", "id", _HUB_AND_HOME,
        roles=("clerk", "campus_head", "general_principal"), private=True, erasable=True,
    )
)
class CardOrder:
    """That a pupil needs a card at another campus, from when to when; an end or a withdrawal takes it back."""

    id: str = ref("编号", "id", key=True)
    pupil_id: str = ref("学生", "pupil")
    host_campus: str = ref("对方校区", "host campus")
    purpose: str = coded("用途", "purpose", "card_purpose")
    may_collect: str = text("可接人", "may collect", high=80, default="")
    begin: str = day("开始", "begin", unit="span")
    end: str | None = day("结束", "end", null=True, default=None, unit="span")
    ordered_by: str = ref("签发人", "ordered by")
    ordered_at: str = instant("签发时间", "ordered at")
    withdrawn_by: str = ref("撤回人", "withdrawn by", default="", unit="withdrawal")
    withdrawn_at: str | None = instant("撤回时间", "withdrawn at", null=True, default=None, unit="withdrawal")
    reason: str = text("撤回原因", "reason", high=120, default="", unit="withdrawal")


@record(
    Declaration(
        "card_delivery", "名片送达", "card delivery", "order_id", _HUB, roles=("system_operator",), archive=True
    )
)
class CardDelivery:
    """What the hub did with an order: when the card was written, when it was erased, and the proof of that.

    hub_seq and proof: the entry of the hub's log that erased the card, and the log's hash there.
    """

    order_id: str = ref("名片签发", "card order", key=True)
    sent_at: str = instant("送出时间", "sent at")
    erased_at: str | None = instant("删除时间", "erased at", null=True, default=None, unit="erased")
    hub_seq: int | None = integer("中心序号", "hub sequence", 0, 2**53, null=True, default=None, unit="erased")
    proof: str = text("凭据", "proof", high=64, default="", unit="erased")


@record(
    Declaration(
        "guest_card", "来访学生名片", "guest card", "host_campus", _HUB, roles=("system_operator",),
        rule=Rule.AUTHORITY, private=True, erasable=True,
    )
)
class GuestCard:
    """A guest pupil's card at the host campus: only the fields that its purpose needs.

    Keyed by the order, not by the pupil: an erased key is dead for ever, and a boarder comes back next year.
    """

    host_campus: str = ref("所在校区", "host campus", key=True)
    order_id: str = ref("名片签发", "card order", key=True)
    pupil_id: str = ref("学生", "pupil")
    purpose: str = coded("用途", "purpose", "card_purpose")
    name: str = text("姓名", "name", high=40)
    class_name: str = text("班级", "class", high=40, default="")
    guardian: str = text("监护人", "guardian", high=40, default="", unit="guardian")
    guardian_phone: str = text("监护人电话", "guardian phone", high=20, default="", unit="guardian")
    may_collect: str = text("可接人", "may collect", high=80, default="")
    health_warning: str = text("健康提示", "health warning", high=200, default="")
    begin: str = day("开始", "begin", unit="span")
    end: str | None = day("结束", "end", null=True, default=None, unit="span")
