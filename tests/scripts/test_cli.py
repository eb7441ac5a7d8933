"""The command `tongxin`: sites are made, served, enrolled and synced, and every ending has its code."""

import os
import re
import threading
from pathlib import Path

import pytest

from scripts.commands.folder import Folder, Settings
from scripts.commands.founding import campus_wanted, term_wanted
from scripts.commands.line import run
from scripts.commands.node import told
from scripts.commands.serving import addresses, only_here
from scripts.commands.syncing import SyncLoop
from scripts.commands.voice import Voice
from scripts.demo_play.servers import end, serving
from scripts.demo_play.session import Refused, Session
from shared.clock import SystemClock
from shared.database import connected
from shared.errors import InvalidInput, NotFound
from shared.ids import SystemRandomness
from sync.errors import HubUnreachable
from sync.exchange_report import ExchangeReport

CAMPUSES = ["--campus", "A:4206820101:中心小学", "--campus", "B:4206820102:柳林小学"]
TERM = ["--term", "2025-1:2025-09-01:2026-02-01"]
NOWHERE = "http://127.0.0.1:9"


def tongxin(*words: object) -> int:
    return run([str(word) for word in words])


def make_hub(path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """A hub with two campuses and a term; the operator's password."""
    assert tongxin("hub", "init", "--data", path, "--name", "柳林", *CAMPUSES, *TERM, "--lang", "en") == 0
    found = re.search(r"password (\w+)", capsys.readouterr().out)
    assert found
    return found[1]


def code_for(path: Path, campus: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert tongxin("hub", "enrol", "--data", path, "--campus", campus) == 0
    return re.findall(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}", capsys.readouterr().out)[0]


def counted(path: Path, table: str) -> int:
    with connected(path) as db:
        return int(db.conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


@pytest.mark.parametrize("kind", ["node", "hub"])
def test_a_site_is_made_once_and_never_over_another(tmp_path: Path, kind: str, capsys) -> None:
    empty = ["--empty"] if kind == "hub" else []
    assert tongxin(kind, "init", "--data", tmp_path / "x", *empty) == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "x").iterdir() if path.suffix in (".toml", ".key")}
    assert tongxin(kind, "init", "--data", tmp_path / "x", "--lang", "en", *empty) == 77
    assert "already holds a site" in capsys.readouterr().err
    after = {path.name: path.read_bytes() for path in (tmp_path / "x").iterdir() if path.suffix in (".toml", ".key")}
    assert after == before


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
@pytest.mark.parametrize("kind", ["node", "hub"])
def test_a_folder_that_was_there_before_is_shut_with_all_that_comes_into_it(tmp_path: Path, kind: str) -> None:
    """Children's data: nobody else on the machine reads it, whatever the umask of whoever made the folder."""
    folder = tmp_path / "x"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    assert tongxin(kind, "init", "--data", folder, *(["--empty"] if kind == "hub" else [])) == 0
    with connected(folder / f"{kind}.db") as db:
        db.conn.execute("CREATE TABLE scratch (a)")
        kept = [path for path in folder.iterdir() if path.suffix != ".lock"]
        assert {f"{kind}.db", f"{kind}.db-wal", "tongxin.toml"} <= {path.name for path in kept}
        assert [path.name for path in (folder, *kept) if path.stat().st_mode & 0o077] == []


@pytest.mark.parametrize(
    ("host", "here"), [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False)]
)
def test_a_server_for_this_machine_alone_names_no_address_for_phones(host: str, here: bool) -> None:
    assert only_here(host) is here
    if here:
        assert addresses(host, 8080) == ()


@pytest.mark.parametrize("kind", ["node", "hub"])
def test_a_site_listens_on_this_machine_alone_until_told_otherwise(kind: str) -> None:
    assert Settings(kind).host == "127.0.0.1"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("node", "status"), "There is no site"),
        (("hub", "appraise"), "There is no site"),
        (("sync", "verify"), "There is no site"),
    ],
)
def test_a_folder_without_a_site_is_one_clear_line(tmp_path: Path, words, says: str, capsys) -> None:
    assert tongxin(*words, "--data", tmp_path, "--lang", "en") == 77
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1


def test_a_hub_is_no_node(tmp_path: Path, capsys) -> None:
    tongxin("hub", "init", "--data", tmp_path / "hub", "--empty")
    assert tongxin("node", "sync", "--data", tmp_path / "hub", "--lang", "en") == 77
    assert "is a hub" in capsys.readouterr().err


