"""What people do in a simulated world, each deed drawn from the world's seed."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace

from shared.errors import NotFound, RowErased
from shared.records import (
    Account,
    AccountRole,
    CalendarDay,
    Evidence,
    GroupMember,
    Pupil,
    Register,
    RegisterException,
    StaffDay,
)
from shared.schema import Value, find, table_of
from sync.capture import Writing, token_of, write
from sync.change import Author
from sync.comparison import run_comparison
from sync.conflicts import open_conflicts, resolve
from sync.errors import HubMovedOn, Revoked
from sync.pruning import prune
from sync.replica import setting
from sync.status import refusals
from sync.steps.erase import erase
from sync.steps.release import release
from tests.simulation.chance import OFFSETS_MS
from tests.simulation.hostile import hostile, is_hostile
from tests.simulation.line import HubDoor
from tests.simulation.power import PowerCut
from tests.simulation.promises import forget_untold
from tests.simulation.sticks import make_stick, take_any_stick
from tests.simulation.undoing import remember, rows_shown, take_back
from tests.simulation.world import Site, World, holdings

DATES = ("2025-09-01", "2025-09-02")


@dataclass(frozen=True)
class Target:
    """A row that somebody may touch: its record with some first values, its key and its editable fields."""

    record: object
    key: tuple[Value, ...]
    changes: dict[str, Value]


def target(world: World, campus: str) -> Target:
    """One of the few rows of a campus, with fresh values for some of its fields."""
    pick, number = world.random.choice, world.random.randrange(6)
    day = pick(DATES)
    records: tuple[object, ...] = (
        CalendarDay(campus=campus, date=day, kind=pick(("school_day", "holiday")), week=number, note=f"n{number}"),
        StaffDay(person_id="A-clerk", date=day, campus=campus, status="present", late_minutes=number),
        Account(person_id="A-clerk", login=f"l{number}", revoked_at=pick((None, "2026-01-01T00:00:00.000Z"))),
        Account(person_id="B-guest", login=f"l{number}", password_hash=f"h{number}"),
        Register(group_id=f"{campus}-1", date=day, session="am", taken_by=f"{campus}-clerk",
                 taken_at=f"t{number}", roster_size=number, roster_digest="d"),
        RegisterException(group_id=f"{campus}-1", date=day, session="am", person_id=f"{campus}-p",
                          source="teacher", mark=pick(("late", "sick")), minutes=number),
        Pupil(id=f"{campus}-p", name=f"娃{number}", sex=pick(("male", "female")), initials=f"i{number}"),
        GroupMember(group_id=f"{campus}-1", member_id=f"{campus}-p", begin=day, seat_number=number),
        Evidence(id=f"{campus}-e", person_id="A-clerk", campus=campus, date=day, kind="lesson",
                 quantity=str(number), note=f"n{number}"),
    )  # fmt: skip
    record = pick(records)
    table = table_of(type(record))
    names = world.random.sample(table.fields, k=world.random.randint(1, len(table.fields)))
    values = {name: getattr(record, name) for name in names}
    return Target(record, tuple(getattr(record, name) for name in table.key), values)


def author(world: World, site: Site) -> Author:
    """Mostly the clerk; now and then somebody without the role or with one everywhere, or at a lower rank."""
    if site is world.hub:
        return Author("office", rank="office")
    who = world.random.choices(("clerk", "teacher", "roamer", "guest"), (80, 7, 7, 6))[0]
    return Author(f"{site.campus}-{who}", rank=world.random.choice(("office", "office", "person")))


def save(world: World, site: Site) -> None:
    """One save of one to three edits, now and then of a campus that is none of the author's business."""
    by = author(world, site)
    before = site.db.conn.execute("SELECT coalesce(max(n), 0) FROM _changeset").fetchone()[0]
    told, shown = [], rows_shown(site.replica, site.db)
    with write(site.replica, site.db, by) as w:
        last: Target | None = None
        for _ in range(world.random.choice((1, 1, 2, 3))):
            foreign = site is world.hub or world.random.random() < 0.08
            campus = world.random.choice(world.campuses) if foreign else site.campus
            aim = target(world, campus)
            if last is not None and world.random.random() < 0.3:
                aim = again_at(last, aim)
            told.append(edit(world, site, w, aim))
            last = aim
    numbers = [n for (n,) in site.db.conn.execute("SELECT n FROM _changeset WHERE n > ? ORDER BY n", (before,))]
    world.remember(site, numbers)
    if not any(each.startswith("stale") for each in told):
        remember(world, site, numbers, shown)
    world.said(f"{site.name} {by.person_id}/{by.rank} saved {numbers}: {'; '.join(told)}")


def again_at(last: Target, other: Target) -> Target:
    """The row of the last edit once more, with other values where the two are rows of one table."""
    if type(other.record) is not type(last.record):
        return last
    key = dict(zip(table_of(type(last.record)).key, last.key, strict=True))
    return Target(replace(other.record, **key), last.key, other.changes)  # type: ignore[type-var]  # a record


