"""The scheme as a versioned document, its adoption, and what a run of it gave."""

from __future__ import annotations

from shared.records.declare import Declaration, Rule, coded, day, flag, instant, integer, record, ref, text

_HUB = frozenset({"hub"})
_DRAFTERS = ("union_chair", "general_principal", "supervision_group", "system_operator")
_RUNNERS = ("supervision_group", "general_principal", "system_operator")


@record(
    Declaration(
        "scheme_version", "考核方案", "scheme version", "con", _HUB, roles=_DRAFTERS, rule=Rule.REVIEW,
        archive=True,
    )
)
class SchemeVersion:
    """One version of a scheme: a TOML document that a school can read and a congress can vote on."""

    scheme: str = text("方案", "scheme", high=40, key=True)
    version: int = integer("版本", "version", 1, 9999, key=True)
    title: str = text("标题", "title", high=80)
    state: str = coded("状态", "state", "scheme_state", default="draft")
    document: str = text("正文", "document", high=200_000)
    digest: str = text("摘要", "digest", high=64)


@record(
    Declaration(
        "scheme_adoption", "方案表决", "scheme adoption", "con", _HUB,
        roles=("union_chair", "general_principal", "system_operator"), archive=True,
    )
)
class SchemeAdoption:
    """A vote of the staff congress on one version."""

    id: str = ref("编号", "id", key=True)
    scheme: str = text("方案", "scheme", high=40)
    version: int = integer("版本", "version", 1, 9999)
    date: str = day("日期", "date")
    delegates_present: int = integer("到会代表", "delegates present", 0, 9999)
    votes_for: int = integer("赞成", "votes for", 0, 9999)
    adopted: int = flag("通过", "adopted", default=0)
    note: str = text("说明", "note", high=200, default="")


@record(
    Declaration("appraisal_run", "考核核算", "appraisal run", "hub", _HUB, roles=_RUNNERS, archive=True)
)
class AppraisalRun:
    """One run: which scheme version, which facts (the frontier), and the digest of what came out."""

    id: str = ref("编号", "id", key=True)
    term: str = ref("学期", "term")
    begin: str = day("开始", "begin")
    end: str = day("结束", "end")
    scheme: str = text("方案", "scheme", high=40)
    version: int = integer("版本", "version", 1, 9999)
    number: int = integer("序次", "number", 1, 999_999)
    provisional: int = flag("暂定", "provisional", default=1)
    trial: int = flag("试运行", "trial", default=1)
    frontier: str = text("数据截止", "frontier", high=20_000)
    missing: str = text("缺项", "missing", high=20_000, default="[]")
    digest: str = text("摘要", "digest", high=64)
    made_at: str = instant("核算时间", "made at")
    made_by: str = ref("核算人", "made by", default="")


@record(
    Declaration("appraisal_result", "考核结果", "appraisal result", "hub", _HUB, roles=_RUNNERS, archive=True,
                private=True)
)
class AppraisalResult:
    """One person's line of the combined table; points as exact decimal text inside `blocks`."""

    run_id: str = ref("核算", "run", key=True)
    person_id: str = ref("教职工", "person", key=True)
    campus: str = ref("校区", "campus")
    category: str = text("考核类别", "category", high=40)
    total: str = text("合计", "total", high=24)
    blocks: str = text("分项", "blocks", high=20_000)


@record(
    Declaration("appraisal_explanation", "考核依据", "explanation", "hub", _HUB, roles=_RUNNERS, archive=True,
                private=True)
)
class AppraisalExplanation:
    """The whole way from a total down to its rows, as one JSON document a person."""

    run_id: str = ref("核算", "run", key=True)
    person_id: str = ref("教职工", "person", key=True)
    document: str = text("依据", "document", high=2_000_000)
