"""What the office does on the hub: changes while the line is cut, a decision, evidence, the table."""

from __future__ import annotations

from dataclasses import dataclass

from hub.appraisal.store import result_lines, runs
from scripts.commands.appraising import Appraised
from scripts.commands.clock_file import chosen_clock
from scripts.commands.site import Site, open_site
from scripts.demo_play.evidence import entries, ethics_entries, ethics_record, evidence_record
from scripts.demo_play.forms import choices_of, fields_with
from scripts.demo_play.fortnight import FORTNIGHT_BEGIN, FORTNIGHT_END, STORM_DAY
from scripts.demo_play.recording import STORM_CAMPUS
from scripts.demo_play.stage import Stage
from scripts.demo_play.term import school_days
from shared.ids import SystemRandomness
from sync.capture import Author, write
from sync.conflicts import Conflict, open_conflicts
from sync.replica import connect


@dataclass(frozen=True)
class Settled:
    """A decision: how many disagreements there were and are, and what was decided, in words."""

    open_before: int
    open_after: int
    zh: str
    en: str


def change_on_hub(stage: Stage) -> None:
    """On the hub's own pages: a teacher's office phone, and a calendar day that a campus will change too."""
    teacher = stage.consortium.who("supply_teacher", "A").person
    with stage.log_in(stage.hub, "clerk", "A") as clerk:
        path = f"/office/list/people/edit/{teacher.id}"
        fields = fields_with(clerk.page(path).text, "phone_extension")
        clerk.form(path, {**fields, "phone_extension": "8213"})
    with stage.log_in(stage.hub, "general_principal", "A") as principal:
        path = f"/office/list/calendar/edit/{STORM_CAMPUS}/{STORM_DAY}"
        fields = fields_with(principal.page(path).text, "note")
        principal.form(path, {**fields, "kind": "exam", "note": "学区统一测查"})


def open_hub(stage: Stage) -> Site:
    """The hub's site, opened beside its server."""
    clock = chosen_clock(None, stage.clock_file, stage.clock)
    return open_site(stage.hub_folder, "hub", clock=clock, randomness=SystemRandomness())


def settle_one(stage: Stage) -> Settled:
    """The head of the boarding campus says what that day was, on the page of the campus's own node."""
    before = conflicts_on(stage)
    server = stage.nodes[STORM_CAMPUS]
    with stage.log_in(server, "campus_head", STORM_CAMPUS) as head:
        card = next(each for each in before if each.unit == "kind")
        path = f"/conflicts/{card.id}"
        page = head.page(path).text
        chosen = next(shown for shown in card.heads if shown.values["kind"] == "closed")
        fields = fields_with(page, "seen")
        assert str(chosen.version) in choices_of(page, "choice")
        head.form(path, {**fields, "choice": str(chosen.version), "note": "当日暴雨，测查改期"})
    after = conflicts_on(stage)
    return Settled(
        len(before), len(after),
        f"{len(before)} 处冲突；{STORM_DAY} 中心记为考试日、柳林校区记为停课，校区负责人定为停课。",
        f"{len(before)} conflicts; {STORM_DAY} was an exam day to the hub and closed to campus B, whose head settled "
        "it as closed.",
    )


def conflicts_on(stage: Stage) -> list[Conflict]:
    """What stands open on the boarding campus's node."""
    clock = chosen_clock(None, stage.clock_file, stage.clock)
    site = open_site(stage.node_folder(STORM_CAMPUS), "node", clock=clock, randomness=SystemRandomness())
    with connect(site.replica) as db:
        return open_conflicts(db, site.replica)


def enter_evidence(stage: Stage) -> int:
    """The facts that have no other source, entered on the hub for everybody; how many rows."""
    site, consortium = open_hub(stage), stage.consortium
    days = school_days(FORTNIGHT_BEGIN, FORTNIGHT_END)
    clerk = consortium.who("clerk", "A").person.id
    head = consortium.who("campus_head", "A").person.id
    facts, deductions = entries(consortium, days), ethics_entries(consortium, days)
    with connect(site.replica) as db:
        with write(site.replica, db, Author(clerk, rank="office")) as writing:
            writing.insert(*(evidence_record(fact, writing.mint(fact.campus), clerk) for fact in facts))
        with write(site.replica, db, Author(head, rank="office")) as writing:
            writing.insert(*(ethics_record(each, writing.mint(each[1]), head) for each in deductions))
    return len(facts) + len(deductions)


def appraisal_table(stage: Stage) -> tuple[dict[str, object], Appraised]:
    """(figures, table) of the run stored last."""
    site = open_hub(stage)
    with connect(site.replica) as db:
        run = runs(db)[0]
        appraised = Appraised(run, result_lines(db, run.id))
    totals = {line.staff_number: line.result.total for line in appraised.table}
    return {**appraised.figures(), "totals": totals}, appraised