def test_the_first_rows_of_a_hub_are_there(tmp_path: Path, capsys) -> None:
    make_hub(tmp_path / "hub", capsys)
    database = tmp_path / "hub" / "hub.db"
    assert counted(database, "campus") == 2
    assert counted(database, "calendar_day") == 2 * 153
    assert counted(database, "account") == 1


@pytest.mark.parametrize("text", ["A", "A::x", "AAAAA:1:x", "1:2:3", "a-b:1:x", ":1:x"])
def test_a_campus_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        campus_wanted(text)


@pytest.mark.parametrize("text", ["2025-1", "2025-1:2025-09-01:2025-09-01", "x:2025-13-01:2026-01-01", "a:b:c:d"])
def test_a_term_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        term_wanted(text)


def test_a_hub_with_a_bad_campus_leaves_nothing_behind(tmp_path: Path, capsys) -> None:
    assert tongxin("hub", "init", "--data", tmp_path / "hub", "--campus", "nonsense") == 77
    assert not (tmp_path / "hub").exists()


def test_a_hub_without_campuses_is_refused_before_anything_is_made(tmp_path: Path, capsys) -> None:
    assert tongxin("hub", "init", "--data", tmp_path / "hub", "--lang", "en") == 77
    assert "--campus" in capsys.readouterr().err
    assert not (tmp_path / "hub").exists()


def test_no_code_is_given_out_for_a_campus_that_is_not_there(tmp_path: Path, capsys) -> None:
    make_hub(tmp_path / "hub", capsys)
    assert tongxin("hub", "enrol", "--data", tmp_path / "hub", "--campus", "C", "--lang", "en") == 77
    assert "the campuses are A, B" in capsys.readouterr().err


def test_a_node_that_is_not_enrolled_says_so(tmp_path: Path, capsys) -> None:
    tongxin("node", "init", "--data", tmp_path / "node", "--hub", NOWHERE)
    assert tongxin("node", "status", "--data", tmp_path / "node", "--lang", "en") == 77
    assert "Not enrolled" in capsys.readouterr().out
    assert tongxin("node", "sync", "--data", tmp_path / "node") == 77


@pytest.mark.parametrize(("done", "code", "says"), [(True, 0, "Synced: 3 rows"), (False, 75, "across yet: 3")])
def test_a_sync_that_is_not_across_is_not_called_done(done: bool, code: int, says: str, capsys) -> None:
    """C14: the byte budget was spent, or an answer came without receipts."""
    assert told(ExchangeReport(rows_up=3, done=done), Voice("en")) == code
    said = capsys.readouterr().out
    assert says in said and ("sync again later" in said) is not done


