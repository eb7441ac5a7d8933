"""Enrolment by a one-time code (DESIGN §4): what proves whom, and every way in which it is refused."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sync.errors import BadMessage, CodeRefused, HubUnreachable
from sync.exchange import run_exchange
from sync.steps.enrol import enrol, issue_code, serve_enrol
from tests.support.world import Site, World, make_world, new_site


@dataclass
class Door:
    """The hub's enrolment door, with something between: implements HubPort."""

    hub: Site
    on_the_way: Callable[[bytes], bytes] = bytes
    on_the_way_back: Callable[[bytes], bytes] = bytes

    def enrol(self, request: bytes) -> bytes:
        """See `sync.protocol.HubPort`."""
        answer = serve_enrol(self.hub.replica, self.hub.db, self.on_the_way(request))
        return self.on_the_way_back(answer)

    def exchange(self, sealed: bytes) -> bytes:
        """Not this door's business."""
        raise NotImplementedError


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Site]:
    site = new_site(tmp_path, "hub")
    yield site
    site.db.close()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Site]:
    site = new_site(tmp_path, "A")
    yield site
    site.db.close()


def code_of(hub: Site, campus: str = "A", valid_ms: int | None = None) -> str:
    return issue_code(hub.db, hub.replica, campus=campus, valid_ms=valid_ms)


def test_after_enrolment_each_side_knows_the_other(hub: Site, node: Site) -> None:
    found = enrol(node.replica, node.db, Door(hub), code_of(hub))
    assert (found.hub_node, found.campus) == (hub.replica.node, "A")
    assert hub.value("SELECT verify_key FROM _node WHERE node = ?", node.replica.node) == node.replica.verify_key
    assert node.value("SELECT verify_key FROM _node WHERE node = ?", hub.replica.node) == hub.replica.verify_key


def test_a_code_may_be_typed_as_people_type(hub: Site, node: Site) -> None:
    """Lower case, other blanks, and O, I, L where 0 and 1 are meant."""
    code = code_of(hub)
    typed = " ".join(code.lower().split("-")).replace("0", "o").replace("1", "l")
    assert enrol(node.replica, node.db, Door(hub), typed).campus == "A"


def test_the_code_itself_is_neither_stored_nor_sent(hub: Site, node: Site) -> None:
    code, sent = code_of(hub), []
    enrol(node.replica, node.db, Door(hub, lambda request: sent.append(request) or request), code)  # type: ignore[func-returns-value]
    everything = repr(hub.rows("SELECT * FROM _code")).encode() + sent[0]
    assert code.encode() not in everything
    assert code.replace("-", "").encode() not in everything


def refusal(hub: Site, node: Site, code: str) -> object:
    with pytest.raises(CodeRefused) as caught:
        enrol(node.replica, node.db, Door(hub), code)
    assert caught.value.advice == "needs_person"
    return caught.value.data["reason"]


def test_an_unknown_code_is_refused(hub: Site, node: Site) -> None:
    code_of(hub)
    assert refusal(hub, node, "AAAA-BBBB-CCCC-DDDD") == "unknown"
    assert refusal(hub, node, "") == "unknown"


def test_an_expired_code_is_refused(hub: Site, node: Site) -> None:
    code = code_of(hub, valid_ms=60_000)
    hub.clock.wait_ms(60_001)
    assert refusal(hub, node, code) == "expired"
    assert hub.value("SELECT count(*) FROM _node WHERE role = 'node'") == 0


def test_a_code_is_good_for_one_node(hub: Site, node: Site, tmp_path: Path) -> None:
    code = code_of(hub)
    enrol(node.replica, node.db, Door(hub), code)
    other = new_site(tmp_path, "other")
    assert refusal(hub, other, code) == "used"
    other.db.close()


def test_a_lost_reply_may_be_asked_for_again_by_the_same_node(hub: Site, node: Site) -> None:
    """C11 at the front door."""

    def lost(answer: bytes) -> bytes:
        raise HubUnreachable()

    code = code_of(hub)
    with pytest.raises(HubUnreachable):
        enrol(node.replica, node.db, Door(hub, on_the_way_back=lost), code)
    assert enrol(node.replica, node.db, Door(hub), code).campus == "A"
    assert hub.value("SELECT count(*) FROM _node WHERE role = 'node'") == 1


