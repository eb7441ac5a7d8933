"""A boarder's card from the home campus to the host, and gone again: two nodes and a hub (C10, DESIGN §2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from hub.cards import Delivered, deliver
from shared.records import CardDelivery, CardOrder, GroupMember, GuestCard, Pupil, PupilPrivate
from shared.schema import Value, find, select
from shared.web.cards.rules import state_of
from shared.web.cards.store import guest_cards, hosts_known_until, write_order, write_withdrawal
from sync.status import refusals
from sync.steps.erase import erase, erasures
from sync.verify import verify
from tests.support.world import CLERK_A, CLERK_B, OFFICE, PUPIL_A, World, assert_same_tables, make_world

PUPIL = PUPIL_A[0]
TODAY = "2026-09-01"
SECRET = ("苗先生", "13800138000", "花生过敏")


@pytest.fixture
def world(tmp_path) -> Iterator[World]:
    made = make_world(tmp_path)
    with made["A"].write(CLERK_A) as w:
        w.insert(
            GroupMember(group_id="A-21-x", member_id=PUPIL, begin="2026-09-01"),
            PupilPrivate(
                pupil_id=PUPIL, identity_number="110101201805010014", guardian=SECRET[0], guardian_phone=SECRET[1],
                health_note=SECRET[2],
            ),
        )  # fmt: skip
    made.settle()
    yield made
    made.close()


def ordered(world: World, **fields: str | None) -> str:
    node = world["A"]
    world.wait_ms(1_000)
    values: dict[str, Value] = {
        "pupil_id": PUPIL, "host_campus": "B", "purpose": "boarding", "may_collect": "外婆", "begin": TODAY,
        "end": None, "ordered_by": "A-1-x", "ordered_at": "2026-09-01T00:10:00.000Z", **fields,
    }  # fmt: skip
    return write_order(node.replica, node.db, CLERK_A, values)


def withdrawn(world: World, order: str) -> None:
    world.wait_ms(1_000)
    write_withdrawal(world["A"].replica, world["A"].db, CLERK_A, order, reason="转回本校走读", token=None)


def sync(world: World, name: str) -> Delivered:
    """One run of a node, and what the hub does after it."""
    world.sync(name)
    return looked(world)


def looked(world: World) -> Delivered:
    world.wait_ms(1_000)
    return deliver(world.hub.replica, world.hub.db)


def state(world: World, at: str, order: str) -> str:
    site = world.hub if at == "hub" else world[at]
    found, done = find(site.db, CardOrder, order), find(site.db, CardDelivery, order)
    assert found is not None
    known = hosts_known_until(site.db, site.replica).get("B")
    return state_of(found, done, known, date(2026, 9, 1))


def traces(world: World, name: str) -> list[str]:
    """Which of the guest's private words stand anywhere in a site's file."""
    site = world.hub if name == "hub" else world[name]
    data = site.backup_bytes()
    return [word for word in SECRET if word.encode() in data]


def test_a_card_goes_from_the_home_campus_to_the_host_and_nothing_else_does(world) -> None:
    order = ordered(world)
    assert state(world, "A", order) == "waiting"
    assert sync(world, "A") == Delivered(sent=1)
    world.sync("A")
    assert state(world, "A", order) == "sent"
    world.sync("B")
    [card] = guest_cards(world["B"].db, "B", TODAY)
    assert (card.name, card.class_name, card.guardian, card.guardian_phone, card.health_warning, card.may_collect) == (
        "学生A11", "一年级1班", *SECRET, "外婆"
    )  # fmt: skip
    for record in (CardOrder, CardDelivery, PupilPrivate):
        assert select(world["B"].db, record) == [], "the host holds the card alone"
    assert find(world["B"].db, Pupil, PUPIL) is None and select(world["A"].db, GuestCard) == []
    world.settle()
    assert state(world, "A", order) == state(world, "hub", order) == "received"
    assert looked(world) == Delivered(), "a second look finds nothing to do"
    assert_same_tables(world)


def test_a_withdrawn_card_is_erased_everywhere_with_proof_and_the_chain_still_verifies(world) -> None:
    """C10."""
    order = ordered(world)
    sync(world, "A")
    world.settle()
    assert guest_cards(world["B"].db, "B", TODAY)
    withdrawn(world, order)
    assert state(world, "A", order) == "ending"
    assert sync(world, "A") == Delivered(erased=1)
    world.sync("A")
    assert state(world, "A", order) == "erased"
    world.settle()
    assert state(world, "A", order) == "erased_there"
    assert guest_cards(world["B"].db, "B", TODAY) == [] == world["B"].rows("SELECT * FROM guest_card")
    [proof] = erasures(world["B"].db)
    delivery = find(world["A"].db, CardDelivery, order)
    assert delivery is not None and (delivery.hub_seq, delivery.proof) == (proof.hub_seq, proof.log_hash)
    assert proof.by == "A-1-x: 转回本校走读" and len(proof.log_hash) == 64
    for site in world.sites():
        assert verify(site.replica, site.db) == [], site.name
    assert_same_tables(world)


def test_the_erased_card_leaves_no_word_in_the_host_s_log(world) -> None:
    order = ordered(world)
    sync(world, "A")
    world.settle()
    logged = "SELECT count(*) FROM _changeset WHERE scope = 'B' AND parts IS NOT NULL"
    before = world["B"].value(logged)
    withdrawn(world, order)
    sync(world, "A")
    world.settle()
    assert world["B"].value(logged) == before, "no changeset is dropped; the rows in them are blanked"
    world["B"].db.conn.execute("VACUUM")
    assert traces(world, "B") == []
    assert find(world["A"].db, PupilPrivate, PUPIL) is not None, "the child's own campus keeps its own"


def test_what_the_home_campus_still_writes_offline_brings_no_card_back(world) -> None:
    """C10: the edit of an order whose card was erased arrives late, and so does a change of the private data."""
    order = ordered(world)
    sync(world, "A")
    world.settle()
    withdrawn(world, order)
    sync(world, "A")
    with world["A"].write(CLERK_A) as w:
        w.update(CardOrder, (order,), {"withdrawn_by": "", "withdrawn_at": None, "reason": "", "end": "2027-01-20"})
        w.update(PupilPrivate, (PUPIL,), {"guardian_phone": "13900139000"})
    assert sync(world, "A") == Delivered()
    world.settle()
    looked(world)
    assert select(world.hub.db, GuestCard) == [] == select(world["B"].db, GuestCard)
    again = ordered(world, begin="2026-09-02")
    assert sync(world, "A") == Delivered(sent=1), "a new order brings a new card"
    world.settle()
    [card] = select(world["B"].db, GuestCard)
    assert (card.order_id, card.guardian_phone) == (again, "13900139000")
    assert_same_tables(world)


def test_a_host_that_writes_in_a_card_is_refused_and_a_late_edit_resurrects_nobody(world) -> None:
    """C9, C10: the host's node may read the card and not write it; what it wrote offline is blanked."""
    order = ordered(world)
    sync(world, "A")
    world.settle()
    with world["B"].write(CLERK_B) as w:
        w.update(GuestCard, ("B", order), {"health_warning": "没有过敏"})
    world.sync("B")
    assert [one.reason for one in refusals(world.hub.db, world.hub.replica)] == ["foreign_owner"]
    with world["B"].write(CLERK_B) as w:
        w.update(GuestCard, ("B", order), {"guardian": "别人"})
    withdrawn(world, order)
    sync(world, "A")
    world.settle()
    assert select(world["B"].db, GuestCard) == [] == select(world.hub.db, GuestCard)
    for site in world.sites():
        assert verify(site.replica, site.db) == [], site.name


