"""The demo: what it invents is always the same, and what it plays comes out as one table."""

import json
import socket
import subprocess
import sys
import threading
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from hub.appraisal.run import compute, period_of
from hub.appraisal.store import install_example
from scripts.commands.clock_file import FileClock, set_clock_file
from scripts.commands.folder import Folder
from scripts.commands.site import open_site
from scripts.demo_play.consortium import write_consortium
from scripts.demo_play.data import FULL, SMALL, Invented, grade_of, invented, spread
from scripts.demo_play.evidence import entries, evidence_record
from scripts.demo_play.forms import choices_of, fields_with
from scripts.demo_play.fortnight import FORTNIGHT_BEGIN, FORTNIGHT_END, marks, sessions_of, staff_days
from scripts.demo_play.line import Line
from scripts.demo_play.term import TERM, TERM_BEGIN, TERM_END, school_days
from shared.clock import SystemClock, instant_ms
from shared.ids import SystemRandomness, campus_of
from shared.records import RECORDS, GroupMember, Pupil, StaffDay, StaffMembership
from shared.schema import values_of
from shared.validation import load
from sync.capture import Author, write
from sync.change import LOCAL_OPERATOR
from sync.opening import create_replica
from sync.replica import connect

ROOT = Path(__file__).resolve().parents[2]


class Counting:
    """Mints ids in order, as a replica does."""

    def __init__(self) -> None:
        self.given: Counter[str] = Counter()

    def __call__(self, campus: str) -> str:
        self.given[campus] += 1
        return f"{campus}-{self.given[campus]}-7K"


@pytest.fixture(scope="module")
def full() -> Invented:
    return invented(FULL, Counting(), "hash")


def test_the_consortium_has_the_size_of_the_plan(full: Invented) -> None:
    by_kind = Counter(type(record).__name__ for record in full.records)
    assert by_kind["Pupil"] == 1812 + 300 + 90
    assert Counter(each.campus for each in full.staff) == {"A": 92, "B": 14}
    classes = Counter((g.campus, g.stage) for g in full.groups if g.kind == "class")
    assert classes == {("A", "primary"): 31, ("A", "kindergarten"): 10, ("B", "primary"): 6}
    assert sum(len(full.members[g.id]) for g in full.groups if g.kind == "dorm_room") == 48
    assert len([each for each in full.staff if each.also_at == "B"]) == 2


def test_the_same_consortium_is_invented_every_time(full: Invented) -> None:
    assert invented(FULL, Counting(), "hash") == full


def test_every_invented_record_is_one_a_form_would_take(full: Invented) -> None:
    for record in full.records:
        load(type(record), values_of(record))


def test_a_pupil_is_in_one_class_and_ids_carry_the_campus(full: Invented) -> None:
    classes = {g.id for g in full.groups if g.kind == "class"}
    seats = Counter(r.member_id for r in full.records if isinstance(r, GroupMember) and r.group_id in classes)
    assert set(seats.values()) == {1}
    assert {r.id for r in full.records if isinstance(r, Pupil)} == set(seats)
    assert all(campus_of(g.id) == g.campus for g in full.groups)
    assert all(campus_of(r.id) == r.campus for r in full.records if isinstance(r, StaffMembership))


@pytest.mark.parametrize(
    ("total", "parts", "shared"), [(7, 3, [3, 2, 2]), (6, 3, [2, 2, 2]), (0, 2, [0, 0]), (5, 0, [])]
)
def test_pupils_are_spread_evenly(total: int, parts: int, shared: list[int]) -> None:
    assert spread(total, parts) == shared


@pytest.mark.parametrize(("number", "place"), [(0, (1, 1)), (5, (1, 6)), (6, (2, 1)), (30, (6, 5))])
def test_classes_are_numbered_within_their_grade(number: int, place: tuple[int, int]) -> None:
    assert grade_of(number, 31) == place


def test_the_fortnight_has_the_real_make_up_sunday() -> None:
    days = school_days(FORTNIGHT_BEGIN, FORTNIGHT_END)
    assert len(days) == 11
    assert date(2025, 9, 28) in days and date(2025, 9, 27) not in days
    assert date(2025, 10, 1) not in school_days(TERM_BEGIN, TERM_END)


def test_what_happens_does_not_hang_on_ids_or_order(full: Invented) -> None:
    counting = Counting()
    other = invented(FULL, lambda campus: counting(campus).replace("7K", "9Q"), "hash")
    day = FORTNIGHT_BEGIN
    for theirs, mine in reversed(tuple(zip(other.groups, full.groups, strict=True))):
        for session in sessions_of(mine):
            first = marks(mine, full.members[mine.id], day, session)
            second = marks(theirs, other.members[theirs.id], day, session)
            assert [(m.mark, m.minutes) for m in first] == [(m.mark, m.minutes) for m in second]


def test_an_itinerant_teacher_is_at_one_campus_a_day(full: Invented) -> None:
    for day in school_days(FORTNIGHT_BEGIN, FORTNIGHT_END):
        here, there = ({each.person_id for each in staff_days(full, campus, day)} for campus in "AB")
        assert not here & there
        assert len(here | there) == len(full.staff)


def test_a_form_is_read_as_a_browser_would_post_it() -> None:
    page = (
        '<form><input name="q" value="1"></form><form method="post"><input type="hidden" name="token" value="a&#34;b">'
        '<input type="radio" name="choice" value="1"><input type="radio" name="choice" value="2" checked>'
        '<input type="checkbox" name="no" value="x"><select name="kind"><option value="a">A</option>'
        '<option value="b" selected>B</option></select><textarea name="note">hello &amp; bye</textarea>'
        '<button name="go">x</button></form>'
    )
    assert fields_with(page, "token") == {"token": 'a"b', "choice": "2", "kind": "b", "note": "hello & bye"}
    assert choices_of(page, "choice") == ["1", "2"]
    with pytest.raises(LookupError):
        fields_with(page, "absent")


