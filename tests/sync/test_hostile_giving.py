"""A node that gives back to a restored hub what that never said: refused by name, nothing stored (C9, C10, C11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import zstandard

from shared.records.places import CalendarDay
from shared.records.pupils import Pupil
from sync.body import dumped
from sync.chain import entry_hash, scope_statement
from sync.entries import told_since
from sync.errors import BadMessage
from sync.keys import seal, sign, unseal
from sync.log import read_changeset
from sync.replica import setting
from sync.steps.fill import filling, wanted
from sync.steps.give_back import giving, shared_places
from sync.steps.hello import ask, peer_keys
from sync.steps.push import FrameSize
from sync.wire import PieceReader, pack, unpack
from tests.support.world import CLERK_A, CLERK_B, DAY_A, DAY_B, PUPIL_A, Site, World, assert_same_tables, sync_state

ROOMY = FrameSize(20_000, 1_000_000)


def say(world: World, node: Site, **head: Any) -> tuple[dict[str, Any], PieceReader]:
    """One request with any head and pieces, past the node's own checks."""
    pieces = head.pop("pieces", ())
    told = {**ask(node.replica, node.db), "push": [], "complete": False, **head}
    hub = peer_keys(node.db)[setting(node.db, "hub_node")]
    sealed = seal(node.replica.seed, hub, pack(told, pieces, node.replica.limits))
    answer = world.port.exchange(node.replica.node.encode() + sealed)
    found, got = unpack(unseal(node.replica.seed, hub, answer), node.replica.limits)
    return found, PieceReader(got)


@pytest.fixture
def lost(world: World) -> World:
    """A world whose hub has lost a day of node A: three changesets, one refused."""
    backup = world.hub.backup_bytes()
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "by A"})
        w.update(Pupil, PUPIL_A, {"name": "of A"})
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, DAY_B, {"note": "not ours"})
    world.sync("A")
    world.hub.restore(backup)
    return world


def honest(world: World, node: Site) -> tuple[dict[str, Any], list[bytes]]:
    """The frame that an honest node would give."""
    told, reader = say(world, node)
    frame = giving(node.replica, node.db, told, shared_places(node.db, told, reader), set(), ROOMY)
    assert frame is not None
    return frame.head, frame.pieces


Tampering = Callable[[dict[str, Any], list[bytes], World], None]


def in_entry(at: int, value: Any, row: int = 0) -> Tampering:
    def tamper(gives: dict[str, Any], pieces: list[bytes], world: World) -> None:
        gives["e"][row][at] = value

    return tamper


def accept_the_refused(gives: dict[str, Any], pieces: list[bytes], world: World) -> None:
    refused = next(entry for entry in gives["e"] if entry[8] == "refused")
    refused[8:11] = ["accepted", "", "{}"]


def flip(index: int, at: int = 20) -> Tampering:
    def tamper(gives: dict[str, Any], pieces: list[bytes], world: World) -> None:
        raw = bytearray(pieces[index])
        raw[at % len(raw)] ^= 1
        pieces[index] = bytes(raw)

    return tamper


def flip_signature(gives: dict[str, Any], pieces: list[bytes], world: World) -> None:
    flip(_first_signature(gives))(gives, pieces, world)


def flip_head(gives: dict[str, Any], pieces: list[bytes], world: World) -> None:
    flip(_first_signature(gives) + 2 * len(gives["g"]) - 1)(gives, pieces, world)


def _first_signature(gives: dict[str, Any]) -> int:
    """Where the first stretch's signature stands, behind what the entries took and the log's hash before."""
    return sum(2 + abs(entry[11]) for entry in gives["e"] if entry[11] is not None) + 1


def own_signature(gives: dict[str, Any], pieces: list[bytes], world: World) -> None:
    sign_as(world["A"].replica.seed, gives, pieces, world)


def other_school(gives: dict[str, Any], pieces: list[bytes], world: World) -> None:
    sign_as(bytes(range(32)), gives, pieces, world)


