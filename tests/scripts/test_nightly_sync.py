"""The nightly run: when it is owed, how long it waits, what it writes down, and how it ends."""

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from scripts.benchmarks.world import World, make_world
from scripts.commands.folder import Folder
from scripts.commands.voice import Voice
from scripts.demo_play.data import SMALL
from scripts.demo_play.servers import run_command
from scripts.nightly import job as nightly
from scripts.nightly.due import due_ms, is_due
from scripts.nightly.record import append, last_done_ms
from scripts.nightly.retry import Backoff, wait_ms, with_retries
from scripts.nightly.work import POLL_MS, wait_for_nodes
from shared.clock import instant_ms, instant_text
from shared.errors import TongxinError
from shared.ids import SystemRandomness
from sync.errors import HubUnreachable, NotEnrolled, UpgradeNeeded
from sync.replica import connect

# 23:00 school time on 15 September 2025.
NIGHT_MS = instant_ms("2025-09-15T15:00:00.000Z")
HOUR_MS = 3_600_000


class Clock:
    """A clock that moves only when somebody waits."""

    def __init__(self, now_ms: int = NIGHT_MS) -> None:
        self.at_ms = now_ms
        self.waits: list[int] = []

    def now_ms(self) -> int:
        return self.at_ms

    def monotonic_ms(self) -> int:
        return self.at_ms

    def wait_ms(self, duration_ms: int) -> None:
        self.waits.append(duration_ms)
        self.at_ms += duration_ms


class Chance:
    """Randomness that always says the same: 0 is the least, 255 the most."""

    def __init__(self, byte: int) -> None:
        self.byte = byte

    def raw(self, length: int) -> bytes:
        return bytes([self.byte]) * length

    def text(self, length: int) -> str:
        return "0" * length


def job(folder: Path, *, due_at: str | None = None, clock: Clock | None = None, tries: int = 3) -> nightly.Job:
    return nightly.Job(
        Folder(folder), "node", due_at, Backoff(tries=tries, first_wait_ms=1000), 0, folder / "runs.jsonl",
        Voice("en"), clock or Clock(), Chance(0),
    )


def runs(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "runs.jsonl").read_text("utf-8").splitlines()]


def fails_with(error: Exception) -> Callable[[nightly.Job | None], dict[str, object]]:
    def work(_job: nightly.Job | None) -> dict[str, object]:
        raise error

    return work


@pytest.mark.parametrize(
    ("last_done", "at", "owed"),
    [
        (None, "22:30", True),
        ("2025-09-15T14:40:00.000Z", "22:30", False),  # tonight at 22:40
        ("2025-09-15T14:20:00.000Z", "22:30", True),  # at 22:20, before it was due
        ("2025-09-14T14:40:00.000Z", "22:30", True),  # last night
        ("2025-09-14T15:40:00.000Z", "23:30", False),  # tonight's 23:30 has not come yet
        ("2025-09-15T14:59:00.000Z", None, True),  # no time named: always
        ("2099-01-01T00:00:00.000Z", "22:30", True),  # a wrong clock never stops a run for good
    ],
)
def test_a_run_is_owed_once_after_each_due_time(last_done: str | None, at: str | None, owed: bool) -> None:
    assert is_due(instant_ms(last_done) if last_done else None, NIGHT_MS, at) is owed


@pytest.mark.parametrize("days_off", [1, 3, 40])
def test_a_pc_that_was_off_owes_one_run_not_many(tmp_path: Path, days_off: int) -> None:
    """A missed run is made up at the next start, once."""
    clock = Clock()
    done: list[int] = []

    def work(_job: nightly.Job) -> dict[str, object]:
        done.append(clock.at_ms)
        return {}

    assert nightly.run_job(job(tmp_path, due_at="22:30", clock=clock), work) == 0
    clock.at_ms += days_off * 24 * HOUR_MS - 14 * HOUR_MS  # switched on at nine in the morning
    for _ in range(3):
        assert nightly.run_job(job(tmp_path, due_at="22:30", clock=clock), work) == 0
    assert len(done) == (2 if days_off > 1 else 1)


def test_due_is_a_time_of_day_of_the_school() -> None:
    assert instant_text(due_ms(NIGHT_MS, "22:30")) == "2025-09-15T14:30:00.000Z"
    assert instant_text(due_ms(NIGHT_MS, "23:30")) == "2025-09-14T15:30:00.000Z"
    with pytest.raises(ValueError, match="24:00"):
        due_ms(NIGHT_MS, "24:00")


