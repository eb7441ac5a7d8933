"""`tongxin node undo` and `tongxin hub undo`: in a person's name, by that person's rights."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.commands.folder import Folder
from scripts.commands.founding import OPERATOR_LOGIN
from scripts.commands.site import open_site
from shared.clock import SystemClock
from shared.database import connected
from shared.ids import SystemRandomness
from shared.records import Building, Term
from sync.capture import write
from sync.change import Author
from sync.replica import connect
from tests.scripts.test_cli import make_hub, tongxin

TERMS = "SELECT code, name FROM term ORDER BY code"


def asked(path: Path, sql: str) -> list[tuple[object, ...]]:
    with connected(path / "hub.db") as db:
        return list(db.conn.execute(sql).fetchall())


def operator(path: Path) -> str:
    return str(asked(path, f"SELECT person_id FROM account WHERE login = '{OPERATOR_LOGIN}'")[0][0])


def saved(path: Path, by: str) -> str:
    """A building entered; the action."""
    site = open_site(Folder(path), "hub", clock=SystemClock(), randomness=SystemRandomness())
    with connect(site.replica) as db, write(site.replica, db, Author(by)) as w:
        w.insert(Building(id="A-900-ZZ", campus="A", name="实验楼"))
        w.update(Term, ("2025-1",), {"name": "改了"})
    return str(asked(path, "SELECT action FROM _changeset ORDER BY n DESC LIMIT 1")[0][0])


def test_an_action_is_listed_and_taken_back_by_its_last_part(tmp_path: Path, capsys) -> None:
    path = tmp_path / "hub"
    make_hub(path, capsys)
    before = asked(path, TERMS)
    action = saved(path, operator(path))
    assert tongxin("hub", "undo", "--data", path, "--by", OPERATOR_LOGIN) == 0
    assert action in capsys.readouterr().out
    assert tongxin("hub", "undo", action, "--data", path, "--by", OPERATOR_LOGIN) == 77
    assert "理由：没有填" in capsys.readouterr().err
    assert tongxin("hub", "undo", action, "--data", path, "--by", OPERATOR_LOGIN, "--note", "录错") == 0
    assert "2 行" in capsys.readouterr().out
    assert asked(path, TERMS) == before and asked(path, "SELECT * FROM building") == []
    again = tongxin("hub", "undo", action, "--data", path, "--by", OPERATOR_LOGIN, "--note", "x", "--lang", "en")
    said = capsys.readouterr().err
    assert again == 77 and "was deleted later" in said and "was changed later" in said


@pytest.mark.parametrize("by", ["nobody", ""])
def test_nobody_takes_back_in_a_name_that_is_not_there(tmp_path: Path, capsys, by: str) -> None:
    path = tmp_path / "hub"
    make_hub(path, capsys)
    action = saved(path, operator(path))
    assert tongxin("hub", "undo", action, "--data", path, "--by", by, "--note", "x") == 77
    assert "没有可用的登录名" in capsys.readouterr().err
    assert asked(path, "SELECT name FROM building") == [("实验楼",)]