def sign_as(seed: bytes, gives: dict[str, Any], pieces: list[bytes], world: World) -> None:
    """The honest chain, signed by somebody else."""
    node, at = world["A"], _first_signature(gives)
    hash_, scope = pieces[at - 1], gives["g"][0][0]
    first = gives["e"][0][1]
    for entry, n, _ in list(told_since(node.db, scope, first - 1))[: gives["g"][0][1]]:
        hash_ = entry_hash(hash_, entry.hashed(read_changeset(node.db, n).hash))
    pieces[at] = sign(seed, scope_statement(scope, gives["e"][gives["g"][0][1] - 1][1], hash_))


def swap(gives: dict[str, Any], pieces: list[bytes], world: World) -> None:
    """Two entries of one stretch, without their changesets' pieces, in the other order."""
    gives["e"][0][6], gives["e"][1][6] = gives["e"][1][6] + 1, gives["e"][0][6]


def leave_out(gives: dict[str, Any], pieces: list[bytes], world: World) -> None:
    gone = gives["e"].pop(0)
    del pieces[: 2 + gone[11]]
    gives["g"][0][1] -= 1


def cut(gives: dict[str, Any], pieces: list[bytes], world: World) -> None:
    del pieces[-3:]


def claim_more(gives: dict[str, Any], pieces: list[bytes], world: World) -> None:
    gives["g"][0][1] += 1


def of_another_scope(gives: dict[str, Any], pieces: list[bytes], world: World) -> None:
    for entry in gives["e"]:
        entry[0] = "B"
    gives["g"] = [["B", len(gives["e"])]]


def only_the_last(gives: dict[str, Any], pieces: list[bytes], world: World) -> None:
    """A genuine stretch whose beginning is kept back."""
    gives["e"][0][4] += 5


# name of the lie → (what it changes in an honest frame, how the hub names it)
LIES: dict[str, tuple[Tampering, set[str]]] = {
    "a verdict the hub never gave": (accept_the_refused, {"bad_log"}),
    "another reason": (in_entry(9, "nothing"), {"bad_log"}),
    "an earlier receipt": (in_entry(6, 5), {"bad_log"}),
    "an earlier stamp": (in_entry(7, 5), {"bad_log"}),
    "another place in the log": (in_entry(1, 9_999), {"bad_log"}),
    "another kind": (in_entry(2, "release"), {"bad_log"}),
    "another changeset": (in_entry(5, "00" * 8), {"bad_chain"}),
    "another stream": (in_entry(3, "N0000000.XXXX"), {"bad_chain"}),
    "a seq beyond SQLite": (in_entry(4, 10**30), {"damaged"}),
    "a seq of text": (in_entry(4, "x"), {"damaged"}),
    "a place without end": (in_entry(1, float("inf")), {"damaged"}),
    "a lone surrogate": (in_entry(9, "\ud800"), {"damaged"}),
    "a count of parts beyond the message": (in_entry(11, 10**6), {"damaged"}),
    "entries in another order": (swap, {"bad_log"}),
    "an entry left out": (leave_out, {"bad_log", "bad_chain"}),
    "a changeset that follows nothing": (only_the_last, {"bad_chain"}),
    "a header changed": (flip(1), {"bad_chain"}),
    "a body changed": (flip(2), {"bad_chain"}),
    "the hub's signature changed": (flip_signature, {"bad_log"}),
    "signed by the node itself": (own_signature, {"bad_log"}),
    "signed by another school's hub": (other_school, {"bad_log"}),
    "a writer's signature changed": (flip_head, {"bad_signature"}),
    "truncated": (cut, {"damaged"}),
    "a stretch longer than its entries": (claim_more, {"damaged", "bad_log"}),
    "a scope that the node does not hold": (of_another_scope, {"foreign_scope", "bad_chain"}),
}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_in_what_is_given_back_is_refused_by_name(lost: World, name: str) -> None:
    """Nothing of the frame is stored; the honest frame is still taken afterwards."""
    tamper, codes = LIES[name]
    node = lost["A"]
    gives, pieces = honest(lost, node)
    before = sync_state(lost.hub)
    tamper(gives, pieces, lost)
    with pytest.raises(BadMessage) as caught:
        if name == "a lone surrogate":
            # JSON can say what UTF-8 cannot (TRAPS 11): such bytes never come from `pack`.
            send_raw(lost, node, gives, pieces)
        else:
            say(lost, node, gives=gives, pieces=pieces)
    assert caught.value.code in codes
    assert sync_state(lost.hub) == before
    lost.settle()
    assert_same_tables(lost)