@pytest.mark.parametrize(
    ("byte", "waits"), [(0, [500, 1500, 4500, 10_000]), (255, [1499, 4499, 13_499, 29_999])]
)
def test_waits_grow_up_to_a_most_and_chance_spreads_them(byte: int, waits: list[int]) -> None:
    backoff = Backoff(first_wait_ms=1000, factor=3, wait_ms_max=20_000, jitter_percent=50)
    assert [wait_ms(backoff, n, Chance(byte)) for n in range(1, 5)] == waits


@pytest.mark.parametrize(("failures", "tries"), [(0, 1), (1, 2), (2, 3)])
def test_a_bad_line_is_tried_again_after_a_pause(failures: int, tries: int) -> None:
    clock, left, heard = Clock(), [HubUnreachable() for _ in range(failures)], []

    def action() -> str:
        if left:
            raise left.pop()
        return "through"

    answer = with_retries(
        action, clock=clock, randomness=Chance(0), backoff=Backoff(tries=3, first_wait_ms=1000),
        on_failure=lambda error, pause: heard.append(pause),
    )
    assert answer == ("through", tries)
    assert clock.waits == heard == [500, 1500][:failures]


def test_after_the_last_try_nobody_waits_any_more() -> None:
    clock = Clock()
    with pytest.raises(HubUnreachable):
        with_retries(lambda: fails_with(HubUnreachable())(None), clock=clock, randomness=Chance(0),
                     backoff=Backoff(tries=3, first_wait_ms=1000), on_failure=lambda *_: None)
    assert clock.waits == [500, 1500]


@pytest.mark.parametrize("error", [NotEnrolled(), UpgradeNeeded(), TongxinError()])
def test_what_waiting_does_not_help_is_not_tried_again(error: TongxinError) -> None:
    clock = Clock()
    with pytest.raises(type(error)):
        with_retries(lambda: (_ for _ in ()).throw(error), clock=clock, randomness=Chance(0), backoff=Backoff(),
                     on_failure=lambda *_: None)
    assert clock.waits == []


@pytest.mark.parametrize(
    ("error", "code", "outcome"),
    [
        (HubUnreachable(), 75, "hub_unreachable"),
        (UpgradeNeeded(), 76, "upgrade_needed"),
        (NotEnrolled(), 77, "not_enrolled"),
        (TongxinError(), 77, "error"),
        (sqlite3.OperationalError("database is locked"), 75, "database_busy"),
        (sqlite3.OperationalError("disk I/O error"), 77, "failed"),
        (sqlite3.DatabaseError("malformed"), 77, "failed"),
        (OSError("disk"), 77, "failed"),
    ],
)
def test_every_ending_has_its_code_and_its_line(tmp_path: Path, error: Exception, code: int, outcome: str) -> None:
    assert nightly.run_job(job(tmp_path), fails_with(error)) == code
    (entry,) = runs(tmp_path)
    assert (entry["outcome"], entry["exit"], entry["kind"]) == (outcome, code, "node")
    assert entry["begun"] == "2025-09-15T15:00:00.000Z"
    assert ("trace" in entry) is (outcome == "failed")


def test_a_failed_run_is_still_owed(tmp_path: Path) -> None:
    nightly.run_job(job(tmp_path, due_at="22:30"), fails_with(HubUnreachable()))
    assert nightly.run_job(job(tmp_path, due_at="22:30"), lambda _job: {"rows_up": 3}) == 0
    assert [entry["outcome"] for entry in runs(tmp_path)] == ["hub_unreachable", "done"]
    assert runs(tmp_path)[1]["rows_up"] == 3


def test_a_run_that_is_not_across_is_no_good_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """C14: a spent byte budget or a missing receipt is said, ends with "try later" and leaves the run owed."""
    assert nightly.run_job(job(tmp_path, due_at="22:30"), lambda _job: {"complete": False}) == 75
    assert "Not all is across" in capsys.readouterr().out
    assert last_done_ms(tmp_path / "runs.jsonl", "node") is None
    assert nightly.run_job(job(tmp_path, due_at="22:30"), lambda _job: {"complete": True}) == 0
    assert [(entry["outcome"], entry["exit"]) for entry in runs(tmp_path)] == [("incomplete", 75), ("done", 0)]


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_the_log_of_runs_is_the_owner_s_alone(tmp_path: Path) -> None:
    nightly.run_job(job(tmp_path), lambda _job: {})
    assert (tmp_path / "runs.jsonl").stat().st_mode & 0o077 == 0


