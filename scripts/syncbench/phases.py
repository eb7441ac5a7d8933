"""The phases (a) to (f) with a hub and nodes in processes of their own, every byte through peerbench's proxy."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.benchmarks.bars import percentile
from scripts.syncbench.peer import CHECKOUT, Peerbench
from scripts.syncbench.records import MEASURED, PEER_TABLES
from shared.schema import quoted, table_of

Figures = dict[str, Any]


@dataclass(frozen=True)
class Stage:
    """A hub, the proxy before it, and the first node, enrolled and in step."""

    peer: Peerbench
    folder: Path
    rows: Path
    edits: Path
    ids: str
    hub: Any
    proxy: Any
    node: Any

    @property
    def url(self) -> str:
        """Where nodes find the hub: through the proxy."""
        return f"http://127.0.0.1:{self.proxy.port}"

    def database(self, name: str) -> Path:
        """The file of one of the processes."""
        return self.folder / f"{name}.db"


def worker(peer: Peerbench, folder: Path, role: str, name: str) -> Any:
    """A hub or node in a process of its own."""
    command = [sys.executable, "-m", "scripts.syncbench.worker", role, str(folder / f"{name}.db")]
    return peer.meter.Child(command, cwd=str(CHECKOUT), talk=True, log=str(folder / f"{name}.log"))


def ended(child: Any) -> None:
    """Stop a process or the proxy; peerbench leaves the file that it logged to open."""
    child.end()
    if hasattr(child, "err"):
        child.err.close()


@contextmanager
def staged(peer: Peerbench, folder: Path, rows: Path, edits: Path, ids: str) -> Iterator[Stage]:
    """Start everything; at the end everything is stopped."""
    children: list[Any] = []
    try:
        hub = worker(peer, folder, "hub", "hub")
        children.append(hub)
        proxy = peer.meter.Proxy(hub.hello["port"])
        children.append(proxy)
        node = worker(peer, folder, "node", "node")
        children.append(node)
        stage = Stage(peer, folder, rows, edits, ids, hub, proxy, node)
        node.ask("enrol", url=stage.url, code=hub.ask("code", campus="A")["code"])
        proxy.take()
        yield stage
    finally:
        for child in reversed(children):
            ended(child)


def record(stage: Stage, first: int, days: int, how: str) -> Figures:
    """(a) Rows recorded, captured and packed, a class a transaction."""
    told: Figures = stage.node.ask("record", rows=str(stage.rows), first=first, days=days, how=how)
    return {**told, "rows_s": stage.peer.meter.rate(told["rows"], told["s"])}


def sync(stage: Stage, node: Any, rows: int) -> Figures:
    """One run of exchanges through the proxy: seconds, bytes, round trips, and what the engine reports."""
    stage.proxy.take()
    told = node.ask("sync", url=stage.url)
    wire = stage.proxy.take()
    report = told["report"]
    if not report["done"] or report["refused"]:
        raise RuntimeError(f"a sync that left something: {report} {refusals_in(stage.database('hub'))}")
    found = {"s": told["s"], "up": wire["up"], "down": wire["down"], "round_trips": wire["turns"],
             "conns": wire["conns"], "rows_by_path": report["rows_by_path"]}  # fmt: skip
    if rows:
        found |= {
            "rows_s": stage.peer.meter.rate(rows, told["s"]), "bytes_row": (wire["up"] + wire["down"]) / rows,
        }  # fmt: skip
    return found


def first_sync(stage: Stage, rows: int) -> Figures:
    """(b) Everything recorded goes to the hub; the memory of both sides meanwhile."""
    for child in (stage.hub, stage.node):
        child.reset_peak()
    found = sync(stage, stage.node, rows)
    return {**found, "hub_peak_mb": stage.hub.peak_mb(), "node_peak_mb": stage.node.peak_mb()}


def second_node(stage: Stage, rows: int) -> Figures:
    """(f) A new node of the same campus pulls everything; enrolment is not counted."""
    node = worker(stage.peer, stage.folder, "node", "node2")
    try:
        stage.hub.reset_peak()
        code = stage.hub.ask("code", campus="A")["code"]
        stage.proxy.take()
        found = _enrolled_sync(stage, node, code, rows)
        found |= {"hub_peak_mb": stage.hub.peak_mb(), "node_peak_mb": node.peak_mb()}
    finally:
        ended(node)
    return {**found, "same": content(stage.database("node2")) == content(stage.database("hub"))}


def _enrolled_sync(stage: Stage, node: Any, code: str, rows: int) -> Figures:
    node.ask("enrol", url=stage.url, code=code, fetch=False)
    return sync(stage, node, rows)


def conflicts(stage: Stage, count: int, every: Path) -> Figures:
    """(e) `count` edits on either side of different rows, then of the same rows: time, inbox, equality.

    `every`: an edits.jsonl over enough rows for three times `count`.
    """
    before = [child.ask("conflicts")["open"] for child in (stage.node, stage.hub)]
    stage.node.ask("edit", edits=str(every), side="node", first=0, count=count)
    stage.hub.ask("edit", edits=str(every), side="hub", first=count, count=count)
    apart = sync(stage, stage.node, count)
    for child, side in ((stage.node, "node"), (stage.hub, "hub")):
        child.ask("edit", edits=str(every), side=side, first=2 * count, count=count)
    same = sync(stage, stage.node, count)
    after = [child.ask("conflicts")["open"] for child in (stage.node, stage.hub)]
    return {
        **same, "edits_a_side": count, "apart_s": apart["s"], "times_apart": same["s"] / apart["s"],
        "open": [a - b for a, b in zip(after, before, strict=True)],
        "converged": content(stage.database("node")) == content(stage.database("hub")),
    }  # fmt: skip


def one_percent(stage: Stage, count: int) -> Figures:
    """(e) 1 % of the rows changed differently on both sides, one sync."""
    before = stage.node.ask("conflicts")["open"]
    for child, side in ((stage.node, "node"), (stage.hub, "hub")):
        child.ask("edit", edits=str(stage.edits), side=side)
    found = sync(stage, stage.node, count)
    return {
        **found, "of": count, "open": stage.node.ask("conflicts")["open"] - before,
        "converged": content(stage.database("node")) == content(stage.database("hub")),
    }  # fmt: skip


def content(database: Path) -> dict[str, int]:
    """What the measured tables hold, row order apart: table → a digest of its rows and open heads."""
    found = {}
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        for each in (table_of(record) for record in MEASURED):
            columns = ", ".join(quoted(column.name) for column in each.columns)
            order = ", ".join(map(quoted, each.key))
            rows = db.execute(f"SELECT {columns} FROM {quoted(each.name)} ORDER BY {order}")  # noqa: S608 - declared
            digest = 0
            for row in rows:
                digest = hash((digest, row))
            found[each.name] = digest
        found["_head"] = db.execute("SELECT count(*) FROM _head").fetchone()[0]
    return found


def peer_digest(peer: Peerbench, database: Path) -> str:
    """The digest that peerbench takes of the rows as the peers store them."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        rows = [
            (each.name, dict(zip(peer.workload.COLUMNS[each.name], row, strict=True)))
            for each in PEER_TABLES
            for row in db.execute(_peer_sql(each.record))
        ]
    return str(peer.workload.digest(rows))


