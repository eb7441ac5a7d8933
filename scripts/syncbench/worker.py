"""A hub or a node in a process of its own: one JSON command a line comes in, one JSON answer goes out.

So that neither shares an interpreter with the other or with what measures them, and each one's memory is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hub.app import create_app
from hub.config import HubConfig
from scripts.commands.serving import serve
from scripts.syncbench import facts
from scripts.syncbench.records import MEASURED, measured_migrations
from shared.clock import SystemClock
from shared.ids import SystemRandomness
from shared.records import Account, AccountRole, Campus, Person
from shared.web.config import SiteConfig
from sync.capture import Author, Writing, write
from sync.change import LOCAL_OPERATOR
from sync.conflicts import count_open
from sync.exchange import run_exchange
from sync.http import HttpHub
from sync.opening import create_replica
from sync.replica import Replica, connect
from sync.steps.enrol import enrol, issue_code

OFFICE = Author(LOCAL_OPERATOR, rank="office")
# More rows than this in one save are told apart as several, on both sides alike.
EDITS_A_SAVE = 100
_HOW: dict[str, Callable[[Writing, facts.Facts], None]] = {
    "executemany": facts.write_rows, "insert_all": facts.insert_all, "own": facts.write_own,
}  # fmt: skip


@dataclass(frozen=True)
class Worker:
    """One replica and what it can be told to do. Times are seconds of this process's clock."""

    replica: Replica

    def code(self, campus: str) -> dict[str, Any]:
        """Hub: a one-time code for a campus."""
        with connect(self.replica) as db:
            return {"code": issue_code(db, self.replica, campus=campus)}

    def enrol(self, url: str, code: str, fetch: bool = True) -> dict[str, Any]:
        """Node: enrol, and fetch what the hub knows unless that is what will be measured."""
        with connect(self.replica) as db, closing(HttpHub(url)) as hub:
            enrol(self.replica, db, hub, code)
            if fetch:
                run_exchange(self.replica, db, hub)
        return {}

    def record(self, rows: str, first: int, days: int, how: str) -> dict[str, Any]:
        """Node: some days of a rows.jsonl, one class a transaction; reading the file is not counted."""
        spent, counted, transactions = 0.0, 0, 0
        author = Author(facts.TEACHER)
        with connect(self.replica) as db:
            for day in facts.days_of(Path(rows), first, days):
                begun = time.perf_counter()
                for transaction in day:
                    with write(self.replica, db, author) as w:
                        _HOW[how](w, transaction)
                spent += time.perf_counter() - begun
                counted += sum(map(len, day))
                transactions += len(day)
        return {"s": spent, "rows": counted, "tx": transactions}

    def edit(self, edits: str, side: str, first: int = 0, count: int = 10**9) -> dict[str, Any]:
        """Either: some lines of an edits.jsonl, as one side has them."""
        wanted = [json.loads(line) for line in Path(edits).read_text("utf-8").splitlines()[first : first + count]]
        author = OFFICE if self.replica.role == "hub" else Author(facts.TEACHER)
        with connect(self.replica) as db:
            for at in range(0, len(wanted), EDITS_A_SAVE):
                with write(self.replica, db, author) as w:
                    facts.edit_rows(w, wanted[at : at + EDITS_A_SAVE], side)
        return {"edits": len(wanted)}

    def sync(self, url: str) -> dict[str, Any]:
        """Node: one run of exchanges, as the nightly job has it: connect, exchange until done, close."""
        begun = time.perf_counter()
        with connect(self.replica) as db, closing(HttpHub(url)) as hub:
            report = run_exchange(self.replica, db, hub)
        return {"s": time.perf_counter() - begun, "report": asdict(report)}

    def conflicts(self) -> dict[str, Any]:
        """Either: how many are open, and so in the inbox."""
        with connect(self.replica) as db:
            return {"open": count_open(db, self.replica)[0]}


def main(argv: Sequence[str]) -> int:
    """Make the replica, say hello, do what is asked until standard input ends."""
    parser = argparse.ArgumentParser(prog="scripts.syncbench.worker")
    parser.add_argument("role", choices=("hub", "node"))
    parser.add_argument("path", type=Path)
    args = parser.parse_args(argv)
    replica = create_replica(
        args.path, role=args.role, records=MEASURED, steps=measured_migrations, clock=SystemClock(),
        randomness=SystemRandomness(),
    )
    worker = Worker(replica)
    if args.role == "node":
        _tell({"node": replica.node})
        _obey(worker)
        return 0
    _found(replica)
    thread = threading.Thread(target=_obey_then_stop, args=(worker,), daemon=True)
    config = HubConfig(site=SiteConfig(secret_key=SystemRandomness().raw(32), kind="hub"))

    def told(port: int) -> None:
        _tell({"port": port})
        thread.start()

    serve(create_app(replica, config), host="127.0.0.1", port=0, threads=4, on_port=told)
    return 0


def _found(replica: Replica) -> None:
    """The campus, and a clerk, who may write registers and book for others."""
    with connect(replica) as db, write(replica, db, OFFICE) as w:
        w.insert(Campus(code=facts.CAMPUS, school_code="4206820101", name="中心小学"))
        w.insert(Person(id=facts.TEACHER, name="教师", staff_number="1"))
        w.insert(Account(person_id=facts.TEACHER, login="teacher"))
        w.insert(AccountRole(person_id=facts.TEACHER, role="clerk", campus=facts.CAMPUS,
                             begin="2020-01-01"))  # fmt: skip


def _obey(worker: Worker) -> None:
    for line in sys.stdin:
        asked: Mapping[str, Any] = json.loads(line)
        told = {name: value for name, value in asked.items() if name != "cmd"}
        try:
            _tell(getattr(worker, asked["cmd"])(**told))
        except Exception as error:  # whatever it was belongs to whoever asked
            _tell({"error": f"{asked['cmd']}: {error!r}"})


def _obey_then_stop(worker: Worker) -> None:
    _obey(worker)
    os.kill(os.getpid(), signal.SIGTERM)


def _tell(answer: Mapping[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
