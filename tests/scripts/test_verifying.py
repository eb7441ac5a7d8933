"""`tongxin sync verify` and the nightly check: what is wrong is named by row and field, and everybody hears of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.benchmarks.world import World, make_world
from scripts.commands.line import run
from scripts.commands.voice import Voice
from scripts.demo_play.data import SMALL
from scripts.demo_play.servers import serving
from scripts.nightly import job as nightly
from scripts.nightly.due import DAY_MS, verify_due
from scripts.nightly.retry import Backoff
from shared.clock import SystemClock, instant_ms
from shared.database import connected
from shared.ids import SystemRandomness
from sync.replica import connect
from sync.status import campus_boards, last_verified
from sync.tables import drop_triggers
from tests.scripts.test_cli import code_for, make_hub, tongxin

NIGHT_MS = instant_ms("2025-09-15T15:00:00.000Z")


def forged(path: Path, sql: str) -> None:
    """A change that no changeset tells of."""
    with connected(path) as db:
        drop_triggers(db)
        assert db.conn.execute(sql).rowcount > 0


def test_a_node_names_what_differs_from_its_log_and_from_the_hub(tmp_path: Path, capsys) -> None:
    """C3, C10: by commands, against a real hub; 0 when nothing is wrong, 77 with the row in words, 75 alone."""
    hub, node = tmp_path / "hub", tmp_path / "node"
    make_hub(hub, capsys)
    code = code_for(hub, "B", capsys)
    with serving("hub", ("scripts.tongxin", "hub", "serve", "--data", str(hub)), tmp_path, SystemClock()) as server:
        assert tongxin("node", "init", "--data", node, "--hub", server.url, "--code", code) == 0
        assert tongxin("node", "sync", "--data", node) == 0
        capsys.readouterr()
        assert tongxin("sync", "verify", "--data", node, "--lang", "en") == 0
        assert "0 differences" in capsys.readouterr().out
        forged(node / "node.db", "UPDATE campus SET name = '假' WHERE code = 'B'")
        assert tongxin("sync", "verify", "--data", node) == 77
        said = capsys.readouterr().out
        assert "表与日志不符：校区" in said and "“假”，应为“柳林小学”" in said
        assert "本机与中心不同：校区" in said and "本机“假”，中心“柳林小学”" in said
        assert tongxin("node", "sync", "--data", node) == 0, "the hub hears of it"
        assert tongxin("sync", "rebuild", "--data", node) == 0
        assert tongxin("sync", "verify", "--data", node) == 0
    with connected(hub / "hub.db") as db:
        assert db.conn.execute("SELECT verified_wrong FROM _node WHERE role = 'node'").fetchone() == (2,)
    capsys.readouterr()
    assert run(["sync", "verify", "--data", str(node), "--lang", "en"]) == 75
    told = capsys.readouterr()
    assert "the tables equal the log" in told.out and "Not compared with the hub" in told.out
    assert tongxin("sync", "verify", "--data", node, "--local") == 0


@pytest.mark.parametrize(
    ("last_ms", "days", "owed"),
    [
        (None, 7, True), (NIGHT_MS - 7 * DAY_MS, 7, True), (NIGHT_MS - 7 * DAY_MS + 1, 7, False),
        (NIGHT_MS + 1, 7, True), (None, 0, False), (NIGHT_MS - 900 * DAY_MS, 0, False),
    ],
)  # fmt: skip
def test_the_whole_check_is_owed_every_so_many_days(last_ms: int | None, days: int, owed: bool) -> None:
    """A last check in the future means that the clock was wrong; 0 days switch it off."""
    assert verify_due(last_ms, NIGHT_MS, days) is owed


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path, SMALL, clock=SystemClock(), randomness=SystemRandomness())


def hub_run(world: World) -> tuple[int, dict[str, object]]:
    """A nightly run of the hub: its code and its line in the log."""
    clock = world.hub.replica.clock
    made = nightly.Job(world.hub.folder, "hub", None, Backoff(), 0, world.hub.folder.runs, Voice("en"), clock,
                       SystemRandomness())  # fmt: skip
    code = nightly.run_job(made)
    return code, json.loads(world.hub.folder.runs.read_text("utf-8").splitlines()[-1])


def test_the_nightly_run_verifies_once_a_week_and_says_what_is_wrong(world: World, capsys) -> None:
    world.exchange()
    code, entry = hub_run(world)
    assert (code, entry["wrong"], entry["verified"]["findings"]) == (0, 0, 0)  # type: ignore[index]
    assert "verified" not in hub_run(world)[1], "not again on the next night"
    with connect(world.hub.replica) as db:
        drop_triggers(db)
        db.conn.execute("UPDATE campus SET name = '假'")
        db.conn.execute("UPDATE _setting SET value = '[1, 0]' WHERE name = 'verified'")
    code, entry = hub_run(world)
    assert (code, entry["outcome"]) == (77, "does_not_verify")
    assert "the table differs from the log: campus" in capsys.readouterr().out
    with connect(world.hub.replica) as db:
        last = last_verified(db)
        assert last is not None and last.wrong == entry["wrong"] != 0
        assert [node.verified for node in campus_boards(db, world.hub.replica)] == [None]
