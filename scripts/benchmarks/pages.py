"""A node's server as its users feel it: memory, start, the register page, saving, sixty teachers at once."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scripts.benchmarks.bars import percentile
from scripts.benchmarks.rooms import furnish, room_grid
from scripts.benchmarks.world import World
from scripts.demo_play.consortium import PASSWORD
from scripts.demo_play.data import Invented
from scripts.demo_play.forms import fields_with
from scripts.demo_play.servers import Server, serving
from scripts.demo_play.session import Session
from shared.clock import Clock
from shared.records import RosterGroup

ROUNDS = 100
TEACHERS = 60
DAY = "2025-09-15"
NODE = ("scripts.tongxin", "node", "serve")


def server_figures(world: World, folder: Path, clock: Clock) -> dict[str, float]:
    """All figures of a running node. The server is another process, so times hold loopback and HTTP as well."""
    furnish(world)
    words = [*NODE, "--data", str(world.node.folder.path), "--today", DAY]
    begun = clock.monotonic_ms()
    with serving("node", words, folder, clock) as server:
        with Session(server.url, world.consortium.who("clerk", "A").login, PASSWORD) as clerk:
            figures = {"node_up_s": (clock.monotonic_ms() - begun) / 1000}
            clock.wait_ms(1000)
            figures |= memory(server)
            figures |= one_by_one(clerk, big_class(world.consortium), clock)
            figures |= room_grid(clerk, clock)
        with Session(server.url, world.consortium.who("homeroom_teacher", "A").login, PASSWORD) as teacher:
            figures |= today_page(teacher, clock)
        figures |= all_at_once(server, world.consortium, clock)
        figures |= {f"{name}_loaded": value for name, value in memory(server).items()}
    return figures


def memory(server: Server) -> dict[str, float]:
    """Resident memory in MB, where the system tells it (Linux)."""
    try:
        status = Path(f"/proc/{server.process.pid}/status").read_text("ascii")
    except OSError:
        return {}
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return {"node_rss_mb": int(found[1]) / 1000} if found else {}


def big_class(consortium: Invented) -> RosterGroup:
    """A class of 58 pupils, or the largest there is."""
    sizes = {group.id: len(consortium.members[group.id]) for group in consortium.groups if group.campus == "A"}
    wanted = 58 if 58 in sizes.values() else max(sizes.values())
    return next(group for group in consortium.groups if sizes.get(group.id) == wanted)


def one_by_one(clerk: Session, group: RosterGroup, clock: Clock) -> dict[str, float]:
    """p95 of opening and of saving one class's register, one after the other, a change in each save."""
    path = f"/registers/{group.id}/{DAY}/am"
    pages: list[float] = []
    saves: list[float] = []
    for number in range(ROUNDS):
        begun = clock.monotonic_ms()
        text = clerk.page(path).text
        pages.append(clock.monotonic_ms() - begun)
        fields = filled(text, late=number)
        begun = clock.monotonic_ms()
        answer = clerk.form(path, fields)
        saves.append(clock.monotonic_ms() - begun)
        if not answer.json()["changed"]:
            raise AssertionError("a save that changes nothing measures nothing")
    return {"register_page_p95_ms": percentile(pages, 0.95), "register_save_p95_ms": percentile(saves, 0.95)}


def today_page(teacher: Session, clock: Clock) -> dict[str, float]:
    """p95 of a teacher's front page: registers, lessons of all campuses, notices."""
    took: list[float] = []
    for _ in range(ROUNDS):
        begun = clock.monotonic_ms()
        teacher.page("/")
        took.append(clock.monotonic_ms() - begun)
    return {"today_page_p95_ms": percentile(took, 0.95)}


def filled(page: str, *, late: int) -> dict[str, str]:
    """The fields a browser would post from a register page: all present but five, who change from save to save."""
    fields = fields_with(page, "source")
    pupils = [name.removeprefix("mark-") for name in fields if name.startswith("mark-")]
    fields |= {f"mark-{pupil}": "present" for pupil in pupils}
    for place in range(5):
        pupil = pupils[(late * 5 + place) % len(pupils)]
        fields |= {f"mark-{pupil}": "late", f"minutes-{pupil}": str(1 + late % 30)}
    return fields | {"touched": ",".join(pupils)}


def registers_of(consortium: Invented) -> Iterator[tuple[str, str]]:
    """(group, session) of different registers of the main campus, mornings first."""
    own = [group for group in consortium.groups if group.campus == "A" and group.kind == "class"]
    return ((group.id, session) for session in ("am", "pm") for group in own)


def all_at_once(server: Server, consortium: Invented, clock: Clock) -> dict[str, float]:
    """Sixty people, each with a page open on a register of their own, press save in the same instant."""
    clerk = consortium.who("clerk", "A").login
    places = [place for place, _ in zip(registers_of(consortium), range(TEACHERS), strict=False)]
    start = threading.Barrier(len(places))
    sessions = [Session(server.url, clerk, PASSWORD) for _ in places]
    try:
        with ThreadPoolExecutor(len(places)) as pool:
            pairs = zip(sessions, places, strict=True)
            took = list(pool.map(lambda pair: _save(pair[0], pair[1], start, clock), pairs))
    finally:
        for session in sessions:
            session.__exit__(None, None, None)
    return {"sixty_last_s": max(took_ms for took_ms, _ in took) / 1000,
            "sixty_failed": float(sum(not fine for _, fine in took))}


def _save(session: Session, place: tuple[str, str], start: threading.Barrier, clock: Clock) -> tuple[float, bool]:
    path = f"/registers/{place[0]}/{DAY}/{place[1]}"
    fields = filled(session.page(path).text, late=3)
    start.wait(60)
    begun = clock.monotonic_ms()
    try:
        session.form(path, fields)
    except Exception:
        return clock.monotonic_ms() - begun, False
    return clock.monotonic_ms() - begun, True
