"""Node and hub that only a mailbox connects: they agree, others read nothing, it is left tidy (C10, C11, C14)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from shared.records.places import CalendarDay
from shared.records.pupils import RosterGroup
from sync.bundle import write_bundle
from sync.by_file import make_request
from sync.errors import MailboxUnreachable, NotEnrolled
from sync.http import WebdavMailbox
from sync.mailbox import Slot, Visit, visit_as_hub, visit_as_node
from sync.protocol import PART, Mailbox
from sync.sftp import SftpMailbox
from sync.status import backlog, record_state
from sync.steps.enrol import enrol, issue_code, revoke
from tests.mailbox.servers import PASSWORD, USER, sftp_server, webdav_server
from tests.support.world import (
    CLERK_A,
    DAY_A,
    GROUP_A,
    OFFICE,
    DirectHub,
    RolesInTables,
    World,
    assert_same_tables,
    make_world,
    new_site,
    sync_state,
)
from tests.sync.test_exchange import busy_day


@dataclass
class Drawer:
    """A mailbox in memory; `fail_at` counts down the calls until one finds the line down."""

    files: dict[str, bytes] = field(default_factory=dict)
    got: list[str] = field(default_factory=list)
    fail_at: int = -1

    def _call(self) -> None:
        self.fail_at -= 1
        if self.fail_at == 0:
            raise MailboxUnreachable()

    def names(self) -> list[str]:
        """See `Mailbox.names`."""
        self._call()
        return sorted(self.files)

    def get(self, name: str, bytes_max: int) -> bytes:
        """See `Mailbox.get`."""
        self._call()
        self.got.append(name)
        return self.files.get(name, b"")[: bytes_max + 1]

    def put(self, name: str, data: bytes) -> None:
        """See `Mailbox.put`; a line that fails leaves half of it."""
        self.files[name + PART] = data[: len(data) // 2]
        self._call()
        del self.files[name + PART]
        self.files[name] = data

    def delete(self, name: str) -> None:
        """See `Mailbox.delete`."""
        self._call()
        self.files.pop(name, None)

    def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path)
    yield made
    made.close()


def node_visit(world: World, name: str, box: Mailbox) -> Visit:
    world.wait_ms(1_000)
    return visit_as_node(world[name].replica, world[name].db, box)


def hub_visit(world: World, box: Mailbox) -> Visit:
    world.wait_ms(1_000)
    return visit_as_hub(world.hub.replica, world.hub.db, box, RolesInTables())


def settle_by_post(world: World, box: Mailbox, rounds: int = 3) -> None:
    for _ in range(rounds):
        for name in world.nodes:
            node_visit(world, name, box)
        hub_visit(world, box)
        for name in world.nodes:
            node_visit(world, name, box)
        hub_visit(world, box)


@pytest.mark.parametrize("kind", ["webdav", "sftp"])
def test_campuses_that_only_a_mailbox_connects_agree(world: World, tmp_path: Path, kind: str) -> None:
    """Over a real server of each kind, with real files."""
    root = tmp_path / "served"
    root.mkdir()
    busy_day(world)
    if kind == "webdav":
        with webdav_server(root) as server:
            box: Mailbox = WebdavMailbox(f"{server.url}/box", user=USER, password=PASSWORD)
            settle_by_post(world, box)
            box.close()
    else:
        with sftp_server(root) as server:
            box = SftpMailbox(
                "127.0.0.1", server.port, "box", user=USER, password=PASSWORD, host_key=server.host_key
            )
            settle_by_post(world, box)
            box.close()
    assert_same_tables(world)
    assert all(backlog(node.db) == (0, 0) for node in world.nodes.values())
    # What is answered is cleared away: at most one file lies there for each way and campus.
    assert len(list((root / "box").iterdir())) <= 2 * len(world.nodes)


def test_synced_is_said_when_the_answer_was_taken(world: World) -> None:
    """C14: what lies in the mailbox is not at the hub."""
    node, box = world["A"], Drawer()
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "x"})
    assert not node_visit(world, "A", box).done
    assert record_state(node.db, node.replica, CalendarDay, DAY_A) == "pending"
    assert hub_visit(world, box).changesets_up == 1
    assert record_state(node.db, node.replica, CalendarDay, DAY_A) == "pending"
    assert node_visit(world, "A", box).done
    assert record_state(node.db, node.replica, CalendarDay, DAY_A) == "received"
    assert box.files == {}


def test_what_lies_there_already_is_not_sent_again(world: World) -> None:
    """Data costs money: a node that looks every hour before the hub comes sends once."""
    node, box = world["A"], Drawer()
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "x"})
    node_visit(world, "A", box)
    before = dict(box.files)
    assert node_visit(world, "A", box).sent == 0
    assert box.files == before
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "y"})
    assert node_visit(world, "A", box).sent == 1
    assert len(box.files) == 1 and box.files != before


def test_names_say_nothing_and_others_files_are_not_even_read(world: World, tmp_path: Path) -> None:
    """DESIGN §4: a mailbox may hold another school's bundles, and anything else."""
    box = Drawer()
    (tmp_path / "other").mkdir()
    hub, node = (new_site(tmp_path / "other", name, seed="another school") for name in ("hub", "A"))
    enrol(node.replica, node.db, DirectHub(hub), issue_code(hub.db, hub.replica, campus="A"))
    visit_as_node(node.replica, node.db, box)
    box.files |= {"holiday photos.zip": b"x", "0" * 40: b"y", "b" * 41: b"", "名": b""}
    foreign = dict(box.files)
    busy_day(world)
    settle_by_post(world, box)
    assert_same_tables(world)
    assert foreign.items() <= box.files.items()
    assert not set(box.got) & set(foreign)
    visit_as_hub(hub.replica, hub.db, box, RolesInTables())
    assert visit_as_node(node.replica, node.db, box).done
    ours = {name for name in box.got if name not in foreign}
    assert len({name[20:] for name in ours}) == len(ours) > 4
    assert all(name.isascii() and name.isalnum() and name == name.lower() for name in ours)
    for site in (hub, node):
        site.db.close()