def test_all_who_follow_a_clock_file_show_the_same_time(tmp_path: Path) -> None:
    """The instant counts from the writing of the file, not from the first look at it."""

    class Stopped:
        now = 5

        def now_ms(self) -> int:
            return self.now

        def monotonic_ms(self) -> int:
            return self.now

        def wait_ms(self, duration_ms: int) -> None:
            self.now += duration_ms

    path, inner = tmp_path / "clock", Stopped()
    early, late = FileClock(path, inner), FileClock(path, inner)
    assert early.now_ms() == 5, "no file: the machine's own time"
    moment = instant_ms("2025-09-15T00:00:00.000Z")
    set_clock_file(path, moment)
    inner.now = path.stat().st_mtime_ns // 1_000_000
    assert early.now_ms() == moment
    inner.wait_ms(70)
    assert early.now_ms() == late.now_ms() == moment + 70
    set_clock_file(path, moment - 1000)
    inner.now = path.stat().st_mtime_ns // 1_000_000
    assert early.now_ms() == moment - 1000
    path.write_text("nonsense")
    assert early.now_ms() == moment - 1000


def test_a_line_relays_counts_and_can_be_cut() -> None:
    with socket.create_server(("127.0.0.1", 0)) as hub:
        threading.Thread(target=echo, args=(hub,), daemon=True).start()
        with Line(hub.getsockname()[1]) as line:
            assert dialled(line.port, b"hello") == b"hello"
            assert (line.bytes_up, line.bytes_down) == (5, 5)
            line.cut()
            assert dialled(line.port, b"lost") == b""
            assert (line.bytes_up, line.bytes_down) == (5, 5)
            line.restore()
            assert dialled(line.port, b"back") == b"back"


def echo(server: socket.socket) -> None:
    """Answers each caller with what it said."""
    while True:
        try:
            caller, _address = server.accept()
        except OSError:
            return
        with caller:
            caller.sendall(caller.recv(100))


def dialled(port: int, text: bytes) -> bytes:
    """What comes back from a call, nothing when it is hung up on."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as call:
        try:
            call.sendall(text)
            call.shutdown(socket.SHUT_WR)
            return call.recv(100)
        except OSError:
            return b""


@pytest.fixture
def hub_figures(tmp_path: Path):
    """(digest, totals) of a hub that holds the small consortium and, if told so, what its nodes recorded."""

    def figures(name: str, *, nodes: bool) -> tuple[str, dict[str, str]]:
        replica = create_replica(
            tmp_path / f"{name}.db", role="hub", records=RECORDS, clock=SystemClock(), randomness=SystemRandomness()
        )
        with connect(replica) as db:
            consortium = write_consortium(replica, db, SMALL)
            days = school_days(FORTNIGHT_BEGIN, FORTNIGHT_END)
            with write(replica, db, Author(LOCAL_OPERATOR, rank="office")) as w:
                w.insert(*(evidence_record(e, w.mint(e.campus), "") for e in entries(consortium, days)))
                if nodes:
                    w.insert(*(
                        StaffDay(person_id=one.person_id, date=day.isoformat(), campus=campus, status=one.status,
                                 part=one.part, late_minutes=one.late_minutes)
                        for day in days for campus in "AB" for one in staff_days(consortium, campus, day)
                    ))
            stored = install_example(replica, db, Author(LOCAL_OPERATOR))
            period = period_of(db, TERM, FORTNIGHT_BEGIN.isoformat(), FORTNIGHT_END.isoformat())
            outcome = compute(replica, db, period, stored)
        return outcome.digest, {s.person.staff_number: str(s.tree.points) for s in outcome.scored}

    return figures


def test_a_hub_that_never_got_the_nodes_changesets_gives_another_table(hub_figures) -> None:
    digest, totals = hub_figures("with", nodes=True)
    bare_digest, bare_totals = hub_figures("without", nodes=False)
    assert len(totals) == len(bare_totals) == 28
    assert digest != bare_digest
    assert all(float(bare_totals[number]) < float(totals[number]) for number in totals)


@pytest.mark.slow
def test_the_whole_play_with_a_tiny_consortium(tmp_path: Path) -> None:
    """Real processes, the real nightly script, two weeks offline; the figures say what came of it."""
    target = tmp_path / "figures.json"
    command = [sys.executable, "scripts/demo.py", "--small", "--json", str(target), "--keep", str(tmp_path / "play")]
    command += ["--xlsx", str(tmp_path / "table.xlsx")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(target.read_text("utf-8"))
    assert figures["conflicts"]["settled"] == 1
    assert figures["conflicts"]["left"] < figures["conflicts"]["open"]
    assert figures["appraisal"]["people"] == 28
    assert all(sync["refused"] == 0 for sync in figures["syncs"] if sync["outcome"] == "done")
    assert Path(figures["xlsx"]).stat().st_size > 5000
    assert everything_reached_the_hub(tmp_path / "play", figures)


def everything_reached_the_hub(play: Path, figures: dict) -> bool:
    """The hub holds every register, exception and staff day that was recorded on the nodes."""
    site = open_site(Folder(play / "hub"), "hub", clock=SystemClock(), randomness=SystemRandomness())
    with connect(site.replica) as db:
        held = {
            name: db.conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for name, table in (
                ("registers", "register"), ("exceptions", "register_exception"), ("staff_days", "staff_day"),
            )
        }
    return held == {name: figures["rows"][name] for name in held}
