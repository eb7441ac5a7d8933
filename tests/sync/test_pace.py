"""Frames on a bad line: half as large after a cut, larger again after what got through (DESIGN §4)."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from shared.records.places import CalendarDay
from sync.errors import BadMessage, HubUnreachable, LineCut
from sync.replica import setting
from sync.steps.pace import FRAME_BYTES_MIN, asked_frame, frame_now, slow_down, speed_up
from tests.support.world import CLERK_A, OFFICE, World, assert_same_tables

SCHOOL_DAYS = 200


@dataclass
class CuttingLine:
    """A line that drops whatever is longer than `bytes_max`, in the middle: implements HubPort."""

    world: World
    bytes_max: int
    told: list[int] = field(default_factory=list)
    cuts: int = 0

    def exchange(self, sealed: bytes) -> bytes:
        """See `sync.protocol.HubPort`."""
        self.told.append(len(sealed))
        self._pass(sealed)
        answer = self.world.port.exchange(sealed)
        self._pass(answer)
        return answer

    def enrol(self, request: bytes) -> bytes:
        """See `sync.protocol.HubPort`."""
        return self.world.port.enrol(request)

    def _pass(self, message: bytes) -> None:
        if len(message) > self.bytes_max:
            self.cuts += 1
            raise LineCut(why="cut")


def many_days(world: World) -> None:
    """So many days noted at campus A, each in a save of its own, with a note that hardly compresses."""
    for number in range(SCHOOL_DAYS):
        with world["A"].write(CLERK_A) as w:
            day = f"{2026 + number // 168}-{number // 28 % 6 + 1:02}-{number % 28 + 1:02}"
            w.put(CalendarDay(campus="A", date=day, kind="school_day", note=world["A"].replica.randomness.text(60)))


@pytest.mark.parametrize("bytes_max", [5_000, 9_000])
def test_a_line_that_cuts_every_long_message_still_gets_everything_through(world: World, bytes_max: int) -> None:
    """Up from A and down to B, in one run each. Planted once: no halving; red after the last allowed cut."""
    many_days(world)
    up, down = CuttingLine(world, bytes_max), CuttingLine(world, bytes_max)
    assert world.sync("A", up).done and up.cuts > 0
    assert world.sync("B", down).done and down.cuts > 0
    assert_same_tables(world)
    assert max(up.told) > bytes_max >= sorted(up.told)[-up.cuts - 1]


def test_a_cut_costs_the_frame_in_flight_and_no_more(world: World) -> None:
    """What got through before is not said again."""
    many_days(world)
    line = CuttingLine(world, 5_000)
    report = world.sync("A", line)
    assert report.changesets_up == SCHOOL_DAYS and report.round_trips == len(line.told) - line.cuts
    noted = world.hub.value("SELECT count(*) FROM _changeset WHERE person_id = 'A-1-x' AND state = 'applied'")
    assert noted == SCHOOL_DAYS


def test_a_run_that_only_meets_cuts_gives_up_and_the_next_begins_small(world: World) -> None:
    many_days(world)
    line = CuttingLine(world, 100)
    with pytest.raises(HubUnreachable):
        world.sync("A", line)
    assert line.cuts == world["A"].replica.limits.cuts_in_a_row + 1
    assert frame_now(world["A"].replica, world["A"].db).bytes < 20_000


def test_frames_grow_again_to_the_limit_and_never_beyond(world: World) -> None:
    node = world["A"]
    limit = node.replica.limits.frame_bytes
    for _ in range(20):
        slow_down(node.replica, node.db)
    assert frame_now(node.replica, node.db).bytes == FRAME_BYTES_MIN
    for _ in range(40):
        speed_up(node.replica, node.db)
    assert frame_now(node.replica, node.db).bytes == limit
    assert setting(node.db, "frame_bytes") == str(limit)


def test_the_hub_answers_in_frames_of_the_asked_size_within_its_own(world: World) -> None:
    hub = world.hub.replica
    assert asked_frame(hub, {"frame": [7, 5_000]}).bytes == 5_000 and asked_frame(hub, {"frame": [7, 5_000]}).rows == 7
    assert asked_frame(hub, {"frame": [10**9, 10**12]}) == asked_frame(hub, {})
    for lie in ([0, 5], [5], "x", [True, 5], [1.5, 2]):
        with pytest.raises(BadMessage):
            asked_frame(hub, {"frame": lie})


def test_a_good_line_says_nothing_of_frames(world: World) -> None:
    with world.hub.write(OFFICE) as w:
        w.put(CalendarDay(campus="A", date="2026-12-01", kind="school_day"))
    world.sync("A")
    assert setting(world["A"].db, "frame_bytes") == ""
