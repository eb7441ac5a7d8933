"""The command line of `tongxin`: what can be said, and which function does it."""

from __future__ import annotations

import argparse
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from scripts.commands import backing, bundles, hub, log, node, post, rebuilding, restoring, undoing
from scripts.commands.clock_file import chosen_clock
from scripts.commands.site import DatabaseBusy, is_busy
from scripts.commands.voice import EXIT_PERSON_NEEDED, Voice
from shared.clock import Clock
from shared.errors import TongxinError
from shared.ids import Randomness, SystemRandomness

Command = Callable[[argparse.Namespace, Voice, Clock, Randomness], int]


def run(argv: Sequence[str]) -> int:
    """Read the line, do it, and answer with an exit code: 0, 75 try later, 76 upgrade, 77 a person is needed."""
    args = parser().parse_args(argv)
    voice = Voice(args.lang)
    command: Command = args.command
    try:
        return command(args, voice, chosen_clock(args.today, args.clock_file), SystemRandomness())
    except TongxinError as error:
        return voice.complain(error)
    except sqlite3.OperationalError as error:
        if is_busy(error):
            return voice.complain(DatabaseBusy())
        voice.complain(TongxinError("disk_full" if "full" in str(error) else "internal"))
        return EXIT_PERSON_NEEDED


def parser() -> argparse.ArgumentParser:
    """Everything that can be said."""
    top = argparse.ArgumentParser(prog="tongxin", description="同心：教联体校区站点与中心 / campus nodes and the hub")
    sides = top.add_subparsers(required=True, metavar="node|hub|sync")
    _node(sides.add_parser("node", help="校区站点 / a campus node").add_subparsers(required=True, metavar="命令"))
    _hub(sides.add_parser("hub", help="中心 / the hub").add_subparsers(required=True, metavar="命令"))
    _log(sides.add_parser("sync", help="变更日志 / the changeset log").add_subparsers(required=True, metavar="命令"))
    return top


def _add(
    group: argparse._SubParsersAction[argparse.ArgumentParser], name: str, command: Command, about: str
) -> argparse.ArgumentParser:
    made = group.add_parser(name, help=about, description=about)
    made.set_defaults(command=command)
    made.add_argument("--data", type=Path, required=True, metavar="DIR", help="站点文件夹 / the site's folder")
    made.add_argument("--lang", choices=("zh", "en"), default="zh")
    made.add_argument("--today", type=hub.iso_date, metavar="DATE", help="试用：换一天 / trials: another date")
    made.add_argument("--clock-file", type=Path, metavar="FILE",
                      help="仅供演示和测试：时钟跟随文件中的时刻 / trials only: a clock that follows a file")
    return made


def _serving(made: argparse.ArgumentParser) -> None:
    made.add_argument("--host", help="监听地址 / address to listen on")
    made.add_argument("--port", type=int, help="端口，0 表示任取 / port, 0 for a free one")
    made.add_argument("--port-file", type=Path, metavar="FILE", help="把端口写入文件 / write the port to a file")