def test_a_node_name_with_another_key_is_refused(hub: Site, node: Site, tmp_path: Path) -> None:
    """Nobody takes over a name, the hub's least of all."""
    enrol(node.replica, node.db, Door(hub), code_of(hub))
    thief = new_site(tmp_path, "thief", seed="thief")
    for name in (node.replica.node, hub.replica.node):
        object.__setattr__(thief.replica, "node", name)
        assert refusal(hub, thief, code_of(hub)) == "used"
    thief.db.close()


def changed(**values: Any) -> Callable[[bytes], bytes]:
    return lambda raw: json.dumps({**json.loads(raw), **values}).encode()


@pytest.mark.parametrize(
    "values", [{"key": "00" * 32}, {"node": "N0000000"}, {"mac": "0" * 64}, {"mac": "假"}, {"mac": 7}, {"mac": None}],
    ids=str,
)  # fmt: skip
def test_a_changed_request_proves_nothing(hub: Site, node: Site, values: dict[str, Any]) -> None:
    with pytest.raises(CodeRefused):
        enrol(node.replica, node.db, Door(hub, changed(**values)), code_of(hub))
    assert hub.value("SELECT count(*) FROM _node WHERE role = 'node'") == 0


@pytest.mark.parametrize(
    "values", [{"key": "00" * 32}, {"node": "H0000000"}, {"campus": "B"}, {"mac": "0" * 64}, {"mac": "假"}], ids=str
)
def test_a_forged_answer_is_refused(hub: Site, node: Site, values: dict[str, Any]) -> None:
    """The node knows the hub by the code as well."""
    with pytest.raises(BadMessage) as caught:
        enrol(node.replica, node.db, Door(hub, on_the_way_back=changed(**values)), code_of(hub))
    assert caught.value.code in ("forged_hub", "damaged")
    assert node.value("SELECT count(*) FROM _setting WHERE name = 'hub_node'") == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"[]", b"7", b"null", b"{}", b'{"mac": 1}', b"[" * 4_000, b"\xff\xfe",
        b'{"mac":"x","id":"x","node":"N1234567","key":"zz"}', b'{"mac":"x","id":"x","node":"N1234567","key":7}',
        b'{"mac":"x","id":"x","node":"N 34567/","key":"' + b"00" * 32 + b'"}',
        b'{"mac":"x","id":"x","node":"N1234567","key":"' + b"00" * 31 + b'"}',
        b'{"mac":"x","id":"\\ud800","node":"N1234567","key":"' + b"00" * 32 + b'"}',
        b'{"mac":"x","id":"x","\\ud800":"x","node":"N1234567","key":"' + b"00" * 32 + b'"}',
    ],
    ids=lambda raw: repr(raw[:24]),
)  # fmt: skip
def test_whatever_knocks_gets_an_answer_by_name(hub: Site, raw: bytes) -> None:
    code_of(hub)
    with pytest.raises((BadMessage, CodeRefused)):
        serve_enrol(hub.replica, hub.db, raw)
    assert hub.value("SELECT count(*) FROM _node") == 1


def test_a_node_of_one_campus_is_not_moved_by_another_campuss_code(world: World) -> None:
    """Its scopes are hub-written; a second code must not leave the two sides of two minds."""
    node = world["A"]
    code = issue_code(world.hub.db, world.hub.replica, campus="B")
    with pytest.raises(CodeRefused):
        enrol(node.replica, node.db, world.port, code)
    assert node.value("SELECT value FROM _setting WHERE name = 'campus'") == "A"
    assert run_exchange(node.replica, node.db, world.port).done


def test_worlds_of_one_seed_are_alike(tmp_path: Path) -> None:
    """What the tests stand on."""
    texts = []
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        world = make_world(tmp_path / folder, seed=7)
        texts.append((world["A"].replica.node, world["A"].replica.boot, world.hub.rows("SELECT hash FROM _changeset")))
        world.close()
    assert texts[0] == texts[1]
