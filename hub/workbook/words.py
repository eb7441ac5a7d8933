"""Sentences for what is wrong with a workbook or a form of the hub: where, what, and the cure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from shared.errors import Problem
from shared.web.words import problem_words


@dataclass(frozen=True)
class Told:
    """A problem in words: where it is (sheet, row, cell), what is wrong, how to cure it."""

    sheet: str
    row: str
    wrong: str
    cure: str


@cache
def _reasons() -> dict[str, list[str]]:
    text = files("hub.workbook").joinpath("words.json").read_text(encoding="utf-8")
    found: dict[str, list[str]] = json.loads(text)
    return found


def told(problem: Problem, lang: str) -> Told:
    """A problem in one language."""
    data = problem.data
    sheet, row = str(data.get("sheet") or ""), str(data.get("cell") or data.get("row") or "")
    if problem.reason not in _reasons():
        wrong, cure = problem_words(problem, lang)
        typed = str(data.get("value") or "")
        return Told(sheet, row, f"{wrong}（{typed}）" if typed and lang.startswith("zh") else wrong, cure)
    zh, en, cure_zh, cure_en = _reasons()[problem.reason]
    chinese = lang.startswith("zh")
    label = str(data.get("zh" if chinese else "en") or _label(problem, chinese))
    wrong = f"{label}：{_filled(zh, problem)}" if chinese else f"{label} {_filled(en, problem)}"
    return Told(sheet, row, wrong, _filled(cure_zh if chinese else cure_en, problem))


def _label(problem: Problem, chinese: bool) -> str:
    if problem.field == "file":
        return str(problem.data.get("sheet") or ("文件" if chinese else "the file"))
    return problem.field


def _filled(sentence: str, problem: Problem) -> str:
    try:
        return sentence.format(**problem.data)
    except (KeyError, IndexError):
        return sentence