def _peer_sql(record: type) -> str:
    table = table_of(record)
    columns = ", ".join(quoted(column.name) for column in table.columns)
    return f"SELECT {columns} FROM {quoted(table.name)}"  # noqa: S608 - declared names


def write_edits(peer: Peerbench, rows: Path, out: Path, count: int) -> int:
    """An edits.jsonl over `count` rows, in peerbench's own way of making them; how many there were rows for."""
    transactions, _ = peer.workload.read(str(rows.parent))
    total = sum(len(each) for each in transactions)
    pool = sum(1 for each in transactions for name, _ in each if name != "booking")
    wanted = min(count, pool // 3 * 3)
    edits = peer.workload.edits(transactions, share=wanted / total, seed="many")
    out.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in edits[:wanted]), "utf-8")
    return wanted


def slow_line(stage: Stage, first: int, runs: int) -> Figures:
    """A school day of our own records over 32 kb/s with a round trip of a second and 5 % loss, day after day."""
    command = [sys.executable, "-m", "scripts.syncbench.shaping", str(stage.proxy.port), "--seed", "school day"]
    line = subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        url = f"http://127.0.0.1:{int(_line_of(line))}"
        found = [_published(stage, first + number, url) for number in range(runs)]
    finally:
        line.communicate()
    seconds, sizes = [each["s"] for each in found], [each["bytes"] for each in found]
    return {
        "runs": runs, "median_s": percentile(seconds, 0.5), "p95_s": percentile(seconds, 0.95),
        "most_s": max(seconds), "bytes": percentile(sizes, 0.5), "round_trips": max(each["turns"] for each in found),
    }  # fmt: skip


def _published(stage: Stage, day: int, url: str) -> Figures:
    record(stage, day, 1, "own")
    stage.proxy.take()
    told = stage.node.ask("sync", url=url)
    wire = stage.proxy.take()
    return {"s": told["s"], "bytes": wire["up"] + wire["down"], "turns": wire["turns"]}


def _line_of(process: subprocess.Popen[str]) -> str:
    return process.stdout.readline() if process.stdout else ""


def refusals_in(database: Path) -> list[tuple[str, str]]:
    """Why the hub refused what it refused: each reason once."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        return db.execute("SELECT DISTINCT reason, reason_data FROM _changeset WHERE reason <> ''").fetchall()
