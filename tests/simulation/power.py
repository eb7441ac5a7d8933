"""A site's power fails, and its file is what the disk had by then."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sync.keys import progress_path

if TYPE_CHECKING:
    from tests.simulation.world import Site, World


class PowerCut:
    """With this around what a site does its power fails somewhere in it: the file is what the disk had by then.

    What was on the disk before, or when it last spoke to anybody, is there afterwards; of what followed, the journal
    is cut at any byte. `lies`: a disk that had not written what it said it had, back to any byte of the journal.
    """

    def __init__(self, world: World, site: Site, *, lies: bool = False) -> None:
        self._world, self._site, self._lies = world, site, lies

    def __enter__(self) -> None:
        self._site.told_bytes = wal_path(self._site.replica.path).stat().st_size
        self._progress = progress_path(self._site.replica.path).read_bytes()

    def __exit__(self, *_: object) -> None:
        site, world = self._site, self._world
        path, wal = site.replica.path, wal_path(site.replica.path)
        database, journal = path.read_bytes(), wal.read_bytes()
        cut = world.random.randint(0 if self._lies else site.told_bytes, len(journal))
        site.db.close()
        path.write_bytes(database)
        wal.write_bytes(journal[:cut])
        wal.with_name(path.name + "-shm").unlink(missing_ok=True)
        if not self._lies:
            # What was noted beside the file was not flushed.
            progress_path(path).write_bytes(self._progress)
        world.said(f"{site.name} power cut, journal {cut} of {len(journal)} bytes{', a lie' if self._lies else ''}")
        world.open(site)


def wal_path(database: Path) -> Path:
    """Where the journal of a database lies."""
    return database.with_name(database.name + "-wal")
