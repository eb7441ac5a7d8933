"""A stick is cut off, flipped, swapped, forged or a bomb: one clear word, and nothing applied (DESIGN §4)."""

from __future__ import annotations

import hashlib
import random
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import zstandard

from shared.records.places import CalendarDay
from shared.records.pupils import Pupil
from sync.age import decrypted, encrypted, identity_of
from sync.body import dumped
from sync.bundle import BUNDLE_VERSION, MAGIC, Label, statement, suggested_name, write_bundle
from sync.errors import BadMessage, BundleRefused, SyncError, UpgradeNeeded
from sync.keys import sign
from sync.steps.enrol import enrol, issue_code
from tests.support.world import CLERK_A, DAY_A, DirectHub, World, new_site, sync_state
from tests.sync.by_stick import load, request
from tests.sync.test_exchange import busy_day

CODES = {"bundle_cut", "bundle_damaged", "bundle_not_one", "bundle_not_for_us"}


@pytest.fixture
def file(world: World) -> bytes:
    """A bundle of node A's for the hub, of some kilobytes."""
    busy_day(world, 6)
    with world["A"].write(CLERK_A) as w:
        w.insert(*(Pupil(id=w.mint("A"), name=f"学生{number}") for number in range(200)))
    return request(world["A"]).file


def code_of(world: World, file: bytes) -> str:
    """The code with which the hub refuses a file."""
    with pytest.raises(SyncError) as caught:
        load(world.hub, file)
    assert caught.value.advice in ("needs_person", "needs_upgrade")
    return caught.value.code


def test_a_file_cut_off_anywhere_is_said_to_be_cut_off(world: World, file: bytes) -> None:
    """Half-copied: clear error, nothing applied."""
    assert len(file) > 5_000
    before = sync_state(world.hub)
    cuts = [*range(997, len(file), 997), *range(1, 40), *range(len(file) - 70, len(file) - 1)]
    assert {code_of(world, file[:cut]) for cut in cuts} == {"bundle_cut"}
    assert code_of(world, b"") == "bundle_not_one"
    assert sync_state(world.hub) == before
    assert not load(world.hub, file).again


@pytest.mark.parametrize("seed", range(4), ids=lambda seed: f"seed_{seed}")
def test_one_flipped_bit_anywhere_is_noticed(world: World, file: bytes, seed: int) -> None:
    before, chance = sync_state(world.hub), random.Random(seed)
    for _ in range(120):
        at, bit = chance.randrange(len(file) - 1), chance.randrange(8)
        flipped = bytearray(file)
        flipped[at] ^= 1 << bit
        assert code_of(world, bytes(flipped)) in CODES, (at, bit)
    assert sync_state(world.hub) == before


def test_a_flip_behind_the_keys_is_called_damage(world: World, file: bytes) -> None:
    """Within the first lines nobody can tell a foreign file from a damaged one, and the words say so."""
    lines = file.split(b"\n")
    lines[len(lines) // 2] = lines[len(lines) // 2][::-1]
    assert code_of(world, b"\n".join(lines)) == "bundle_damaged"


def test_what_chat_apps_do_to_a_file_does_no_harm(world: World, file: bytes, tmp_path: Path) -> None:
    """Another name, read-only, other line ends, blanks around it."""
    renamed = tmp_path / "IMG_2041.jpg"
    renamed.write_bytes(b"\r\n" + file.replace(b"\n", b"\r\n") + b"\r\n \n")
    renamed.chmod(0o400)
    assert load(world.hub, renamed.read_bytes()).report.changesets_up == 13


def test_two_schools_cannot_read_each_others_sticks(world: World, file: bytes, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    hub, node = (new_site(tmp_path / "other", name, seed="another school") for name in ("hub", "A"))
    enrol(node.replica, node.db, DirectHub(hub), issue_code(hub.db, hub.replica, campus="A"))
    for readers, stick in (((hub, node), file), (world.sites(), request(node).file)):
        for site in readers:
            with pytest.raises(BundleRefused, match="bundle_not_for_us"):
                load(site, stick)
    for site in (hub, node):
        site.db.close()


def forged(world: World, change: Callable[[Label], Label] = lambda label: label, **how: Any) -> bytes:
    """A bundle that somebody with the node's key, or without it, could make for the hub."""
    node = world["A"]
    label = change(request(node).label)
    seed = how.get("seed", node.replica.seed)
    return write_bundle(seed, world.hub.replica.verify_key, label, how.get("frames", [b"x"]))[1]


def test_whoever_has_no_key_cannot_write_a_bundle(world: World) -> None:
    """Anybody can encrypt to the hub: only the signature says who did."""
    before = sync_state(world.hub)
    assert code_of(world, forged(world, seed=bytes(32))) == "bundle_forged"
    assert code_of(world, forged(world, seed=world["B"].replica.seed)) == "bundle_forged"
    for_b = forged(world, lambda label: replace(label, reader=world["B"].replica.node))
    assert code_of(world, for_b) == "bundle_not_for_us"
    assert code_of(world, forged(world, lambda label: replace(label, writer="NSTRANGE"))) == "bundle_stranger"
    assert code_of(world, forged(world, lambda label: replace(label, kind="answer"))) == "bundle_not_for_us"
    assert sync_state(world.hub) == before


def content_of(world: World) -> bytes:
    """The content of an honest bundle, without hash and signature."""
    return decrypted(world.hub.replica.seed, request(world["A"]).file)[:-96]


def sealed(world: World, content: bytes) -> bytes:
    """Any content with a good hash and signature of node A."""
    digest = hashlib.sha256(content).digest()
    tail = digest + sign(world["A"].replica.seed, statement(digest))
    return encrypted(world.hub.replica.verify_key, content + tail)


def test_a_later_form_asks_for_an_upgrade(world: World) -> None:
    content = content_of(world)
    later = MAGIC + (BUNDLE_VERSION + 1).to_bytes(2, "big") + content[len(MAGIC) + 2 :]
    with pytest.raises(UpgradeNeeded, match="bundle_newer"):
        load(world.hub, sealed(world, later))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content[:-1],
        lambda content: content + b"x",
        lambda content: content[:17] + (5).to_bytes(4, "big") + content[21:],
        lambda content: content[:17] + (2**32 - 1).to_bytes(4, "big") + content[21:],
        lambda content: content[:21] + (2**32 - 1).to_bytes(4, "big") + content[25:],
        lambda content: content[:17],
        lambda content: content[:17] + bytes(8),
        lambda content: content.replace(b'"changesets":', b'"changesetz":'),
        lambda content: content.replace(b'"rows":', b'"rows":-'),
        lambda content: content.replace(b'"complete":true', b'"complete":1   '),
    ],
)
def test_a_misshapen_bundle_with_a_good_signature_is_refused_by_name(world: World, spoil) -> None:
    before = sync_state(world.hub)
    assert code_of(world, sealed(world, spoil(content_of(world)))) == "bundle_damaged"
    assert sync_state(world.hub) == before


