"""`tongxin sync export|import|reply`: the exchange by file, at a node and at the hub alike."""

from __future__ import annotations

import argparse
import contextlib
import os
from pathlib import Path

from scripts.commands.folder import Folder
from scripts.commands.node import ASKED_WAIT_S
from scripts.commands.site import Site, load_file, open_site
from scripts.commands.voice import EXIT_DONE, Voice
from shared.clock import Clock, local_time
from shared.errors import Advice, NotFound, TongxinError
from shared.ids import Randomness
from sync.answer_by_file import Loaded, Made, make_answer
from sync.bundle import REQUEST, Label, suggested_name
from sync.by_file import make_request, note_made
from sync.errors import BundleRefused
from sync.replica import connect
from sync.status import campus_boards


class FileInTheWay(TongxinError):
    """A file cannot be written where it was asked for."""

    code = "file_exists"
    advice = Advice.NEEDS_PERSON


def export(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """Node: one bundle for the hub. Hub: one for each campus computer, or for one campus."""
    site = open_site(Folder(args.data), None, clock=clock, randomness=randomness)
    with connect(site.replica) as db:
        if site.settings.kind == "node":
            made = [make_request(site.replica, db)]
        else:
            nodes = [node for node in campus_boards(db, site.replica) if not node.revoked_at]
            wanted = [node.node for node in nodes if args.campus in ("", node.campus)]
            made = [make_answer(site.replica, db, node) for node in wanted]
    if not made:
        raise NotFound("nobody_to_write_to")
    _write_all(site, made, args.to, voice)
    return EXIT_DONE


def import_files(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """Load bundles, in whatever order they are given; what is wrong with one does not stop the others."""
    site = open_site(Folder(args.data), None, clock=clock, randomness=randomness)
    waiting: list[Path] = list(args.files)
    code = EXIT_DONE
    while waiting:
        refused = {path: error for path in waiting if (error := _load(site, path, voice)) is not None}
        # One that lacked an earlier one may fit now.
        again = [path for path, error in refused.items() if error.code == "bundle_gap"]
        waiting = again if len(again) < len(waiting) else []
        for path in (path for path in refused if path not in waiting):
            voice.say(f"{path.name}：", f"{path.name}:")
            code = max(code, voice.complain(refused[path]))
    return code


def _load(site: Site, path: Path, voice: Voice) -> TongxinError | None:
    """Load one file and say what it held; the error where it could not be taken."""
    try:
        _tell(load_file(site, _bytes_of(site, path), wait_s=ASKED_WAIT_S), path, voice)
    except TongxinError as error:
        return error
    return None


def reply(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """Load one bundle and write the answer to it; at a node, its next request."""
    site = open_site(Folder(args.data), None, clock=clock, randomness=randomness)
    loaded = load_file(site, _bytes_of(site, args.file), wait_s=ASKED_WAIT_S)
    _tell(loaded, args.file, voice)
    with connect(site.replica) as db:
        if site.settings.kind == "node":
            made = make_request(site.replica, db)
        else:
            made = make_answer(site.replica, db, loaded.label.writer, re=loaded.id)
    _write_all(site, [made], args.to or args.file.parent, voice)
    return EXIT_DONE


def _bytes_of(site: Site, path: Path) -> bytes:
    """A file's bytes, no more of them than a bundle may have, and one. Raises NotFound."""
    try:
        with path.open("rb") as file:
            return file.read(site.replica.limits.bundle_bytes + 1)
    except OSError as error:
        raise NotFound("file_missing", path=str(path)) from error


def _write_all(site: Site, made: list[Made], to: Path, voice: Voice) -> None:
    if len(made) > 1 and not to.is_dir():
        raise BundleRefused("one_file_for_many", count=len(made))
    for each in made:
        path = to / suggested_name(each.label) if to.is_dir() else to
        write_whole(path, each.file)
        with connect(site.replica) as db:
            note_made(site.replica, db, each)
        voice.say(f"已写入 {path}（{_size(len(each.file))}）", f"Written to {path} ({_size(len(each.file))})")
        for zh, en in label_lines(each.label):
            voice.say(zh, en)


def write_whole(path: Path, data: bytes) -> None:
    """Put a file in its place in one step; nothing that is there is overwritten. Raises FileInTheWay."""
    if path.exists():
        raise FileInTheWay(path=str(path))
    fresh = path.with_name(path.name + ".part")
    try:
        with fresh.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise FileInTheWay("file_unwritable", path=str(path), why=str(error)) from error
    # A stick is pulled out at once: its directory must be on it too. Windows has no handles of directories.
    with contextlib.suppress(OSError, AttributeError):
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def _tell(loaded: Loaded, path: Path, voice: Voice) -> None:
    if loaded.again:
        voice.say(f"{path.name}：已经装入过，没有新的内容。", f"{path.name}: loaded before; nothing new in it.")
    else:
        voice.say(f"{path.name}：已装入。", f"{path.name}: loaded.")
    for zh, en in label_lines(loaded.label):
        voice.say(zh, en)
    report = loaded.report
    if not loaded.again:
        new = report.changesets_up + report.changesets_down
        voice.say(f"  新的保存 {new} 次，被退回 {report.refused} 次。", f"  {new} new saves, {report.refused} refused.")
    if loaded.synced:
        voice.say("  做那个文件包时的全部记录，主校区都已收到。",
                  "  All that was recorded when that bundle was made has reached the hub.")
    if loaded.restored:
        voice.say("  中心从备份恢复过：请在校区再做一个文件包带去，交回它缺的记录。",
                  "  The hub was restored from a backup: the campus gives back what it lacks with its next bundle.")
    if loaded.wrote:
        voice.say("  本校区有新的答复，请再做一个文件包。", "  This campus has new answers: make another bundle.")


def label_lines(label: Label) -> list[tuple[str, str]]:
    """What a bundle holds, in words."""
    way = (f"校区 {label.campus} → 中心", f"campus {label.campus} → hub")
    if label.kind != REQUEST:
        way = (f"中心 → 校区 {label.campus}", f"hub → campus {label.campus}")
    lines = [(f"  {way[0]}，做于 {_when(label.made_ms)}", f"  {way[1]}, made {_when(label.made_ms)}")]
    span = f"{_when(label.begin_ms)} – {_when(label.end_ms)}"
    holds = f"{label.changesets} 次保存，{label.rows} 行", f"{label.changesets} saves, {label.rows} rows"
    if label.changesets:
        lines.append((f"  {holds[0]}（{span}）", f"  {holds[1]} ({span})"))
    if label.receipts:
        lines.append((f"  回执 {label.receipts} 份", f"  {label.receipts} receipts"))
    if not label.changesets and not label.receipts:
        lines.append(("  没有新的记录", "  nothing new"))
    if not label.complete:
        lines.append(("  装不下全部，其余的下一个文件包再带。", "  Not everything fits: the next bundle has the rest."))
    return lines


def _when(instant_ms: int) -> str:
    return f"{local_time(instant_ms):%Y-%m-%d %H:%M}"


def _size(count: int) -> str:
    return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"
