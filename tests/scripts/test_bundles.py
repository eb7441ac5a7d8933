"""`tongxin sync export|import|reply`: a stick between real folders, and words for each error."""

import shutil
from pathlib import Path

import pytest

from scripts.commands.bundles import write_whole
from scripts.commands.folder import Folder
from scripts.commands.site import open_site
from shared.clock import SystemClock
from shared.ids import SystemRandomness
from shared.records import Person
from shared.schema import select
from sync.capture import write
from sync.change import Author
from sync.replica import connect
from sync.steps.enrol import enrol, issue_code, serve_enrol
from tests.scripts.test_cli import make_hub, tongxin


class Desk:
    """The hub's enrolment without a wire."""

    def __init__(self, hub) -> None:
        self.hub = hub

    def enrol(self, request: bytes) -> bytes:
        with connect(self.hub.replica) as db:
            return serve_enrol(self.hub.replica, db, request)

    def exchange(self, sealed: bytes) -> bytes:
        raise AssertionError("no line in this test")


def opened(path: Path):
    return open_site(Folder(path), None, clock=SystemClock(), randomness=SystemRandomness())


@pytest.fixture
def folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Path]:
    """A hub and the nodes A and B, enrolled, with nothing exchanged yet; and a stick."""
    found = {name: tmp_path / name for name in ("hub", "A", "B", "stick")}
    make_hub(found["hub"], capsys)
    hub = opened(found["hub"])
    for name in ("A", "B"):
        assert tongxin("node", "init", "--data", found[name]) == 0
        node = opened(found[name])
        with connect(hub.replica) as hub_db, connect(node.replica) as db:
            enrol(node.replica, db, Desk(hub), issue_code(hub_db, hub.replica, campus=name))
    found["stick"].mkdir()
    capsys.readouterr()
    return found


def on(stick: Path) -> list[Path]:
    return sorted(stick.iterdir())


def add_person(path: Path, id_: str) -> None:
    site = opened(path)
    with connect(site.replica) as db, write(site.replica, db, Author("local", rank="office")) as w:
        w.insert(Person(id=id_, name=id_, staff_number=id_))


def test_the_first_stick_comes_from_the_hub_and_the_answer_goes_back(folders: dict[str, Path], capsys) -> None:
    """C11, C14: export at the hub, reply at the node, reply at the hub, import at the node."""
    stick = folders["stick"]
    assert tongxin("sync", "export", stick, "--data", folders["hub"], "--campus", "A", "--lang", "en") == 0
    assert "hub → campus A" in capsys.readouterr().out
    [first] = on(stick)
    renamed = stick / "photo.jpg"
    first.rename(renamed)
    renamed.chmod(0o400)
    add_person(folders["A"], "A-1-x")
    assert tongxin("sync", "reply", renamed, "--data", folders["A"], "--lang", "en") == 0
    assert "1 saves" in capsys.readouterr().out
    [request] = [path for path in on(stick) if path != renamed]
    assert tongxin("sync", "reply", request, "--data", folders["hub"], "--lang", "en") == 0
    [answer] = [path for path in on(stick) if path not in (renamed, request)]
    capsys.readouterr()
    assert tongxin("sync", "import", renamed, answer, "--data", folders["A"], "--lang", "en") == 0
    told = capsys.readouterr().out
    assert "loaded before; nothing new" in told
    assert "All that was recorded when that bundle was made has reached the hub" in told


def test_files_are_loaded_in_whatever_order_they_are_given(folders: dict[str, Path], capsys, tmp_path: Path) -> None:
    """C11: the second answer lacks the first one, and is taken after it."""
    stick = folders["stick"]
    assert tongxin("sync", "export", stick / "1", "--data", folders["hub"], "--campus", "A") == 0
    spare = tmp_path / "spare"
    shutil.copytree(folders["A"], spare)
    assert tongxin("sync", "import", stick / "1", "--data", folders["A"]) == 0
    assert tongxin("sync", "export", stick / "q", "--data", folders["A"]) == 0
    add_person(folders["hub"], "A-7-x")
    assert tongxin("sync", "reply", stick / "q", "--to", stick / "2", "--data", folders["hub"]) == 0
    capsys.readouterr()
    assert tongxin("sync", "import", stick / "2", "--data", spare, "--lang", "en") == 77
    assert "An earlier parcel is missing" in capsys.readouterr().err
    assert tongxin("sync", "import", stick / "2", stick / "1", "--data", spare, "--lang", "en") == 0
    with connect(opened(spare).replica) as db:
        assert "A-7-x" in [person.id for person in select(db, Person)]


def test_what_is_wrong_with_one_file_is_said_and_does_not_stop_the_others(folders: dict[str, Path], capsys) -> None:
    stick = folders["stick"]
    assert tongxin("sync", "export", stick, "--data", folders["hub"]) == 0
    for_a, for_b = on(stick)
    (stick / "cut").write_bytes(for_a.read_bytes()[:-9])
    (stick / "letter").write_text("dear all")
    capsys.readouterr()
    files = (stick / "none", stick / "cut", stick / "letter", for_b, for_a)
    assert tongxin("sync", "import", *files, "--data", folders["A"], "--lang", "en") == 77
    told = capsys.readouterr()
    for words in ("There is no file", "is cut off", "is no Tongxin parcel", "is not for this computer"):
        assert words in told.err
    assert f"{for_a.name}: loaded." in told.out
    assert tongxin("sync", "import", for_a, "--data", folders["hub"], "--lang", "en") == 77
    assert "This very computer made the parcel" in capsys.readouterr().err


def test_nothing_is_overwritten_and_a_half_written_file_is_not_left(folders: dict[str, Path], capsys) -> None:
    stick = folders["stick"]
    there = stick / "there"
    there.write_text("mine")
    assert tongxin("sync", "export", there, "--data", folders["A"], "--lang", "en") == 77
    assert there.read_text() == "mine" and "exists already" in capsys.readouterr().err
    assert tongxin("sync", "export", stick / "no" / "such", "--data", folders["A"], "--lang", "en") == 77
    assert "Cannot write" in capsys.readouterr().err
    assert tongxin("sync", "export", stick / "one", "--data", folders["hub"], "--lang", "en") == 77
    assert "name a folder" in capsys.readouterr().err
    assert tongxin("sync", "export", stick, "--data", folders["hub"], "--campus", "Z", "--lang", "en") == 77
    write_whole(stick / "whole", b"x")
    assert [path.name for path in on(stick)] == ["there", "whole"]