def test_a_second_run_beside_the_first_ends_with_try_later(tmp_path: Path) -> None:
    with FileLock(Folder(tmp_path).lock("nightly")):
        assert nightly.run_job(job(tmp_path), lambda _job: {}) == 75
    assert runs(tmp_path)[0]["outcome"] == "run_under_way"
    assert nightly.run_job(job(tmp_path), lambda _job: {}) == 0


def test_a_line_cut_off_by_a_power_failure_does_not_swallow_the_next(tmp_path: Path) -> None:
    log = tmp_path / "runs.jsonl"
    append(log, {"kind": "node", "outcome": "done", "begun": "2025-09-14T15:00:00.000Z"})
    log.write_bytes(log.read_bytes() + b'{"kind": "node", "outc')
    append(log, {"kind": "hub", "outcome": "done", "begun": "2025-09-15T15:00:00.000Z"})
    assert last_done_ms(log, "node") == instant_ms("2025-09-14T15:00:00.000Z")
    assert last_done_ms(log, "hub") == instant_ms("2025-09-15T15:00:00.000Z")


def test_a_log_that_is_not_there_or_is_noise_means_never(tmp_path: Path) -> None:
    log = tmp_path / "runs.jsonl"
    assert last_done_ms(log, "node") is None
    log.write_bytes(b'[1]\n{"outcome": "done", "kind": "node"}\nnull\n\xff\xfe\n')
    assert last_done_ms(log, "node") is None


def test_the_command_line_says_what_the_run_is_given(tmp_path: Path) -> None:
    args = nightly.parser().parse_args(["--data", str(tmp_path), "--hub", "--due", "22:45", "--tries", "0"])
    made = nightly.job_of(args, Clock(), Chance(0))
    assert (made.kind, made.due_at, made.backoff.tries) == ("hub", "22:45", 1)
    assert made.log == tmp_path / "nightly.jsonl"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A hub with one enrolled node, on a clock that moves only when somebody waits."""
    return make_world(tmp_path, SMALL, clock=Clock(), randomness=SystemRandomness())


def hub_job(world: World, *, wait_ms: int, clock: Clock) -> nightly.Job:
    folder = world.hub.folder
    return nightly.Job(folder, "hub", "22:45", Backoff(), wait_ms, folder.runs, Voice("en"), clock, SystemRandomness())


def test_the_hub_appraises_after_its_nodes_have_synced(world: World) -> None:
    clock = world.hub.replica.clock
    assert isinstance(clock, Clock)
    world.exchange()
    clock.at_ms += HOUR_MS // 4
    assert nightly.run_job(hub_job(world, wait_ms=10 * POLL_MS, clock=clock)) == 0
    assert clock.waits == []
    entry = json.loads(world.hub.folder.runs.read_text("utf-8"))
    assert (entry["missing"], entry["people"], entry["outcome"]) == ([], 28, "done")
    assert len(entry["digest"]) == 64


def test_the_hub_waits_for_a_node_and_appraises_without_it_in_the_end(world: World) -> None:
    clock = world.hub.replica.clock
    assert isinstance(clock, Clock)
    world.exchange()
    clock.at_ms += 24 * HOUR_MS  # the next night, and the node stays away
    assert nightly.run_job(hub_job(world, wait_ms=3 * POLL_MS, clock=clock)) == 0
    assert clock.waits == [POLL_MS] * 3
    entry = json.loads(world.hub.folder.runs.read_text("utf-8"))
    assert (entry["missing"], entry["provisional"]) == (["A"], True)


def test_the_hub_stops_waiting_when_the_last_node_comes_in(world: World) -> None:
    class NodeComesIn(Clock):
        def wait_ms(self, duration_ms: int) -> None:
            super().wait_ms(duration_ms)
            if len(self.waits) == 2:
                world.exchange()

    clock = NodeComesIn()
    site = world.hub
    with connect(site.replica) as db:
        # The replica's own clock is the one that receipts carry; both stand at the same instant here.
        waiting = type(site.replica)(**{**vars(site.replica), "clock": clock})
        assert wait_for_nodes(db, waiting, since_ms=NIGHT_MS - 1, wait_ms=100 * POLL_MS) == []
    assert len(clock.waits) == 2


def test_the_script_itself_runs_as_a_process(tmp_path: Path) -> None:
    """The bootstrap head, the arguments, the exit code a scheduler sees: there is no site, so a person is needed."""
    words = ("scripts.nightly_sync", "--data", str(tmp_path), "--log", str(tmp_path / "log"), "--lang", "en")
    assert "There is no site" in run_command(*words, expect=(77,))
    assert json.loads((tmp_path / "log").read_text("utf-8"))["outcome"] == "site_not_made"
