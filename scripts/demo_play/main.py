"""The command behind `scripts/demo.py`: make a stage, play every step, say what to look at."""

from __future__ import annotations

import argparse
import contextlib
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts.commands.serving import ended_by_signals
from scripts.commands.voice import EXIT_DONE, Voice
from scripts.demo_play.consortium import PASSWORD
from scripts.demo_play.data import FULL, SMALL
from scripts.demo_play.figures import Figures
from scripts.demo_play.play import STEPS
from scripts.demo_play.servers import NotStarted
from scripts.demo_play.session import Refused
from scripts.demo_play.stage import Stage
from scripts.demo_play.telling import Telling
from shared.clock import SystemClock
from shared.errors import TongxinError

EXIT_FAILED = 1
TABLE = "tongxin-demo.xlsx"


def run(argv: Sequence[str]) -> int:
    """Play the demo; 0 when every step went as told."""
    args = parser().parse_args(argv)
    voice, figures, clock = Voice(args.lang), Figures(), SystemClock()
    telling = Telling(voice, figures, clock, len(STEPS))
    with kept_or_temporary(args.keep) as folder, ended_by_signals(), contextlib.ExitStack() as ends:
        xlsx = (args.xlsx or Path(tempfile.gettempdir()) / TABLE).resolve()
        stage = Stage(folder, xlsx, SMALL if args.small else FULL, PASSWORD, telling, figures, clock, ends)
        try:
            for step in STEPS:
                step(stage)
        except (NotStarted, Refused, TongxinError) as error:
            voice.say(f"演示没有完成：{error}", f"The demo did not finish: {error}")
            return EXIT_FAILED
        if args.json is not None:
            figures.write(args.json)
        tell_what_came(stage, voice)
        if args.serve:
            tell_where_to_look(stage, voice)
            threading.Event().wait()
        else:
            voice.say("用 --serve 再演一次，可在浏览器里查看每一页。",
                      "Play it with --serve to look at every page in a browser.")
    return EXIT_DONE


def parser() -> argparse.ArgumentParser:
    """What can be said on the line."""
    made = argparse.ArgumentParser(prog="demo.py", description="演示：两个校区断网两周再同步，算出一张总表 / the demo")
    made.add_argument("--serve", action="store_true", help="演完后保持运行，可用浏览器查看 / keep the servers running")
    made.add_argument("--lang", choices=("zh", "en"), default="zh")
    made.add_argument("--json", type=Path, metavar="FILE", help="把数字写入文件 / write the figures")
    made.add_argument("--keep", type=Path, metavar="DIR", help="把全部文件留在这个文件夹 / keep all files here")
    made.add_argument("--xlsx", type=Path, metavar="FILE", help="总表写到哪里 / where the table goes (default: temp)")
    made.add_argument("--small", action="store_true", help="很小的教联体，供测试 / a tiny consortium, for tests")
    return made


@contextlib.contextmanager
def kept_or_temporary(keep: Path | None) -> Iterator[Path]:
    """The folder of the play: one to keep (emptied first if it holds an earlier play), or one for now."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="tongxin-demo-", ignore_cleanup_errors=True) as made:
            yield Path(made)
        return
    keep.mkdir(parents=True, exist_ok=True)
    if (keep / "clock").exists():
        for old in keep.iterdir():
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    yield keep.resolve()


def tell_what_came(stage: Stage, voice: Voice) -> None:
    """The last lines: how long, how much over the line, the digest, and how to see it."""
    figures = stage.figures
    up = sum(line["up"] for line in figures.line_bytes.values())
    down = sum(line["down"] for line in figures.line_bytes.values())
    voice.say(
        f"完成：{figures.total_seconds:.0f} 秒；线路上行 {up} 字节、下行 {down} 字节，往返 {figures.round_trips} 次；"
        f"{figures.appraisal['people']} 人已核算，摘要 {str(figures.appraisal['digest'])[:16]}。",
        f"Done in {figures.total_seconds:.0f} s; {up} bytes up and {down} down on the line in {figures.round_trips} "
        f"round trips; {figures.appraisal['people']} people appraised, digest {str(figures.appraisal['digest'])[:16]}.",
    )
    voice.say(f"总表：{figures.xlsx}", f"The table: {figures.xlsx}")


def tell_where_to_look(stage: Stage, voice: Voice) -> None:
    """Addresses, log-ins, and which page shows what."""
    who, url = stage.consortium.who, stage.hub.url
    voice.say(f"\n服务器还在运行（Ctrl+C 结束）。口令都是 {stage.password}",
              f"\nThe servers are still running (Ctrl+C ends them). Every password is {stage.password}")
    rows = [
        (f"{url}/appraisal", who("general_principal", "A").login, "总表，点任何一分都能看到依据",
         "the combined table; every point opens down to its rows"),
        (f"{url}/", who("clerk", "A").login, "中心：各校区同步状态、办公室、登记", "hub: campuses, office, entry"),
    ]
    for campus, server in stage.nodes.items():
        rows.append((f"{server.url}/", who("homeroom_teacher", campus).login, f"{campus} 校区：班主任点名",
                     f"campus {campus}: a homeroom teacher's register"))
        rows.append((f"{server.url}/conflicts", who("campus_head", campus).login, f"{campus} 校区：冲突",
                     f"campus {campus}: conflicts"))
    for address, login, zh, en in rows:
        voice.say(f"  {address:38} {login:6} {zh}", f"  {address:38} {login:6} {en}")