def test_settings_are_kept_and_unknown_ones_passed_over(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    with pytest.raises(NotFound):
        folder.settings()
    folder.write_settings(Settings("node", name='quote " and 汉字', hub_url="http://x"))
    folder.settings_file.write_text(folder.settings_file.read_text("utf-8") + "later = 1\n", "utf-8")
    changed = folder.change(budget_kb=200)
    assert (changed.name, changed.budget_kb, changed.hub_url) == ('quote " and 汉字', 200, "http://x")
    assert folder.settings() == changed


def test_the_session_key_is_made_once_and_is_the_owner_s_alone(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    first = folder.secret(SystemRandomness())
    assert len(first) == 32 and folder.secret(SystemRandomness()) == first
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0


def test_a_node_enrols_syncs_and_serves(tmp_path: Path, capsys) -> None:
    """The whole way by commands, with a real hub: code, enrolment, sync, pages, a clean end."""
    hub, node, clock = tmp_path / "hub", tmp_path / "node", SystemClock()
    password = make_hub(hub, capsys)
    code = code_for(hub, "B", capsys)
    with serving("hub", ("scripts.tongxin", "hub", "serve", "--data", str(hub)), tmp_path, clock) as server:
        assert tongxin("node", "init", "--data", node, "--hub", server.url, "--code", "AAAA-BBBB-CCCC-DDDD") == 77
        assert tongxin("node", "init", "--data", node, "--hub", server.url, "--code", code, "--lang", "en") == 0
        assert "campus B" in capsys.readouterr().out
        assert tongxin("node", "sync", "--data", node) == 0
        assert counted(node / "node.db", "calendar_day") == counted(hub / "hub.db", "calendar_day")
        capsys.readouterr()
        assert tongxin("node", "status", "--data", node, "--lang", "en") == 0
        assert "Waiting to be sent: 0 changesets" in capsys.readouterr().out
        tongxin("hub", "status", "--data", hub, "--lang", "en")
        assert re.search(r"^B \w+: last sync 20", capsys.readouterr().out, re.MULTILINE)
        words = ("scripts.tongxin", "node", "serve", "--data", str(node), "--today", "2025-09-15")
        with serving("node", words, tmp_path, clock) as pages:
            with pytest.raises(Refused):
                Session(pages.url, "admin", "wrong")
            with Session(pages.url, "admin", password) as operator, pytest.raises(Refused, match="password_must"):
                operator.json("GET", "/api/v1/session")
            end(pages.process)
            assert pages.process.returncode == 0
    with connected(node / "node.db") as db:
        running = db.conn.execute("SELECT value FROM _setting WHERE name = 'node_running'").fetchone()
    assert running == ("",), "a clean end is noted, so that the next start is no recovery"
    assert tongxin("node", "sync", "--data", node, "--lang", "en") == 75, "the hub is gone: try later"


def test_a_hub_whose_tables_are_gone_is_rebuilt_from_its_log_alone(tmp_path: Path, capsys) -> None:
    """DESIGN §5: no other command can open such a file; the old one is kept beside the new."""
    folder = tmp_path / "hub"
    make_hub(folder, capsys)
    assert tongxin("hub", "rebuild", "--data", folder, "--lang", "en") == 0
    assert "The present data equals the log." in capsys.readouterr().out
    with connected(folder / "hub.db") as db:
        for (name,) in db.conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.conn.execute(f'DROP TRIGGER "{name}"')
        db.conn.execute("DROP TABLE account")
        db.conn.execute("UPDATE campus SET name = '假' WHERE code = 'B'")
    assert tongxin("hub", "rebuild", "--data", folder, "--lang", "en") == 77
    said = capsys.readouterr().out
    assert "account: the whole table cannot be read" in said and "campus B: differs from the log (name)" in said
    assert "--replace puts" in said
    assert tongxin("hub", "rebuild", "--data", folder, "--replace") == 0
    assert "原来的在 hub.db.before-rebuild-1" in capsys.readouterr().out
    assert tongxin("sync", "verify", "--data", folder) == 0
    assert counted(folder / "hub.db", "account") == 1
    assert sorted(path.name for path in folder.glob("hub.db*")) == [
        "hub.db", "hub.db.before-rebuild-1", "hub.db.identity", "hub.db.progress"
    ]  # fmt: skip
    with connected(folder / "hub.db") as db:
        db.conn.execute("UPDATE _entry SET received_at = 1 WHERE hub_seq = 1")
    assert tongxin("hub", "rebuild", "--data", folder, "--replace", "--lang", "en") == 77
    assert "restore from a backup" in capsys.readouterr().out
    assert not (folder / "hub.rebuilt.db").exists()


def test_a_changed_row_is_found_and_rebuilt_from_the_log(tmp_path: Path, capsys) -> None:
    """C3, C10: the log proves the tables. The row is changed behind the triggers' back, as a bad disk would."""
    make_hub(tmp_path / "hub", capsys)
    assert tongxin("sync", "verify", "--data", tmp_path / "hub") == 0
    with connected(tmp_path / "hub" / "hub.db") as db:
        names = [name for (name,) in db.conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in names:
            db.conn.execute(f'DROP TRIGGER "{name}"')
        db.conn.execute("UPDATE campus SET name = '假' WHERE code = 'B'")
    assert tongxin("sync", "verify", "--data", tmp_path / "hub") == 77
    assert tongxin("sync", "rebuild", "--data", tmp_path / "hub", "--lang", "en") == 0
    assert "1 tables were different" in capsys.readouterr().out
    assert tongxin("sync", "verify", "--data", tmp_path / "hub") == 0


def test_a_node_that_could_not_enrol_can_try_again(tmp_path: Path, capsys) -> None:
    node = tmp_path / "node"
    words = ("node", "init", "--data", node, "--hub", NOWHERE, "--code", "AAAA-BBBB-CCCC-DDDD")
    assert [tongxin(*words), tongxin(*words)] == [75, 75]


def loop_of(exchange, **settings: int) -> SyncLoop:
    return SyncLoop(exchange, **{"every_ms": 0, "last_wait_ms": 10_000, **settings})


def test_a_server_syncs_at_its_start_when_asked_and_at_its_end() -> None:
    done: list[int] = []
    reached = [threading.Event() for _ in range(3)]

    def exchange() -> None:
        done.append(len(done))
        reached[len(done) - 1].set()

    with loop_of(exchange) as loop:
        assert reached[0].wait(10), "at the start"
        loop.ask()
        assert reached[1].wait(10), "when asked"
    assert reached[2].wait(10) and done == [0, 1, 2], "and once more at the end"


def test_a_server_syncs_again_after_its_interval() -> None:
    third = threading.Event()
    count = iter(range(10_000))

    def exchange() -> None:
        if next(count) == 2:
            third.set()

    with loop_of(exchange, every_ms=10):
        assert third.wait(10)


@pytest.mark.parametrize(
    ("error", "code"), [(HubUnreachable(), "hub_unreachable"), (ZeroDivisionError(), "ZeroDivisionError")]
)
def test_a_failed_sync_is_told_and_the_next_one_runs_all_the_same(error: Exception, code: str) -> None:
    told: list[str | None] = []
    again = threading.Event()

    def exchange() -> None:
        told.append(loop.state().failure)
        if len(told) == 2:
            again.set()
        raise error

    loop = loop_of(exchange)
    with loop:
        while not told:
            again.wait(0.01)
        loop.ask()
        assert again.wait(10)
    assert told[:2] == [None, code]


def test_a_hub_is_backed_up_and_restored_by_one_command_each(tmp_path: Path, capsys) -> None:
    """C11, C13: encrypted to a key that only people have, verified, and a hub again from one file."""
    assert tongxin("hub", "init", "--data", tmp_path / "hub", *CAMPUSES, *TERM, "--lang", "en") == 0
    secret = re.search(r"AGE-SECRET-KEY-\w+", capsys.readouterr().out)
    assert secret
    assert not any(secret[0].encode() in path.read_bytes() for path in (tmp_path / "hub").iterdir() if path.is_file())
    (tmp_path / "away").mkdir()
    assert tongxin("hub", "backup", "--data", tmp_path / "hub", tmp_path / "away", "--lang", "en") == 77
    assert "same disk" in capsys.readouterr().err
    assert tongxin("hub", "backup", "--data", tmp_path / "hub", tmp_path / "away", "--elsewhere") == 0
    [file] = (tmp_path / "away").iterdir()
    (tmp_path / "key").write_text(secret[0])
    to = ["--data", tmp_path / "again", file, "--key-file", tmp_path / "key", "--lang", "en"]
    for wrong, said in (
        (["--data", tmp_path / "again", tmp_path / "flie", "--key-file", tmp_path / "key"], "no such file"),
        (["--data", tmp_path / "again", file, "--key-file", tmp_path / "kye"], "no such file"),
        (["--data", tmp_path / "again", file, "--key-file", file], "key is wrong"),
    ):
        assert tongxin("hub", "restore", *wrong, "--lang", "en") == 77
        assert said in capsys.readouterr().err
    (tmp_path / "key").write_text(secret[0], "utf-8-sig")  # as an editor of Windows leaves it
    assert tongxin("hub", "restore", *to) == 0
    assert tongxin("hub", "restore", *to) == 77, "never over a hub that is there"
    assert counted(tmp_path / "again" / "hub.db", "campus") == 2
    assert tongxin("sync", "verify", "--data", tmp_path / "again") == 0
    assert tongxin("node", "init", "--data", tmp_path / "node") == 0
    before = (tmp_path / "node" / "tongxin.toml").read_bytes()
    assert tongxin("hub", "restore", "--data", tmp_path / "node", *to[2:]) == 77
    assert (tmp_path / "node" / "tongxin.toml").read_bytes() == before, "a node's folder keeps what is in it"


def test_the_hub_says_until_when_it_is_backed_up(tmp_path: Path, capsys) -> None:
    """C13: what the hub alone holds rests on its backup, and its status says so."""
    make_hub(tmp_path / "hub", capsys)
    assert tongxin("hub", "status", "--data", tmp_path / "hub", "--lang", "en") == 0
    assert "Never backed up" in capsys.readouterr().out
    (tmp_path / "away").mkdir()
    assert tongxin("hub", "backup", "--data", tmp_path / "hub", tmp_path / "away", "--elsewhere") == 0
    assert tongxin("hub", "status", "--data", tmp_path / "hub", "--lang", "en") == 0
    assert "0 entries since" in capsys.readouterr().out
