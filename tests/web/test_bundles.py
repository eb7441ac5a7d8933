"""Sync by file on the pages of a node and of its hub: a file is made, carried under another name, and loaded."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from node.app import create_app
from shared.ids import SystemRandomness
from shared.records import RECORDS, CalendarDay
from sync.answer_by_file import make_answer
from sync.by_file import load_bundle
from sync.capture import write
from sync.change import Author
from sync.opening import create_replica
from sync.replica import Replica, connect
from sync.steps.enrol import enrol, issue_code
from tests.hub.small_hub import HEAD_B, SmallHub, make_hub, post
from tests.node.small_node import Line
from tests.web.small_site import CONFIG

# What other pages take here.
BODY_BYTES_MAX = 200_000


class Both:
    """A hub, and a node of campus B that has loaded the hub's first bundle; a browser at each."""

    def __init__(self, folder: Path) -> None:
        self.hub: SmallHub = make_hub(folder / "hub")
        clock = self.hub.clock
        self.node: Replica = create_replica(
            folder / "node.db", role="node", records=RECORDS, clock=clock, randomness=SystemRandomness()
        )
        with connect(self.hub.replica) as at_hub, connect(self.node) as at_node:
            code = issue_code(at_hub, self.hub.replica, campus="B")
            enrol(self.node, at_node, Line(self.hub.replica, at_hub), code)
            load_bundle(self.node, at_node, make_answer(self.hub.replica, at_hub, self.node.node).file)
        self.app: Flask = create_app(self.node, replace(CONFIG, body_bytes_max=BODY_BYTES_MAX))
        self.at_hub = self.hub.log_in("operator")
        self.at_node = SmallHub(self.node, clock, self.app).log_in("headb")

    def write_at_node(self, note: str) -> None:
        with connect(self.node) as db, write(self.node, db, Author(HEAD_B, rank="office")) as w:
            w.put(CalendarDay(campus="B", date="2025-10-10", kind="exam", note=note))


@pytest.fixture
def both(tmp_path: Path) -> Both:
    return Both(tmp_path)


def made(client: FlaskClient, **fields: str) -> bytes:
    answer = post(client, "/bundles/make", fields)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Disposition"].startswith("attachment")
    return bytes(answer.data)


def load(client: FlaskClient, file: bytes, name: str = "holiday.jpg") -> Any:
    return post(client, "/bundles/load", {"file": (io.BytesIO(file), name)}, content_type="multipart/form-data")


def answer_form(page: str) -> dict[str, str]:
    return dict(re.findall(r'name="(node|re)" value="([^"]*)"', page))


def test_a_file_goes_to_the_hub_and_its_answer_comes_back(both: Both) -> None:
    """C14: made is not synced; synced is said with the receipts."""
    both.write_at_node("考试")
    request = made(both.at_node)
    assert "还没有回件" in both.at_node.get("/sync").text
    assert "还没有回件" in both.at_node.get("/bundles").text
    page = load(both.at_hub, request)
    assert page.status_code == 200
    assert "1 次保存" in page.text and "西校区" in page.text
    assert both.hub.rows("SELECT note FROM calendar_day WHERE date = '2025-10-10'") == [("考试",)]
    answer = made(both.at_hub, **answer_form(page.text))
    page = load(both.at_node, answer)
    assert "同步完成" in page.text
    assert "还没有回件" not in both.at_node.get("/sync").text
    assert "已有回件" in both.at_node.get("/bundles").text
    assert "装入过" in load(both.at_node, answer, "again").text


@pytest.mark.parametrize(
    ("spoil", "words", "status"),
    [
        (lambda file: file[: len(file) // 2], "后面少了一段", 422),
        (lambda file: file[:600] + (b"A" if file[600:601] != b"A" else b"B") + file[601:], "已损坏", 422),
        (lambda file: b"dear all", "这不是“同心”的文件包", 422),
        (lambda file: b"", "这不是“同心”的文件包", 422),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_changed(both: Both, spoil, words: str, status: int) -> None:
    both.write_at_node("x")
    request = made(both.at_node)
    before = both.hub.count("_changeset")
    answer = load(both.at_hub, spoil(request))
    assert (answer.status_code, both.hub.count("_changeset")) == (status, before)
    assert words in answer.text
    assert "选择带来的文件" in answer.text


def test_a_form_without_a_file_asks_for_one(both: Both) -> None:
    answer = post(both.at_node, "/bundles/load", {})
    assert answer.status_code == 422 and "请先选择" in answer.text


def test_the_machine_that_made_it_says_so(both: Both) -> None:
    assert "要拿到对方那里去装入" in load(both.at_node, made(both.at_node)).text


def test_a_bundle_may_be_larger_than_other_forms_and_not_without_end(both: Both) -> None:
    """The limit of the page is that of a bundle; nothing else takes so much."""
    large = b"x" * (BODY_BYTES_MAX + 1)
    assert load(both.at_node, large).status_code == 422
    assert post(both.at_node, "/sync/now", {"x": "y" * len(large)}).status_code == 413


def test_who_may_not_load_a_bundle_may_not_send_one_either(both: Both) -> None:
    """The door is as narrow as any other to strangers: what nobody will read does not fill the disk."""
    large = b"x" * (BODY_BYTES_MAX + 1)
    stranger = both.app.test_client()
    file = (io.BytesIO(large), "x.bin")
    answer = stranger.post("/bundles/load", data={"file": file}, content_type="multipart/form-data")
    assert answer.status_code == 413


def test_only_the_office_carries(both: Both) -> None:
    teacher = both.hub.log_in("teacher")
    assert teacher.get("/bundles").status_code == 403
    assert post(teacher, "/bundles/make", {"node": both.node.node}).status_code == 403


def test_the_page_speaks_english(both: Both) -> None:
    page = both.at_node.get("/bundles?lang=en").text
    assert "Make a parcel" in page and "Load a parcel" in page
    assert "文件包" not in page and "装入" not in page
