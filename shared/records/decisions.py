"""What a person decided about a domain conflict that stays as it is."""

from __future__ import annotations

from shared.records.declare import Declaration, record, ref, text


@record(
    Declaration(
        "domain_decision", "冲突决定", "conflict decision", "con", frozenset({"hub", "home", "any"}), archive=True
    )
)
class DomainDecision:
    """"Leave it so": holds for the state whose digest it names; when that changes, the conflict opens again."""

    kind: str = text("冲突", "kind", high=40, key=True)
    subject: str = text("对象", "subject", high=200, key=True)
    state_digest: str = text("所见状态", "state seen", high=16, unit="decision")
    decided_by: str = ref("决定人", "decided by", unit="decision")
    note: str = text("理由", "reason", high=200, default="", unit="decision")