def edit(world: World, site: Site, w: Writing, aim: Target) -> str:
    """Insert, update (with or without what the page showed), delete, or delete and insert again."""
    cls = type(aim.record)
    name = f"{table_of(cls).name}{list(aim.key)}"
    if find(w.db, cls, *aim.key) is None:
        try:
            w.insert(aim.record)
        except RowErased:
            return f"nothing: {name} is dead"
        return f"insert {name}"
    kind = world.random.choices(("update", "stale", "delete", "again", "shell"), (6, 5, 2, 1, 1))[0]
    if kind == "delete":
        w.delete(cls, aim.key)
    elif kind == "again":
        w.delete(cls, aim.key)
        w.insert(aim.record)
    elif kind == "shell":
        table = table_of(cls)
        names = ", ".join(c.name for c in table.columns)
        marks = ", ".join("?" for _ in table.columns)
        values = tuple(getattr(aim.record, c.name) for c in table.columns)
        w.db.conn.execute(f"INSERT OR REPLACE INTO {table.name} ({names}) VALUES ({marks})", values)
    else:
        token = site.tokens.get((cls, aim.key)) if kind == "stale" else None
        w.update(cls, aim.key, aim.changes, token)
    return f"{kind} {name} {aim.changes if kind in ('update', 'stale') else ''}"


def look(world: World, site: Site) -> None:
    """Somebody opens a page, and leaves it open."""
    campus = site.campus or world.random.choice(world.campuses)
    aim = target(world, campus)
    token = token_of(site.db, site.replica, type(aim.record), aim.key)
    if token is not None:
        site.tokens[type(aim.record), aim.key] = token


def settle(world: World, site: Site) -> None:
    """Somebody decides an open conflict."""
    found = open_conflicts(site.db, site.replica)
    if not found:
        return
    conflict = world.random.choice(found)
    values: dict[str, Value] = {"keep": world.random.randrange(2)}
    if conflict.kind == "edit":
        values = world.random.choice(conflict.heads).values
    before = site.db.conn.execute("SELECT max(n) FROM _changeset").fetchone()[0]
    with write(site.replica, site.db, author(world, site)) as w:
        resolve(w, conflict, values, "商定")
    numbers = [n for (n,) in site.db.conn.execute("SELECT n FROM _changeset WHERE n > ?", (before,))]
    world.remember(site, numbers)
    still = [c.id for c in open_conflicts(site.db, site.replica)]
    assert conflict.id not in still, f"{site.name}: settled and still open: {conflict}"
    world.said(f"{site.name} settled {conflict.kind} {conflict.table}{conflict.key} {conflict.unit}: {numbers}")


def undo(world: World, site: Site) -> None:
    """Somebody takes one of the latest actions back (precise point 6)."""
    take_back(world, site, author)


def shell(world: World, site: Site) -> None:
    """Somebody edits the file with the sqlite3 shell: no author, no changeset yet (C1)."""
    site.db.conn.execute(
        "UPDATE calendar_day SET note = ? WHERE campus = ?", (f"shell{world.random.randrange(9)}", site.campus or "A")
    )
    world.said(f"{site.name} shell")


def set_clock(world: World, site: Site) -> None:
    """A clock is set, sometimes years off; sometimes put right."""
    site.clock.offset_ms = world.random.choice(OFFSETS_MS)
    world.said(f"{site.name} clock off by {site.clock.offset_ms} ms")


def change_role(world: World, site: Site) -> None:
    """The hub takes a clerk's role away, or gives it back."""
    campus = world.random.choice(world.campuses)
    key = (f"{campus}-clerk", "clerk", campus)
    with write(world.hub.replica, world.hub.db, Author("office", rank="office")) as w:
        if find(w.db, AccountRole, *key):
            w.delete(AccountRole, key)
        else:
            w.insert(AccountRole(person_id=key[0], role="clerk", campus=campus, begin="2025-01-01"))
    world.said(f"hub changed the role of {key[0]}")


def release_one(world: World, site: Site) -> None:
    """A person at the hub lets a refused changeset in after all."""
    found = refusals(world.hub.db, world.hub.replica)
    # Nobody lets in what a hostile node sent.
    versions = sorted({refusal.version for refusal in found if not is_hostile(refusal.version)})
    if versions:
        version = world.random.choice(versions)
        world.said(f"hub releases {version}")
        release(world.hub.db, world.hub.replica, version, by="office")


def erase_one(world: World, site: Site) -> None:
    """The law has a pupil erased, at the hub; the key is dead for ever (C10)."""
    key = (f"{world.random.choice(world.campuses)}-p",)
    with contextlib.suppress(NotFound):
        erase(world.hub.db, world.hub.replica, Pupil, key, by="law")
        world.said(f"hub erased pupil {key}")


def sync_badly(world: World, site: Site) -> None:
    """A node syncs over a bad line."""
    if site is not world.hub:
        world.sync(site, fault_share=0.3)


def compare(world: World, site: Site) -> None:
    """A node lays its rows beside the hub's at any moment: whoever was honest differs in nothing that both have had."""
    if site is world.hub:
        return
    with contextlib.suppress(HubMovedOn):
        found = run_comparison(site.replica, site.db, HubDoor(world))
        assert found.differences == [], f"{site.name} and the hub differ: {found}"
        world.said(f"{site.name} compared {found.rows} rows, {found.apart} apart")


