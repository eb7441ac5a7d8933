"""A node of 200,000 rows verified by itself and compared with its hub: seconds, and how much memory it takes."""

from __future__ import annotations

import itertools
import multiprocessing
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmarks.world import DirectHub, World
from scripts.commands.memory import peak_mb
from shared.clock import Clock, SystemClock
from shared.ids import SystemRandomness
from shared.records import RECORDS, RegisterException
from shared.schema import insert_sql, table_of
from sync.capture import Author, write
from sync.comparison import run_comparison, serve_comparison
from sync.exchange import run_exchange
from sync.opening import open_replica
from sync.replica import Replica, connect
from sync.verify import verify

ROWS = 200_000
CLASS_ROWS = 50
# Every so many registers are looked through once more.
CORRECTED_EVERY = 10


@dataclass(frozen=True)
class _Door:
    """The hub's door for comparisons in this process."""

    replica: Replica

    def compare(self, sealed: bytes) -> bytes:
        """See `ComparePort.compare`."""
        with connect(self.replica) as db:
            return serve_comparison(self.replica, db, sealed)


def verify_figures(world: World, clock: Clock, *, rows: int = ROWS) -> dict[str, float]:
    """Fill the node, sync it, verify it in a process of its own, compare it: seconds, megabytes, bytes."""
    with connect(world.node.replica) as db:
        _fill(world, rows)
        run_exchange(world.node.replica, db, DirectHub(world.hub.replica))
        begun = clock.monotonic_ms()
        compared = run_comparison(world.node.replica, db, _Door(world.hub.replica))
        compare_s = (clock.monotonic_ms() - begun) / 1000
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        seconds, before_mb, after_mb, findings = pool.apply(_verify_alone, (world.node.replica.path,))
    if findings or compared.differences:
        raise AssertionError(f"{findings} findings, {len(compared.differences)} differences in an honest node")
    return {
        "verify_s": seconds, "verify_mb": after_mb - before_mb, "compare_s": compare_s,
        "compare_bytes": compared.bytes_up + compared.bytes_down, "rows_compared": compared.rows,
    }  # fmt: skip


def _fill(world: World, rows: int) -> None:
    clerk = Author(world.consortium.who("clerk", "A").person.id, rank="office")
    sql = insert_sql(table_of(RegisterException))
    with connect(world.node.replica) as db:
        for number in range(rows // CLASS_ROWS):
            class_, day = divmod(number, 300)
            date = f"20{26 + day // 280:02}-{1 + day % 280 // 28:02}-{1 + day % 28:02}"
            group = f"A-{class_}-verify"
            with write(world.node.replica, db, clerk) as writing:
                writing.db.conn.executemany(
                    sql,
                    [(group, date, "am", f"A-{pupil}-x", "teacher", "late", pupil % 30, "")
                     for pupil in range(CLASS_ROWS)],
                )  # fmt: skip
            if number % CORRECTED_EVERY == 0:
                with write(world.node.replica, db, clerk) as writing:
                    for pupil in itertools.islice(range(CLASS_ROWS), 5):
                        key = (group, date, "am", f"A-{pupil}-x", "teacher")
                        writing.update(RegisterException, key, {"minutes": 31})


def _verify_alone(path: Path) -> tuple[float, float, float, int]:
    """(seconds, megabytes before, at the most, findings) in a fresh process."""
    clock = SystemClock()
    replica = open_replica(path, records=RECORDS, clock=clock, randomness=SystemRandomness())
    with connect(replica) as db:
        before, begun = peak_mb(), clock.monotonic_ms()
        findings = verify(replica, db)
        return (clock.monotonic_ms() - begun) / 1000, before, peak_mb(), len(findings)
