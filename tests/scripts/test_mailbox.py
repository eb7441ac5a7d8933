"""The nightly run and `tongxin sync mailbox` over a real WebDAV folder, with the direct line down."""

import json
from pathlib import Path

import pytest

from scripts.commands.clock_file import set_clock_file
from scripts.commands.folder import Folder, Settings
from scripts.commands.post import mailbox_of
from scripts.nightly.due import DAY_MS
from scripts.nightly.job import run
from shared.clock import SystemClock
from shared.errors import NotFound
from shared.records import Person
from shared.schema import select
from sync.errors import MailboxRefused
from sync.replica import connect
from tests.mailbox.servers import PASSWORD, USER, Served, webdav_server
from tests.scripts.test_bundles import add_person, folders, opened
from tests.scripts.test_cli import NOWHERE, tongxin

__all__ = ["folders"]


def use(path: Path, server: Served, **more: str) -> None:
    Folder(path).change(
        mailbox_url=f"{server.url}/box", mailbox_user=USER, mailbox_password=PASSWORD, **more
    )  # fmt: skip


def nightly(path: Path, *words: str) -> tuple[int, dict[str, object]]:
    code = run(["--data", str(path), "--tries", "1", "--lang", "en", *words])
    return code, json.loads((path / "nightly.jsonl").read_text("utf-8").splitlines()[-1])


@pytest.mark.parametrize("hub_url", [NOWHERE, ""], ids=["the line is down", "no line is known"])
def test_the_nightly_run_takes_the_mailbox(folders: dict[str, Path], tmp_path: Path, capsys, hub_url: str) -> None:
    """C14: a run is good only when the answer was taken; until then it is owed."""
    root = tmp_path / "served"
    root.mkdir()
    with webdav_server(root) as server:
        use(folders["hub"], server)
        use(folders["A"], server, hub_url=hub_url)
        add_person(folders["A"], "A-1-x")
        code, entry = nightly(folders["A"])
        assert (code, entry["outcome"], entry["carrier"], entry["sent"]) == (75, "incomplete", "mailbox", 1)
        assert "verified" in entry and "pruned" not in entry
        assert tongxin("sync", "mailbox", "--data", folders["hub"], "--lang", "en") == 0
        assert "1 bundles taken, 1 put" in capsys.readouterr().out
        code, entry = nightly(folders["A"])
        assert (code, entry["outcome"], entry["loaded"]) == (0, "done", 1)
        assert entry["pruned"] == 0  # nothing is covered yet
        assert tongxin("sync", "mailbox", "--data", folders["A"], "--lang", "en") == 75
    with connect(opened(folders["hub"]).replica) as db:
        assert "A-1-x" not in [person.id for person in select(db, Person)]  # nobody's edit: refused, and told so


def test_a_school_without_a_line_prunes_what_the_hub_covers(folders: dict[str, Path], tmp_path: Path) -> None:
    """C13: both the cover and the hub's clock come by file."""
    root = tmp_path / "served"
    root.mkdir()
    clock = ("--clock-file", str(tmp_path / "clock"))
    with webdav_server(root) as server:
        for name in ("hub", "A"):
            use(folders[name], server)
        nightly(folders["A"])
        nightly(folders["hub"], "--hub", "--wait-nodes-min", "0")
        assert nightly(folders["A"])[1]["pruned"] == 0
        (tmp_path / "away").mkdir()
        assert tongxin("hub", "backup", "--data", folders["hub"], tmp_path / "away", "--elsewhere") == 0
        set_clock_file(tmp_path / "clock", SystemClock().now_ms() + 100 * DAY_MS)
        nightly(folders["A"], *clock)
        nightly(folders["hub"], "--hub", "--wait-nodes-min", "0", *clock)
        code, entry = nightly(folders["A"], *clock)
        assert code == 0
        assert isinstance(entry["pruned"], int) and entry["pruned"] > 0


def test_the_hubs_night_looks_into_the_mailbox(folders: dict[str, Path], tmp_path: Path, capsys) -> None:
    root = tmp_path / "served"
    root.mkdir()
    with webdav_server(root) as server:
        use(folders["hub"], server)
        use(folders["A"], server)
        assert nightly(folders["A"])[0] == 75
        nightly(folders["hub"], "--hub", "--wait-nodes-min", "0")
        assert nightly(folders["A"])[0] == 0


def test_without_a_line_and_without_a_mailbox_the_settings_are_named(folders: dict[str, Path], capsys) -> None:
    assert tongxin("sync", "mailbox", "--data", folders["A"], "--lang", "en") == 77
    assert "write mailbox_url into tongxin.toml" in capsys.readouterr().err
    code, entry = nightly(folders["A"])
    assert (code, entry["outcome"]) == (77, "hub_url_missing")
    with pytest.raises(NotFound, match="mailbox_url_missing"):
        mailbox_of(Settings("node"))
    for url in ("ftp://x/y", "nonsense", "sftp:///folder"):
        with pytest.raises(MailboxRefused, match="mailbox_url_wrong"):
            mailbox_of(Settings("node", mailbox_url=url))
