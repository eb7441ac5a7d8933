"""The sync benchmark measures what it says: the rows, the facts, the line; and says so when peerbench is not there."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.bench_sync import main
from scripts.syncbench import facts
from scripts.syncbench.peer import folder_of
from scripts.syncbench.records import MEASURED, PEER_TABLES, measured_migrations
from scripts.syncbench.run import EXIT_NO_PEERBENCH, held_to_floor
from scripts.syncbench.shaping import SEGMENT_BYTES, Direction, Line
from scripts.syncbench.sizes import bare_bytes
from shared.clock import SystemClock
from shared.ids import SystemRandomness
from shared.records import BookingOccurrence, Register, RegisterException
from shared.schema import quoted, select, table_of
from sync.capture import Author, Writing, write
from sync.opening import create_replica
from sync.replica import Replica, connect
from tests.support.shared_data import shared_file

DAY, AT = {"date": "2026-09-01", "period": 1}, {"marked_by": "t003", "marked_at": "2026-09-01T08:02:00.000Z"}
# In the order of the workload's columns.
FACTS: list[tuple[str, dict[str, object]]] = [
    ("attendance", {"id": "1", "student_id": "s0001", **DAY, "status": "present", **AT, "note": ""}),
    ("attendance", {"id": "2", "student_id": "s0002", **DAY, "status": "late", **AT, "note": "堵车晚到"}),
    ("lesson", {"id": "3", "class_id": "c00", "subject": "语文", "teacher_id": "t000", "room_id": "r00",
                "date": "2026-09-01", "period": 1, "topic": "第1课时", "homework": "预习", "state": "done"}),
    ("booking", {"id": "4", "room_id": "r41", "date": "2026-09-01", "start": "08:00", "end": "09:30",
                 "purpose": "家长会", "booked_by": "t007", "state": "cancelled"}),
]  # fmt: skip


@pytest.fixture
def replica(tmp_path: Path) -> Replica:
    """A node with the benchmark's tables beside the school's."""
    return create_replica(
        tmp_path / "node.db", role="node", records=MEASURED, steps=measured_migrations, clock=SystemClock(),
        randomness=SystemRandomness(), campus=facts.CAMPUS,
    )  # fmt: skip


def test_without_peerbench_it_says_so_and_measures_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--peerbench", str(tmp_path)]) == EXIT_NO_PEERBENCH
    assert "--peerbench DIR" in capsys.readouterr().err


def test_the_working_directory_goes_before_the_folder_beside_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("workload.py", "meter.py", "proxy.py", "bench_floor.py"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    assert folder_of(None) == tmp_path


@pytest.mark.parametrize("how", [facts.write_rows, facts.insert_all])
def test_the_rows_are_stored_as_the_peers_store_them(
    replica: Replica, how: Callable[[Writing, facts.Facts], None]
) -> None:
    with connect(replica) as db:
        with write(replica, db, Author(facts.TEACHER)) as w:
            how(w, FACTS)
        for each in PEER_TABLES:
            wanted = [tuple(row.values()) for name, row in FACTS if name == each.name]
            names = ", ".join(quoted(c.name) for c in table_of(each.record).columns)
            table = table_of(each.record).name
            assert db.conn.execute(f"SELECT {names} FROM {table} ORDER BY id").fetchall() == wanted


def test_our_own_form_keeps_exceptions_only(replica: Replica) -> None:
    """Who is simply present has no row; the register says that it was taken, and of how many."""
    with connect(replica) as db:
        with write(replica, db, Author(facts.TEACHER)) as w:
            facts.write_own(w, FACTS)
        [register] = select(db, Register)
        [exception] = select(db, RegisterException)
        [occurrence] = select(db, BookingOccurrence)
    assert (register.roster_size, exception.mark, exception.note) == (2, "late", "堵车晚到")
    assert (occurrence.begin, occurrence.cancelled_by) == ("08:00", "A-1007-7K")


def test_bare_bytes_count_only_what_was_written_since(replica: Replica) -> None:
    with connect(replica) as db:
        with write(replica, db, Author(facts.TEACHER)) as w:
            facts.write_rows(w, FACTS)
        database = Path(str(replica.path))
    first = bare_bytes(database)
    assert first.upto["peer_attendance"] == 2
    assert bare_bytes(database, since=first.upto).bytes < first.bytes


def test_a_clean_line_takes_the_time_its_bits_and_its_distance_take() -> None:
    line = Line(32_000, 1.0, 0.0, random.Random(1))
    times = Direction(line).burst(0.0, [SEGMENT_BYTES] * 4)
    assert times == pytest.approx([0.5 + 0.365 * number for number in (1, 2, 3, 4)])
    assert line.connect_s() == 1.0


def test_a_lost_segment_holds_up_what_follows_it_and_loses_nothing() -> None:
    """Planted once: delivery out of order; red."""
    lossy = Line(32_000, 1.0, 0.3, random.Random(5))
    clean = Line(32_000, 1.0, 0.0, random.Random(5))
    for _ in range(50):
        times, best = (Direction(line).burst(0.0, [SEGMENT_BYTES] * 6) for line in (lossy, clean))
        assert times == sorted(times) and all(late >= soon for late, soon in zip(times, best, strict=True))


def test_a_rate_is_held_to_the_mean_of_the_floors_before_and_after() -> None:
    ours = {name: {"rows_s": 90.0} for name in ("a_record", "b_first_sync", "f_second_node")}
    floors = [{"a_class_full": {"rows_s": rate}, "b_http": {"rows_s": rate}, "f_http": {"rows_s": rate}, "db": 1}
              for rate in (80.0, 100.0)]  # fmt: skip
    assert held_to_floor(ours, floors)["of_floor"] == {"a": 1.0, "b": 1.0, "f": 1.0}
    assert held_to_floor(ours, []) == {}


@pytest.mark.slow
@pytest.mark.peer
def test_a_day_is_measured_from_end_to_end(capsys: pytest.CaptureFixture[str]) -> None:
    """Every phase converges and every byte is counted, with a hub and nodes in processes of their own."""
    folder = shared_file("peerbench/workload.py").parent
    assert main(["--days", "1", "--ids", "natural", "--conflicts", "300", "--peerbench", str(folder)]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["rows"] == 2172 and told["f_second_node"]["same"] and told["own"]["f_second_node"]["same"]
    assert told["e_many"]["converged"] and told["e_many"]["open"][0] == told["e_many"]["open"][1] >= 300
    assert told["c_noop_again"]["round_trips"] == 1
    assert told["c_noop_again"]["up"] + told["c_noop_again"]["down"] <= 600
    assert sqlite3.sqlite_version == told["sqlite"]