def send_raw(world: World, node: Site, gives: dict[str, Any], pieces: list[bytes]) -> None:
    gives["e"][0][9] = "SURROGATE"
    told = {**ask(node.replica, node.db), "push": [], "complete": False, "gives": gives}
    raw = dumped(told).replace(b"SURROGATE", b"\\ud800")
    framed = b"".join(len(piece).to_bytes(4, "big") + piece for piece in (raw, *pieces))
    message = zstandard.ZstdCompressor().compress(framed)
    hub = peer_keys(node.db)[setting(node.db, "hub_node")]
    world.port.exchange(node.replica.node.encode() + seal(node.replica.seed, hub, message))


@pytest.mark.parametrize(
    "gives",
    [
        {"e": 7}, {"e": [7]}, {"e": [[]]}, {"g": 7}, {"g": [7]}, {"g": [["con", 0]]}, {"g": [["con", -1]]},
        {"g": [["con", "x"]]}, {"g": []}, {"h": 7}, {"h": [[1, 2, 3]]}, {"h": [["x", "con", "zz"]]},
        {"h": [["x", "con", "00"]]}, {"b": 7}, {"b": [7]}, {"b": [["x", "con", "00", 1]]},
        {"b": [["x", "con", "00", -1]]},
    ],
    ids=str,
)  # fmt: skip
def test_a_malformed_frame_never_breaks_the_hub(lost: World, gives: dict[str, Any]) -> None:
    node = lost["A"]
    told, pieces = honest(lost, node)
    before = sync_state(lost.hub)
    with pytest.raises(BadMessage) as caught:
        say(lost, node, gives={**told, **gives}, pieces=[*pieces, bytes(64)])
    assert caught.value.code in ("damaged", "unknown_changeset", "foreign_origin")
    assert sync_state(lost.hub) == before


def test_an_oversized_frame_is_refused(lost: World) -> None:
    node = lost["A"]
    gives, pieces = honest(lost, node)
    lost.hub.limit(message_bytes=500)
    before = sync_state(lost.hub)
    with pytest.raises(BadMessage) as caught:
        say(lost, node, gives=gives, pieces=pieces)
    assert (caught.value.code, sync_state(lost.hub)) == ("too_large", before)


def test_a_frame_for_another_epoch_is_answered_and_not_stored(lost: World) -> None:
    """The hub was put back once more while the frame was under way."""
    node = lost["A"]
    gives, pieces = honest(lost, node)
    before = sync_state(lost.hub)
    told, _ = say(lost, node, gives={**gives, "to": "ELSEWHERE0"}, pieces=pieces)
    assert told["epoch"] == setting(lost.hub.db, "epoch")
    assert sync_state(lost.hub) == before


def test_a_frame_given_twice_has_no_second_effect(lost: World) -> None:
    """C11."""
    node = lost["A"]
    gives, pieces = honest(lost, node)
    say(lost, node, gives=gives, pieces=pieces)
    before = sync_state(lost.hub)
    say(lost, node, gives=gives, pieces=pieces)
    assert sync_state(lost.hub) == before


@pytest.fixture
def hollow(world: World) -> World:
    """A world whose hub has two refused changesets, one of each campus's node, as holes, and asks for them."""
    for name, day, author in (("A", DAY_B, CLERK_A), ("B", DAY_A, CLERK_B)):
        with world[name].write(author) as w:
            w.update(CalendarDay, day, {"note": f"by {name}"})
    world.settle()
    world.hub.db.conn.execute("UPDATE _changeset SET parts = NULL, state = 'hole' WHERE state = 'quarantined'")
    return world


Answering = Callable[[list[list[Any]], list[bytes], World], None]


def another_body(named: list[list[Any]], pieces: list[bytes], world: World) -> None:
    pieces[0] = pieces[0].replace(b"by A", b"by X")


def more_parts(named: list[list[Any]], pieces: list[bytes], world: World) -> None:
    named[0][3] += 1
    pieces.append(b"[]")