def test_one_bad_frame_among_good_ones_and_nothing_of_the_bundle_is_applied(world: World) -> None:
    """A bundle is one transaction."""
    busy_day(world)
    world["A"].limit(frame_rows=1)
    made = request(world["A"])
    frames = _frames(decrypted(world.hub.replica.seed, made.file))
    before = sync_state(world.hub)
    with pytest.raises(BadMessage):
        load(world.hub, forged(world, frames=[*frames[:-1], frames[-1][:-3]]))
    bomb = zstandard.ZstdCompressor().compress(bytes(70_000_000))
    with pytest.raises(BadMessage, match="inflates_too_far"):
        load(world.hub, forged(world, frames=[*frames[:-1], bomb]))
    assert code_of(world, forged(world, frames=[])) == "bundle_damaged"
    assert len(frames) > 2 and sync_state(world.hub) == before
    assert load(world.hub, made.file).report.changesets_up > 0


def _frames(payload: bytes) -> list[bytes]:
    at, pieces = len(MAGIC) + 6, []
    while at < len(payload) - 96:
        size = int.from_bytes(payload[at : at + 4], "big")
        pieces.append(payload[at + 4 : at + 4 + size])
        at += 4 + size
    return pieces[1:]


def test_limits_are_parameters(world: World, file: bytes) -> None:
    world.hub.limit(bundle_bytes=len(file) - 1)
    assert code_of(world, file) == "bundle_too_large"
    world.hub.limit(bundle_bytes=len(file), bundle_frames=0)
    assert code_of(world, file) == "bundle_damaged"


def test_a_member_of_a_later_label_is_passed_over(world: World) -> None:
    """C12: a newer release may say more about its bundle."""
    content = content_of(world)
    size = int.from_bytes(content[21:25], "big")
    label = content[25 : 25 + size].replace(b'{"kind"', b'{"a_later_word":1,"kind"')
    assert len(label) > size
    load(world.hub, sealed(world, content[:21] + len(label).to_bytes(4, "big") + label + content[25 + size :]))


def test_a_carrier_reads_nothing(world: World) -> None:
    """Neither names nor places nor how much: the file is one block of letters."""
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "secret words"})
    made = request(world["A"])
    for word in (b"secret words", b"tongxin", world["A"].replica.node.encode(), dumped("A"), b"calendar"):
        assert word not in made.file
    assert suggested_name(made.label) == "tongxin-A-to-hub-20260901-081001.age"


@pytest.mark.skipif(shutil.which("age") is None, reason="needs the age command, which is not installed")
def test_the_age_command_opens_one(world: World, file: bytes, tmp_path: Path) -> None:
    """The format is the published one: nobody depends on our code to read his own data."""
    (tmp_path / "key").write_text(identity_of(world.hub.replica.seed) + "\n")
    (tmp_path / "bundle").write_bytes(file)
    done = subprocess.run(
        ["age", "--decrypt", "-i", str(tmp_path / "key"), str(tmp_path / "bundle")], capture_output=True, check=True
    )
    assert done.stdout == decrypted(world.hub.replica.seed, file)
    written = subprocess.run(
        ["age", "--encrypt", "-i", str(tmp_path / "key")], input=done.stdout, capture_output=True, check=True
    )
    assert load(world.hub, written.stdout).report.changesets_up == 13
