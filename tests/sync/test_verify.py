"""Verify names what somebody changed behind the program's back, and nothing else (C10, C3)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.records.places import CalendarDay
from shared.records.pupils import Pupil, RosterGroup
from sync.capture import token_of
from sync.conflicts import open_conflicts
from sync.log import pack_parts, unpack_parts
from sync.scratch import scratch_path
from sync.steps.erase import erase
from sync.tables import drop_triggers, install_triggers
from sync.verify import Finding, verify
from tests.support.world import CLERK_A, DAY_A, GROUP_A, OFFICE, PUPIL_A, Site, World


@pytest.fixture
def busy(world: World) -> Iterator[World]:
    """A world with edits on both sides, an open conflict, a tombstone and an erased pupil."""
    token = token_of(world["A"].db, world["A"].replica, RosterGroup, GROUP_A)
    for name, author in (("A", CLERK_A), ("hub", OFFICE)):
        site = world.hub if name == "hub" else world[name]
        with site.write(author) as w:
            w.update(RosterGroup, GROUP_A, {"name": f"{name}"}, token)
            w.insert(Pupil(id=w.mint("A"), name=name))
    with world["A"].write(CLERK_A) as w:
        w.delete(CalendarDay, DAY_A)
        w.insert(CalendarDay(campus="A", date="2026-09-02", kind="exam"))
    world.settle()
    erase(world.hub.db, world.hub.replica, Pupil, PUPIL_A, by="law")
    world.settle()
    assert open_conflicts(world["A"].db, world["A"].replica)
    yield world


def found(site: Site) -> list[Finding]:
    """What verify says of a site."""
    return verify(site.replica, site.db)


def kinds(site: Site) -> set[str]:
    """The kinds of what verify says."""
    return {finding.kind for finding in found(site)}


def last_place(site: Site, scope: str = "A") -> tuple[int, str]:
    """The last changeset of a scope: its local number and its name."""
    sql = (
        "SELECT c.n, name || '/' || scope || '/' || seq FROM _changeset AS c JOIN _origin USING (o) WHERE scope = ?"
        " ORDER BY c.n DESC LIMIT 1"
    )
    [(n, place)] = site.rows(sql, scope)
    return int(str(n)), str(place)


def untriggered(site: Site, sql: str, *parameters: object) -> None:
    """What somebody does who knows how to switch capture off."""
    drop_triggers(site.db)
    assert site.db.conn.execute(sql, parameters).rowcount > 0
    install_triggers(site.db, site.replica.tables)


def test_an_honest_replica_has_nothing_to_find(busy: World) -> None:
    """C10: forks, conflicts, tombstones and erased rows are no findings, and nothing is left beside the file."""
    for site in busy.sites():
        assert found(site) == []
        assert not scratch_path(site.replica.path).exists()


@pytest.mark.parametrize("name", ["A", "hub"])
def test_a_byte_of_a_body_changed_is_found_and_named(busy: World, name: str) -> None:
    site = busy.hub if name == "hub" else busy["A"]
    n, place = last_place(site)
    parts = unpack_parts(site.db.conn.execute("SELECT parts FROM _changeset WHERE n = ?", (n,)).fetchone()[0])
    assert parts
    changed = (parts[0][:-1] + b" ", *parts[1:])
    site.db.conn.execute("UPDATE _changeset SET parts = ? WHERE n = ?", (pack_parts(changed), n))
    assert found(site) == [Finding("body_changed", place)]


def test_a_body_cut_short_on_the_disk_is_found_and_named(busy: World) -> None:
    n, place = last_place(busy["A"])
    busy["A"].db.conn.execute("UPDATE _changeset SET parts = substr(parts, 1, 9) WHERE n = ?", (n,))
    assert found(busy["A"]) == [Finding("body_changed", place)]


@pytest.mark.parametrize(
    ("table", "kind"), [("_signed_head", "head_signature_wrong"), ("_signed_top", "log_signature_wrong")]
)
def test_a_signature_changed_is_found(busy: World, table: str, kind: str) -> None:
    busy["A"].db.conn.execute(f"UPDATE {table} SET signature = zeroblob(64) WHERE scope = 'con'")
    assert kind in kinds(busy["A"])


def test_a_link_of_the_chain_changed_is_found_and_named(busy: World) -> None:
    n, place = last_place(busy["A"])
    busy["A"].db.conn.execute("UPDATE _changeset SET prev = zeroblob(32) WHERE n = ?", (n,))
    assert Finding("link_changed", place) in found(busy["A"])


def test_a_cell_changed_with_capture_off_is_named_with_both_values(busy: World) -> None:
    """The shell alone is captured; who drops the triggers first is found out."""
    untriggered(busy["A"], "UPDATE calendar_day SET note = 'forged' WHERE date = '2026-09-02'")
    assert found(busy["A"]) == [
        Finding("row_differs", "calendar_day/A/2026-09-02", "calendar_day", ("A", "2026-09-02"), "note", "forged", "")
    ]


def test_a_row_taken_away_and_one_slipped_in_are_named(busy: World) -> None:
    node = busy["A"]
    untriggered(node, "DELETE FROM calendar_day WHERE date = '2026-09-02'")
    untriggered(node, "INSERT INTO calendar_day (campus, date, kind, _v) VALUES ('A', '2026-09-05', 'exam', 1)")
    assert {(finding.kind, finding.place) for finding in found(node)} == {
        ("row_missing", "calendar_day/A/2026-09-02"), ("row_not_in_log", "calendar_day/A/2026-09-05")
    }  # fmt: skip


def test_an_edit_with_the_shell_is_nobody_s_forgery(busy: World) -> None:
    """C1: what the triggers saw becomes a changeset before anything is compared."""
    busy["A"].db.conn.execute("UPDATE calendar_day SET note = 'by hand' WHERE date = '2026-09-02'")
    assert found(busy["A"]) == []


def test_a_dropped_head_is_named(busy: World) -> None:
    untriggered(busy["A"], "DELETE FROM _head WHERE t = 'roster_group' AND v = (SELECT max(v) FROM _head)")
    [finding] = found(busy["A"])
    assert (finding.kind, finding.table, finding.key) == ("head_differs", "roster_group", GROUP_A)


def test_a_dropped_tombstone_is_named(busy: World) -> None:
    untriggered(busy["A"], "DELETE FROM _delete")
    [finding] = found(busy["A"])
    assert (finding.kind, finding.table, finding.key) == ("delete_differs", "calendar_day", DAY_A)


def test_a_changeset_missing_from_the_log_is_named_by_its_receipt_and_its_successor(busy: World) -> None:
    node = busy["A"]
    [(n, scope, hub_seq)] = node.rows(
        "SELECT c.n, c.scope, c.hub_seq FROM _changeset AS c JOIN _changeset AS d ON d.prev = c.hash LIMIT 1"
    )
    node.db.conn.execute("DELETE FROM _changeset WHERE n = ?", (n,))
    assert Finding("changeset_missing", f"{scope}/{hub_seq}") in found(node)
    assert "no_predecessor" in kinds(node)


def test_the_last_changeset_missing_before_it_was_sent_is_found_by_its_row(busy: World) -> None:
    node = busy["A"]
    with node.write(CLERK_A) as w:
        w.insert(CalendarDay(campus="A", date="2026-09-09", kind="exam"))
    node.db.conn.execute("DELETE FROM _changeset WHERE n = (SELECT max(n) FROM _changeset)")
    assert found(node) == [
        Finding("row_not_in_log", "calendar_day/A/2026-09-09", "calendar_day", ("A", "2026-09-09"))
    ]


def test_a_missing_receipt_is_named(busy: World) -> None:
    node = busy["A"]
    node.db.conn.execute("DELETE FROM _entry WHERE hub_seq = (SELECT max(hub_seq) FROM _entry WHERE kind = 'receipt')")
    assert "receipt_missing" in kinds(node)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("UPDATE _changeset SET effective = effective - 1 WHERE n = (SELECT max(n) FROM _changeset)", "stamp_changed"),
        ("UPDATE _entry SET received_at = received_at - 1 WHERE hub_seq = (SELECT max(hub_seq) FROM _entry)",
         "log_changed"),
        ("UPDATE _changeset SET person_id = 'X' WHERE n = (SELECT max(n) FROM _changeset)", "header_column_changed"),
        ("UPDATE _cursor SET hub_seq = hub_seq + 1 WHERE scope = 'A'", "cursor_off_the_log"),
        ("UPDATE _entry SET verdict = 'refused' WHERE hub_seq = (SELECT max(hub_seq) FROM _entry WHERE"
         " kind = 'receipt')", "verdict_changed"),
    ],
)  # fmt: skip
def test_what_stands_beside_the_log_is_checked_against_it(busy: World, sql: str, kind: str) -> None:
    """C6, C9, C11: receipts, stamps, verdicts and cursors say what the signed log says."""
    busy["A"].db.conn.execute(sql)
    assert kind in kinds(busy["A"])
