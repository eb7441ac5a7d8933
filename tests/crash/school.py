"""A hub and enrolled nodes on disk, and their processes: started, killed, and looked into afterwards."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from shared.clock import SystemClock
from shared.ids import SystemRandomness
from shared.records import RECORDS, Account, AccountRole, Campus, Person
from sync.capture import write
from sync.change import Author
from sync.opening import create_replica, open_replica
from sync.steps.enrol import enrol, issue_code, serve_enrol
from sync.verify import verify
from tests.simulation.canonical import difference, state_of
from tests.simulation.world import opened

ROOT = Path(__file__).resolve().parents[2]
STARTED_WITHIN_S = 60.0


@dataclass
class Spoken:
    """A process and the lines it has said so far."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    listener: threading.Thread | None = None
    heard: threading.Condition = field(default_factory=threading.Condition)

    def listen(self, pipe: IO[str]) -> None:
        """Take lines until the process is gone. Half a line is no acknowledgement."""
        for line in pipe:
            if line.endswith("\n"):
                with self.heard:
                    self.lines.append(line.rstrip("\n"))
                    self.heard.notify_all()

    def wait_for(self, count: int) -> None:
        """Until it has said so many lines."""
        with self.heard:
            assert self.heard.wait_for(lambda: len(self.lines) >= count, STARTED_WITHIN_S), self.lines


class School:
    """The folder of a test with a hub and a node for each campus in it."""

    def __init__(self, folder: Path, campuses: str = "A") -> None:
        self.hub, self.port_file = folder / "hub.db", folder / "port"
        self.nodes = {campus: folder / f"node{campus}.db" for campus in campuses}
        self.errors = (folder / "errors.txt").open("ab")
        self.saved: list[str] = []
        self.running: list[Spoken] = []
        self._found()

    def _found(self) -> None:
        outside: dict[str, Any] = {"records": RECORDS, "clock": SystemClock(), "randomness": SystemRandomness()}
        hub = create_replica(self.hub, role="hub", **outside)
        hub_db = opened(hub)
        with write(hub, hub_db, Author("office", rank="office")) as w:
            for number, campus in enumerate(self.nodes):
                w.insert(Campus(code=campus, school_code=str(number) * 10, name=f"校区{campus}"))
                w.insert(Person(id=f"{campus}-clerk", name="文书", staff_number=campus))
                w.insert(Account(person_id=f"{campus}-clerk", login=f"clerk{campus}"))
                w.insert(AccountRole(person_id=f"{campus}-clerk", role="clerk", campus=campus, begin="2020-01-01"))

        class Desk:
            def enrol(self, request: bytes) -> bytes:
                return serve_enrol(hub, hub_db, request)

            def exchange(self, sealed: bytes) -> bytes:
                raise NotImplementedError

        for campus, path in self.nodes.items():
            node = create_replica(path, role="node", **outside)
            node_db = opened(node)
            enrol(node, node_db, Desk(), issue_code(hub_db, hub, campus=campus))
            node_db.close()
        hub_db.close()

    def start_hub(self) -> Spoken:
        """A hub process that listens."""
        told = self.port_file.with_name("told")
        hub = self._start("tests.crash.hub_process", str(self.hub), str(told), said=False)
        waited = threading.Event()
        for _ in range(int(STARTED_WITHIN_S / 0.02)):
            if told.exists():
                told.replace(self.port_file)  # never missing for the node, which works all the while
                return hub
            assert hub.process.poll() is None, "the hub did not start"
            waited.wait(0.02)
        raise AssertionError("the hub never told its port")

    def start_node(self, run: str, saves: int = 0, campus: str = "A") -> Spoken:
        """A clerk at work."""
        words = (str(self.nodes[campus]), str(self.port_file), campus, f"{campus}-{run}", str(saves))
        return self._start("tests.crash.node_process", *words, said=True)

    def _start(self, module: str, *arguments: str, said: bool) -> Spoken:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments], cwd=ROOT, text=True, stderr=self.errors,
            stdout=subprocess.PIPE if said else self.errors,
        )  # fmt: skip
        spoken = Spoken(process)
        if process.stdout is not None:
            spoken.listener = threading.Thread(target=spoken.listen, args=(process.stdout,), daemon=True)
            spoken.listener.start()
        self.running.append(spoken)
        return spoken

    def kill(self, spoken: Spoken) -> None:
        """SIGKILL: no handler, no flush, no goodbye."""
        assert spoken.process.poll() is None, "it had ended by itself"
        spoken.process.kill()
        self.end(spoken)

    def end(self, spoken: Spoken) -> int:
        """Wait for its end and keep what it acknowledged."""
        code = spoken.process.wait(STARTED_WITHIN_S)
        if spoken.listener is not None and spoken.process.stdout is not None:
            spoken.listener.join(STARTED_WITHIN_S)  # the last lines may still be in the pipe
            spoken.process.stdout.close()
        self.saved += [line.removeprefix("saved ") for line in spoken.lines if line.startswith("saved ")]
        self.running.remove(spoken)
        return code

    def close(self) -> None:
        """End what still runs."""
        for spoken in list(self.running):
            spoken.process.kill()
            self.end(spoken)
        self.errors.close()

    def check(self) -> None:
        """Nothing acknowledged is lost, nothing repeated, all files are sound and say the same."""
        everything = self._opened(self.hub, {"con", *self.nodes})
        notes = everything["notes"]
        assert set(self.saved) <= set(notes), f"lost: {sorted(set(self.saved) - set(notes))}"
        assert len(notes) == len(set(notes)), "a save was repeated"
        for campus, path in self.nodes.items():
            node = self._opened(path, {"con", campus})
            there = self._opened(self.hub, {"con", campus})["state"]
            assert node["state"] == there, difference(node["state"], there)
            own = {note for note in self.saved if note.startswith(f"{campus}-")}
            assert own <= set(node["notes"]), f"lost at {campus}: {sorted(own - set(node['notes']))}"

    def _opened(self, path: Path, scopes: set[str]) -> dict[str, Any]:
        """What a file says once it has proved itself."""
        outside: dict[str, Any] = {"records": RECORDS, "clock": SystemClock(), "randomness": SystemRandomness()}
        replica = open_replica(path, **outside)
        db = opened(replica)
        try:
            assert db.conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert verify(replica, db) == []
            unsettled = "SELECT count(*) FROM _changeset WHERE hub_seq IS NULL OR state <> 'applied'"
            assert db.conn.execute(unsettled).fetchone() == (0,)
            mine = db.conn.execute("SELECT count(*) FROM _origin WHERE node = ?", (replica.node,)).fetchone()
            assert mine == (1,), "a crash was taken for a restored copy"
            notes = [note for (note,) in db.conn.execute("SELECT note FROM evidence ORDER BY _r")]
            return {"state": state_of(replica, db, scopes), "notes": notes}
        finally:
            db.close()