def test_a_card_follows_what_the_home_campus_knows_until_it_ends(world) -> None:
    order = ordered(world, end="2026-09-03")
    sync(world, "A")
    with world["A"].write(CLERK_A) as w:
        w.update(PupilPrivate, (PUPIL,), {"guardian": "苗女士", "guardian_phone": "13700137000"})
    assert sync(world, "A") == Delivered(changed=1)
    world.settle()
    assert [c.guardian for c in guest_cards(world["B"].db, "B", TODAY)] == ["苗女士"]
    assert guest_cards(world["B"].db, "B", "2026-09-03") == [], "ended: nobody reads it, also before the hub erased it"
    world.wait_ms(2 * 86_400_000)
    assert looked(world) == Delivered(erased=1)
    [proof] = erasures(world.hub.db)
    assert proof.by == "A-1-x: ended 2026-09-03" and proof.key == f"B/{order}"


def test_a_card_that_begins_later_waits_for_its_time(world) -> None:
    order = ordered(world, begin="2026-10-01")
    assert sync(world, "A") == Delivered()
    assert state(world, "hub", order) == "waiting"
    world.wait_ms(16 * 86_400_000)
    assert looked(world) == Delivered(sent=1)


@pytest.mark.parametrize("record", [Pupil, CardOrder])
def test_a_pupil_or_an_order_erased_by_law_takes_the_card_along(world, record) -> None:
    order = ordered(world)
    sync(world, "A")
    world.settle()
    key = (order,) if record is CardOrder else (PUPIL,)
    erase(world.hub.db, world.hub.replica, record, key, by="H-1-x: 监护人要求")
    assert looked(world) == Delivered(erased=1)
    world.settle()
    assert select(world["B"].db, GuestCard) == []
    assert {one.table for one in erasures(world.hub.db)} == {"guest_card", record.declaration.table}


def test_a_hub_that_was_cut_between_erasing_and_noting_it_finishes_at_the_next_look(world) -> None:
    order = ordered(world)
    sync(world, "A")
    withdrawn(world, order)
    world.sync("A")
    erase(world.hub.db, world.hub.replica, GuestCard, ("B", order), by="A-1-x: 转回")
    assert looked(world) == Delivered(erased=1)
    assert state(world, "hub", order) == "erased" and len(list(erasures(world.hub.db))) == 1


def test_a_card_erased_by_law_is_not_written_again_for_the_same_order(world) -> None:
    order = ordered(world)
    sync(world, "A")
    erase(world.hub.db, world.hub.replica, GuestCard, ("B", order), by="H-1-x: 监护人要求")
    with world.hub.write(OFFICE) as w:
        w.update(PupilPrivate, (PUPIL,), {"guardian": "苗女士"})
    assert looked(world) == Delivered()
    assert select(world.hub.db, GuestCard) == []