def test_half_a_file_is_never_read_and_cleared_away_by_who_left_it(world: World) -> None:
    node, box = world["A"], Drawer()
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "x"})
    box.fail_at = 2
    with pytest.raises(MailboxUnreachable):
        node_visit(world, "A", box)
    assert [name.endswith(PART) for name in box.files] == [True]
    hub_visit(world, box)
    assert box.got == [] and len(box.files) == 1
    node_visit(world, "A", box)
    assert [name.endswith(PART) for name in box.files] == [False]


def test_spoilt_files_are_counted_cleared_away_and_said_again(world: World) -> None:
    node, box = world["A"], Drawer()
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "x"})
    node_visit(world, "A", box)
    [name] = box.files
    box.files[name] = box.files[name][:-30]
    before = sync_state(world.hub)
    assert hub_visit(world, box).refused == ["bundle_damaged"]
    assert (box.files, sync_state(world.hub)) == ({}, before)
    node_visit(world, "A", box)
    assert hub_visit(world, box).changesets_up == 1


def test_a_revoked_campus_is_neither_read_nor_answered(world: World) -> None:
    box = Drawer()
    node_visit(world, "A", box)
    revoke(world.hub.db, world.hub.replica, world["A"].replica.node)
    hub_visit(world, box)
    assert (box.got, len(box.files)) == ([], 1)


@pytest.mark.parametrize("writer", ["N0000000", "B"])
def test_a_file_in_a_stranger_s_or_revoked_node_s_name_stops_nobody_else(world: World, writer: str) -> None:
    """C9: one node puts what only its hub can name, with another's name on it; every other campus is heard."""
    box, hub, node = Drawer(), world.hub, world["A"]
    revoke(hub.db, hub.replica, world["B"].replica.node)
    made = make_request(node.replica, node.db)
    label = replace(made.label, writer=world["B"].replica.node if writer == "B" else writer)
    file = write_bundle(node.replica.seed, hub.replica.verify_key, label, [b"x"])[1]
    slot = Slot(node.replica.seed, hub.replica.verify_key, node.replica.node, hub.replica.node)
    box.files[slot.name(node.replica)] = file
    assert len(hub_visit(world, box).refused) == 1
    assert box.files == {}


def test_a_node_without_a_hub_says_so(tmp_path: Path) -> None:
    lone = new_site(tmp_path, "lone")
    with pytest.raises(NotEnrolled):
        visit_as_node(lone.replica, lone.db, Drawer())
    lone.db.close()


@pytest.mark.parametrize("seed", range(8), ids=lambda seed: f"seed_{seed}")
def test_a_line_that_fails_at_any_call_loses_and_repeats_nothing(tmp_path: Path, seed: int) -> None:
    """C11: visits break off anywhere, the direct line works now and then; all agree in the end."""
    chance, world, box = random.Random(seed), make_world(tmp_path, seed=seed), Drawer()
    for step in range(40):
        name = chance.choice(("A", "B", "hub"))
        site = world.hub if name == "hub" else world[name]
        if chance.random() < 0.4:
            with site.write(OFFICE if name == "hub" else CLERK_A) as w:
                w.update(RosterGroup, GROUP_A, {"name": f"{name} {step}"})
        if name != "hub" and chance.random() < 0.15:
            world.sync(name)
        box.fail_at = chance.choice((-1, -1, 1, 2, 3, 4, 5))
        try:
            hub_visit(world, box) if name == "hub" else node_visit(world, name, box)
        except MailboxUnreachable:
            continue
    box.fail_at = -1
    settle_by_post(world, box)
    assert_same_tables(world)
    assert not [name for name in box.files if name.endswith(PART)]
    world.close()