def no_parts(named: list[list[Any]], pieces: list[bytes], world: World) -> None:
    named[0][3] = 0


def more_parts_than_there_are(named: list[list[Any]], pieces: list[bytes], world: World) -> None:
    named[0][3] = 10**6


def of_another_node(named: list[list[Any]], pieces: list[bytes], world: World) -> None:
    """What campus B's node wrote; that it would be the right body does not matter."""
    [[origin, scope, hash_]] = wanted(world.hub.db, world["B"].replica.node, 9)
    named[0] = [origin, scope, hash_, 1]


def of_nothing(named: list[list[Any]], pieces: list[bytes], world: World) -> None:
    named[0][2] = "00" * 32


def twice_and_once_wrong(named: list[list[Any]], pieces: list[bytes], world: World) -> None:
    named += [named[0], named[0]]
    pieces += [pieces[0], b"[]"]


ANSWERS: dict[str, tuple[Answering, str]] = {
    "another body": (another_body, "bad_body"),
    "one part more": (more_parts, "bad_body"),
    "no part at all": (no_parts, "bad_body"),
    "more parts than there are": (more_parts_than_there_are, "damaged"),
    "another node's": (of_another_node, "foreign_origin"),
    "nobody's": (of_nothing, "unknown_changeset"),
    "a right one and a wrong one": (twice_and_once_wrong, "bad_body"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_lie_in_answer_to_a_wanted_body_is_refused_by_name(hollow: World, name: str) -> None:
    """C9, C10: the body is known by its hash; nothing of the message is stored, and the honest answer still counts."""
    tamper, code = ANSWERS[name]
    node, epoch = hollow["A"], setting(hollow.hub.db, "epoch")
    told, _ = say(hollow, node)
    frame = filling(node.db, told["wanted"], set(), ROOMY)
    before = sync_state(hollow.hub)
    tamper(frame.head, frame.pieces, hollow)
    with pytest.raises(BadMessage) as caught:
        say(hollow, node, gives={"to": epoch, "b": frame.head}, pieces=frame.pieces)
    assert (caught.value.code, sync_state(hollow.hub)) == (code, before)
    hollow.settle()
    assert hollow.hub.value("SELECT count(*) FROM _changeset WHERE state = 'hole'") == 0
    assert_same_tables(hollow)


def test_a_body_that_nobody_asked_for_changes_nothing(hollow: World) -> None:
    """C11: an answer may have been lost; what is no hole any more is passed over, whatever state it is in."""
    node, epoch = hollow["A"], setting(hollow.hub.db, "epoch")
    told, _ = say(hollow, node)
    frame = filling(node.db, told["wanted"], set(), ROOMY)
    hollow.settle()
    sql = "SELECT name, scope, lower(hex(hash)) FROM _changeset JOIN _origin USING (o) WHERE node = ? AND reason <> ''"
    names = [[*name, 1] for name in node.rows(sql, node.replica.node)]
    assert names == frame.head
    before = sync_state(hollow.hub)
    say(hollow, node, gives={"to": epoch, "b": frame.head}, pieces=frame.pieces)
    assert sync_state(hollow.hub) == before


@pytest.mark.parametrize("gives", [{"b": 7}, {"b": [7]}, {"b": [["x", "con", "zz", 1]]}, {"b": [[1, 2, 3, 4]]}, {}, 7])
def test_a_malformed_answer_never_breaks_the_hub(hollow: World, gives: Any) -> None:
    node, before = hollow["A"], sync_state(hollow.hub)
    if gives in ({}, 7):
        say(hollow, node, gives=gives)
    else:
        with pytest.raises(BadMessage):
            say(hollow, node, gives=gives, pieces=[b"[]"])
    assert sync_state(hollow.hub) == before


@pytest.mark.parametrize("wants", [7, "x", [7], [["x"]], [["x", "con", "zz"]], [["é", "con", "00"]]], ids=str)
def test_a_hub_that_asks_for_nonsense_is_told_so_by_the_node(hollow: World, wants: Any) -> None:
    with pytest.raises(BadMessage) as caught:
        filling(hollow["A"].db, wants, set(), ROOMY)
    assert caught.value.code == "damaged"
