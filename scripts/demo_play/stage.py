"""What the play holds while it goes on: folders, processes, lines, who is who, and the date."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

from scripts.commands.clock_file import set_clock_file
from scripts.commands.folder import Folder
from scripts.demo_play.data import Invented, Size
from scripts.demo_play.figures import Figures
from scripts.demo_play.line import Line
from scripts.demo_play.servers import Server
from scripts.demo_play.session import Session
from scripts.demo_play.telling import Telling
from shared.clock import Clock, midnight_ms

T = TypeVar("T")
MINUTE_MS = 60_000


@dataclass(frozen=True)
class Wanted:
    """What each campus was told when it asked: the state of its wish, and under which number it stands."""

    series: dict[str, str]
    states: dict[str, str]


@dataclass
class Stage:
    """The stage of one performance: `folder` holds all its files, `xlsx` is where the table goes."""

    folder: Path
    xlsx: Path
    sizes: tuple[Size, ...]
    password: str
    telling: Telling
    figures: Figures
    clock: Clock
    ends: contextlib.ExitStack
    consortium: Invented = field(init=False)
    hub: Server = field(init=False)
    wanted: Wanted = field(init=False)
    nodes: dict[str, Server] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)

    @property
    def campuses(self) -> tuple[str, ...]:
        """Codes of all campuses."""
        return tuple(size.code for size in self.sizes)

    @property
    def clock_file(self) -> Path:
        """The file that every process of the play takes its clock from."""
        return self.folder / "clock"

    @property
    def hub_folder(self) -> Folder:
        """The hub's site."""
        return Folder(self.folder / "hub")

    def node_folder(self, campus: str) -> Folder:
        """A campus's site."""
        return Folder(self.folder / f"node-{campus}")

    def set_time(self, day: date, hour: int, minute: int = 0) -> None:
        """Move every clock of the play."""
        set_clock_file(self.clock_file, midnight_ms(day) + (hour * 60 + minute) * MINUTE_MS)

    def log_in(self, server: Server, role: str, campus: str) -> Session:
        """Whoever holds a role at a campus, logged in on a server."""
        return Session(server.url, self.consortium.who(role, campus).login, self.password)

    def at_each(self, action: Callable[[str], T], campuses: Iterable[str] = ()) -> dict[str, T]:
        """Do something for every campus at once; the first error of any of them is raised."""
        codes = tuple(campuses) or self.campuses
        with ThreadPoolExecutor(len(codes)) as pool:
            return dict(zip(codes, pool.map(action, codes), strict=True))
