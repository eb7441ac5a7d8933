"""The way in: seconds for a workbook of 2,000 pupils with private data, read, previewed and committed."""

from __future__ import annotations

from pathlib import Path

from hub.office.importing import main_campus, plan_import
from hub.office.sheets import pupil_sheet
from hub.workbook.history import IMPORT_NOTE, keeping_hand_edits
from hub.workbook.planning import Plan
from hub.workbook.reading import read_workbook
from hub.workbook.template import workbook_of
from hub.workbook.writing import carry_out
from shared.clock import Clock
from shared.ids import Randomness
from shared.records import RECORDS, Campus, RosterGroup
from sync.capture import Author, write
from sync.change import LOCAL_OPERATOR
from sync.opening import create_replica
from sync.replica import Replica, connect

PUPILS = 2000
CLASS = "一(1)班"


def import_s(folder: Path, clock: Clock, randomness: Randomness, pupils: int = PUPILS) -> float:
    """Seconds from the uploaded bytes to the committed changeset, the preview's own planning included."""
    replica = create_replica(folder / "import.db", role="hub", records=RECORDS, clock=clock, randomness=randomness)
    with connect(replica) as db, write(replica, db, Author(LOCAL_OPERATOR, rank="office")) as w:
        w.insert(
            Campus(code="A", school_code="2133000001", name="A", main=1),
            RosterGroup(id="A-1-00", campus="A", name=CLASS, begin="2025-09-01"),
        )
    data = pupil_workbook(pupils)
    begun = clock.monotonic_ms()
    shown = _planned(replica, data)
    with connect(replica) as db, write(replica, db, Author(LOCAL_OPERATOR, rank="office")) as w:
        plan = _planned(replica, data)
        if plan.problems or plan.digest != shown.digest:
            raise RuntimeError(f"the workbook was not taken: {plan.problems[:3]}")
        w.note(IMPORT_NOTE)
        carry_out(w, plan.to_write(), main_campus=main_campus(db, plan.changes))
    return (clock.monotonic_ms() - begun) / 1000


def pupil_workbook(pupils: int) -> bytes:
    """A workbook of so many pupils of one class, with guardians."""
    sheet = pupil_sheet()
    rows: list[dict[str, str | int | None]] = [
        {
            "campus": "A", "group_id": CLASS, "seat_number": number, "name": f"学生{number}", "sex": "female",
            "birth": "2018-05-01", "guardian": f"家长{number}", "guardian_phone": f"13{number:09d}",
        }
        for number in range(1, pupils + 1)
    ]  # fmt: skip
    return workbook_of([sheet], {sheet.table: rows})


def _planned(replica: Replica, data: bytes) -> Plan:
    with connect(replica) as db:
        plan = plan_import(db, read_workbook(data), actor="", may=lambda _action, _campus: True)
        return keeping_hand_edits(db, plan)