def reopen(world: World, site: Site) -> None:
    """The program is started anew."""
    world.reopen(site)
    world.said(f"{site.name} opened anew")


def copy(world: World, site: Site) -> None:
    """A copy of a node's file is put aside."""
    if site is not world.hub:
        world.copy(site)
        world.said(f"{site.name} copied")


def restore(world: World, site: Site) -> None:
    """A node's disk dies and an older copy takes its place."""
    if site is not world.hub and site.copies:
        world.restore(site)
        world.said(f"{site.name} restored from a copy")


def copy_hub(world: World, site: Site) -> None:
    """The hub's nightly backup."""
    world.copy(world.hub)
    world.said("hub copied")


def restore_hub(world: World, site: Site) -> None:
    """The hub's disk dies and a backup takes its place: the nodes must give back what they hold."""
    if world.hub.copies:
        world.restore(world.hub)
        world.said(f"hub restored from a copy, epoch {setting(world.hub.db, 'epoch')}")


def back_up_hub(world: World, site: Site) -> None:
    """The hub's backup, verified: nodes may let go of what it covers."""
    world.back_up()
    world.said(f"hub backed up, covered to {setting(world.hub.db, 'covered_hub_seq')}")


def prune_node(world: World, site: Site) -> None:
    """A node lets go of the bodies that are covered (C13); mostly in a night that has also backed up and synced."""
    if site is not world.hub:
        if world.random.random() < 0.7:
            back_up_hub(world, site)
            sync_badly(world, site)
        world.said(f"{site.name} pruned: {prune(site.replica, site.db)}")


def join(world: World, site: Site) -> None:
    """A campus gets one more computer: it starts from a snapshot where there is one. Two a world at most."""
    if world.joined < 2:
        world.said(f"{world.join(world.random.choice(world.campuses)).name} enrolled")


def clone(world: World, site: Site) -> None:
    """A node's folder is copied to a second computer; once a world at most."""
    if site is not world.hub and not any(node.name.endswith("x") for node in (*world.nodes, *world.out)):
        world.clone(site)
        world.said(f"{site.name} cloned")


def power_cut(world: World, site: Site) -> None:
    """The power fails while somebody saves, or while a node syncs; nothing of that was acknowledged."""
    was = len(world.saved)
    with PowerCut(world, site):
        deed = world.random.choice((save, sync_badly, settle))
        deed(world, site)
    _unsay(world, site, was)


def _unsay(world: World, site: Site, was: int) -> None:
    """What the person was still waiting for when the light went out may be there or not."""
    here = holdings(site.db)
    world.saved[was:] = [each for each in world.saved[was:] if (each.origin, each.scope, each.hash) in here]


def power_cut_hub(world: World, site: Site) -> None:
    """The hub's power fails while it serves."""
    world.hub_fails_in = world.random.randrange(3)
    sync_badly(world, world.random.choice(world.nodes))
    world.hub_fails_in = None


def disk_lies(world: World, site: Site) -> None:
    """The power fails, and the disk had kept back what it said it had written, for any length of time."""
    before, was = world.held(), len(world.saved)
    with PowerCut(world, site, lies=True):
        save(world, site)
    _unsay(world, site, was)
    world.account_for(before, site)


def revoke_one(world: World, site: Site) -> None:
    """The hub revokes a node for good; what it had not sent stays with it. Once a world at most."""
    if site is not world.hub and not world.out and len(world.nodes) > 2:
        world.revoke(site)
        forget_untold(world)
        world.said(f"hub revoked {site.name}")


def try_revoked(world: World, site: Site) -> None:
    """A revoked node goes on saving and knocks again: nothing of it comes in, and its people lose nothing."""
    for out in world.out:
        save(world, out)
        there = holdings(world.hub.db)
        try:
            world.sync(out, fault_share=0.0)
            raise AssertionError(f"{out.name} is revoked, and was served")
        except Revoked:
            pass
        assert holdings(world.hub.db) == there, f"{out.name} is revoked, and was heard"


DEEDS = (
    (save, 40), (undo, 8), (look, 12), (settle, 6), (shell, 2), (set_clock, 4), (change_role, 1), (release_one, 2),
    (sync_badly, 30), (reopen, 2), (compare, 2), (copy, 2), (restore, 1), (clone, 0.3),
    (erase_one, 0.4), (copy_hub, 4), (restore_hub, 4), (make_stick, 8), (take_any_stick, 12),
    (power_cut, 4), (power_cut_hub, 3), (disk_lies, 0.7),
    (revoke_one, 0.4), (try_revoked, 1), (hostile, 3), (back_up_hub, 5), (prune_node, 12), (join, 3),
)  # fmt: skip

def one_deed(world: World) -> Site:
    """Let one thing happen somewhere; where it did."""
    world.time.pass_by(world.random.choice((1, 300, 60_000, 3_600_000)))
    deed = world.random.choices([d for d, _ in DEEDS], [w for _, w in DEEDS])[0]
    site = world.random.choice(world.sites)
    deed(world, site)
    return site