def _node(group: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    made = _add(group, "init", node.init, "建立校区站点，可同时接入中心 / make a node, enrol it")
    made.add_argument("--hub", metavar="URL", help="中心地址 / the hub's address")
    made.add_argument("--code", help="一次性接入码 / one-time code")
    made.add_argument("--name", default="同心", help="站点名称 / name shown on its pages")
    made = _add(group, "serve", node.serve_node, "运行校区站点 / serve a node")
    _serving(made)
    made.add_argument("--no-sync", action="store_true", help="不自动同步 / do not sync by itself")
    _add(group, "sync", node.sync_now, "立即同步 / sync now")
    _add(group, "status", node.status, "同步状态 / how it stands")
    _undo(_add(group, "undo", undoing.undo_at_node, "整个撤回一次操作 / take an action back whole"))
    _add(group, "restore-from-hub", restoring.restore_from_hub,
         "数据库损坏：从中心取回全部，救出没上传的 / a damaged database: fetch all anew, save what was not sent")


def _undo(made: argparse.ArgumentParser) -> None:
    about = "操作号；不给则列出最近的 / which; else the latest are listed"
    made.add_argument("action", nargs="?", default="", help=about)
    made.add_argument("--by", required=True, metavar="LOGIN", help="以谁的名义 / in whose name")
    made.add_argument("--note", default="", help="理由 / the reason")


def _hub(group: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    made = _add(group, "init", hub.init, "建立中心 / make a hub")
    made.add_argument("--name", default="同心教联体", help="教联体名称 / the consortium's name")
    made.add_argument("--campus", action="append", default=[], metavar="代码:学校标识码:名称",
                      help="校区，第一个为主校区，可多次 / a campus, the main one first")
    made.add_argument("--empty", action="store_true", help="什么都不建，之后导入 / make nothing, import it all later")
    made.add_argument("--term", metavar="代码:开始:结束", help="学期，如 2025-1:2025-09-01:2026-02-01 / a term")
    _serving(_add(group, "serve", hub.serve_hub, "运行中心 / serve the hub"))
    made = _add(group, "enrol", hub.enrol, "发一次性接入码 / print a one-time code for a campus")
    made.add_argument("--campus", required=True, help="校区代码 / campus code")
    made.add_argument("--hours", type=int, default=24, help="有效小时数 / valid for so many hours")
    made = _add(group, "appraise", hub.appraise, "核算考核并列出总表 / run the appraisal")
    made.add_argument("--term", help="学期代码（默认：今天所在学期） / the term, by default today's")
    made.add_argument("--begin", type=hub.iso_date, metavar="DATE", help="自 / from")
    made.add_argument("--end", type=hub.iso_date, metavar="DATE", help="至（不含） / up to, not including")
    made.add_argument("--xlsx", type=Path, metavar="FILE", help="写成表格 / write the table as XLSX")
    made.add_argument("--rows", type=int, default=20, help="最多列出的人数 / people to list at most")
    made = _add(group, "attendance", hub.attendance, "各班点名汇总 / what the registers add up to")
    made.add_argument("--begin", type=hub.iso_date, metavar="DATE", required=True, help="自 / from")
    made.add_argument("--end", type=hub.iso_date, metavar="DATE", required=True, help="至（不含） / up to")
    made.add_argument("--json", type=Path, metavar="FILE", help="写成 JSON / write as JSON")
    made = _add(group, "erase", hub.erase_record, "依法删除一条记录，不能恢复 / erase a record by law, for ever")
    made.add_argument("table", metavar="TABLE", help="表，如 pupil_private / table")
    made.add_argument("key", metavar="KEY", help="键，各部分用 / 隔开 / key, its parts joined by /")
    made.add_argument("--note", required=True, help="依据和原因，随删除传到各校区 / ground and reason")
    made.add_argument("--by", default="local", metavar="PERSON", help="决定的人（编号） / who ordered it, an id")
    made = _add(group, "backup", backing.backup, "加密备份到别处并核对 / write a verified backup elsewhere")
    made.add_argument("target", type=Path, nargs="?", metavar="FOLDER", help="备份文件夹 / folder on another device")
    made.add_argument("--elsewhere", action="store_true", help="确认它在别的机器上 / it is on another machine, I say")
    made.add_argument("--new-key", action="store_true", help="换一把恢复密钥 / make a new recovery key first")
    made = _add(group, "restore", backing.restore, "由备份恢复中心 / make a hub of a backup")
    made.add_argument("file", type=Path, metavar="FILE", help="备份文件 / a backup")
    made.add_argument("--key-file", type=Path, metavar="FILE", help="恢复密钥文件（默认询问） / recovery key file")
    _add(group, "status", hub.status, "各校区状态 / how the campuses stand")
    _undo(_add(group, "undo", undoing.undo_at_hub, "整个撤回一次操作 / take an action back whole"))
    made = _add(group, "rebuild", rebuilding.rebuild, "仅凭日志重建中心并比对 / rebuild the hub from its log alone")
    made.add_argument("--replace", action="store_true",
                      help="换上重建的文件，旧文件留在旁边 / put the rebuilt file in place, keep the old one")


def _log(group: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    made = _add(group, "export", bundles.export, "做成文件包，放进文件夹或写成文件 / make bundles for a stick")
    made.add_argument("to", type=Path, metavar="FOLDER|FILE", help="放到哪里 / where to")
    made.add_argument("--campus", default="", help="中心：只给这个校区 / at a hub: for this campus only")
    made = _add(group, "import", bundles.import_files, "装入文件包 / load bundles")
    made.add_argument("files", type=Path, nargs="+", metavar="FILE", help="文件包，先后不论 / bundles, in any order")
    made = _add(group, "reply", bundles.reply, "装入文件包，并把回件写在旁边 / load a bundle, write the reply")
    made.add_argument("file", type=Path, metavar="FILE", help="收到的文件包 / the bundle that came")
    made.add_argument("--to", type=Path, metavar="FOLDER|FILE", help="回件放到哪里（默认同一文件夹） / where to")
    _add(group, "mailbox", post.mailbox, "收发信箱里的文件包 / take from and put into the mailbox")
    made = _add(group, "verify", log.verify, "核对整个变更日志，校区再与中心核对 / prove the log, compare with the hub")
    made.add_argument("--local", action="store_true", help="不与中心核对 / do not ask the hub")
    _add(group, "rebuild", log.rebuild, "由日志重建全部表 / rebuild all tables from the log")
