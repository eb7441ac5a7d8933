"""One nightly run: due? alone? exchange (a node) or wait for the nodes and appraise (the hub); log; exit code.

Every ending is one line in the log of runs and one line to whoever looks; nothing raises out of `run`.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.commands.clock_file import chosen_clock
from scripts.commands.folder import Folder
from scripts.commands.site import DatabaseBusy, is_busy, one_at_a_time
from scripts.commands.voice import EXIT_DONE, EXIT_PERSON_NEEDED, EXIT_TRY_LATER, Voice, exit_code, words_of
from scripts.nightly.due import is_due
from scripts.nightly.record import DOES_NOT_VERIFY, DONE, INCOMPLETE, append, last_done_ms
from scripts.nightly.retry import Backoff
from scripts.nightly.work import appraise_after_nodes, sync_with_retries
from shared.clock import Clock, instant_text
from shared.errors import TongxinError
from shared.ids import Randomness, SystemRandomness

Result = dict[str, object]
Work = Callable[["Job"], Result]


@dataclass(frozen=True)
class Job:
    """What one run is given."""

    folder: Folder
    kind: str
    due_at: str | None
    backoff: Backoff
    nodes_wait_ms: int
    log: Path
    voice: Voice
    clock: Clock
    randomness: Randomness
    progress: bool = False


def run(argv: Sequence[str]) -> int:
    """Read the command line and do one run on the system's clock."""
    args = parser().parse_args(argv)
    return run_job(job_of(args, chosen_clock(None, args.clock_file), SystemRandomness()))


def parser() -> argparse.ArgumentParser:
    """What can be said on the line."""
    made = argparse.ArgumentParser(
        prog="nightly_sync.py", description="夜间同步 / the nightly sync",
        epilog="退出码 / exit codes: 0 完成 done, 75 稍后再试 try later, 76 需要升级 upgrade needed, "
        "77 需要人处理 a person is needed",
    )
    made.add_argument("--data", type=Path, required=True, metavar="DIR", help="站点文件夹 / the site's folder")
    made.add_argument("--hub", action="store_true", help="本机是中心：等各校区同步后核算 / appraise after the nodes")
    made.add_argument("--due", metavar="HH:MM", help="此刻之后还没做过才做（补做） / only if not done since (make up)")
    made.add_argument("--tries", type=int, default=6, help="最多尝试次数 / tries at most")
    made.add_argument("--first-wait-s", type=float, default=30, help="第一次重试前等待秒数 / first wait")
    made.add_argument("--wait-nodes-min", type=float, default=90, help="中心最多等各校区几分钟 / wait for nodes")
    made.add_argument("--log", type=Path, metavar="FILE", help="运行日志 / log of runs (default DIR/nightly.jsonl)")
    made.add_argument("--lang", choices=("zh", "en"), default="zh")
    made.add_argument("--clock-file", type=Path, metavar="FILE", help="仅供演示和测试 / trials only")
    return made


def job_of(args: argparse.Namespace, clock: Clock, randomness: Randomness) -> Job:
    """The run that a command line asks for."""
    folder = Folder(args.data)
    backoff = Backoff(tries=max(1, args.tries), first_wait_ms=int(args.first_wait_s * 1000))
    return Job(
        folder, "hub" if args.hub else "node", args.due, backoff, int(args.wait_nodes_min * 60_000),
        args.log or folder.runs, Voice(args.lang), clock, randomness, progress=sys.stderr.isatty(),
    )


def run_job(job: Job, work: Work | None = None) -> int:
    """One run; returns the exit code. `work` stands for what is done, by default what the kind demands."""
    begun_ms = job.clock.now_ms()
    if not is_due(last_done_ms(job.log, job.kind), begun_ms, job.due_at):
        job.voice.say("已经做过，无需再做。", "Done already; nothing to make up.")
        return EXIT_DONE
    entry: Result = {"kind": job.kind, "begun": instant_text(begun_ms)}
    try:
        with one_at_a_time(job.folder, "nightly", 0):
            result = (work or _WORK[job.kind])(job)
        entry |= _ended(result)
    except TongxinError as error:
        entry |= _named(job, error)
    except (sqlite3.Error, OSError, ValueError) as error:
        entry |= _named(job, DatabaseBusy()) if is_busy(error) else _unforeseen(job, error)
    entry["ended"] = instant_text(job.clock.now_ms())
    return _logged(job, entry)


def _ended(result: Result) -> Result:
    """An exchange that is not across yet is no good run: it is still owed (C14)."""
    complete = result.get("complete", True)
    if result.get("wrong"):
        # Told even when something is still to be sent: nobody but a person can help here.
        return {"outcome": DOES_NOT_VERIFY, "exit": EXIT_PERSON_NEEDED, **result}
    if result.get("backup_failed"):
        # What hangs on the backup waits; what was appraised stands. The run is owed until a backup is made.
        return {"outcome": result["backup_failed"], "exit": result["backup_exit"], **result}
    return {"outcome": DONE if complete else INCOMPLETE, "exit": EXIT_DONE if complete else EXIT_TRY_LATER, **result}


def _named(job: Job, error: TongxinError) -> Result:
    job.voice.complain(error)
    return {"outcome": error.code, "exit": exit_code(error), "message": words_of(error, job.voice.lang)}


def _unforeseen(job: Job, error: Exception) -> Result:
    job.voice.complain(TongxinError("failed"))
    # A person needs the place as well as the words.
    return {"outcome": "failed", "exit": EXIT_PERSON_NEEDED, "message": str(error), "trace": traceback.format_exc()}


def _logged(job: Job, entry: Result) -> int:
    code = entry["exit"]
    assert isinstance(code, int)
    try:
        append(job.log, entry)
    except OSError as error:
        job.voice.say(f"写不了日志 {job.log}：{error}", f"Cannot write the log {job.log}: {error}")
        return EXIT_PERSON_NEEDED
    if code == EXIT_DONE:
        job.voice.say(f"夜间运行完成，记入 {job.log}", f"Nightly run done, logged in {job.log}")
    elif entry["outcome"] == INCOMPLETE:
        job.voice.say(f"没有全部传完，下次接着传，记入 {job.log}",
                      f"Not all is across yet; the next run goes on. Logged in {job.log}")
    return code


def _node(job: Job) -> Result:
    return sync_with_retries(
        job.folder, clock=job.clock, randomness=job.randomness, backoff=job.backoff, voice=job.voice,
        progress=job.progress,
    )


def _hub(job: Job) -> Result:
    return appraise_after_nodes(
        job.folder, clock=job.clock, randomness=job.randomness, due_at=job.due_at, wait_ms=job.nodes_wait_ms,
        voice=job.voice,
    )


_WORK: dict[str, Work] = {"node": _node, "hub": _hub}
