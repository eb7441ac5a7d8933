"""Codes into words for people: the border of the error tree, in Chinese and English.

Nothing below the border writes a sentence. The sentences stand in `words.json`: errors as code →
[HTTP status, Chinese, English], reasons as code → [Chinese, English, cure in Chinese, cure in English],
refusals (the hub's verdicts) as code → [Chinese, English].
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from shared.codes import CODE_LISTS
from shared.errors import InvalidInput, NodeNotReady, NotAllowed, NotFound, Problem, Stale, TongxinError


@cache
def table() -> dict[str, dict[str, list[Any]]]:
    """The whole table of words."""
    text = files("shared.web").joinpath("words.json").read_text(encoding="utf-8")
    found: dict[str, dict[str, list[Any]]] = json.loads(text)
    return found


def is_chinese(lang: str) -> bool:
    """True for the source language."""
    return lang.startswith("zh")


def status_of(error: TongxinError) -> int:
    """The HTTP status of an error."""
    errors = table()["errors"]
    if error.code in errors:
        return int(errors[error.code][0])
    for kind, status in ((InvalidInput, 422), (NotAllowed, 403), (NotFound, 404), (Stale, 409), (NodeNotReady, 409)):
        if isinstance(error, kind):
            return status
    return {"retry_later": 503, "needs_upgrade": 426, "needs_person": 409}.get(error.advice.value, 400)


def message_of(code: str, lang: str) -> str:
    """The sentence for an error code; an unlisted code is named, never hidden."""
    row = table()["errors"].get(code, [0, f"没有做成（{code}）。", f"Not done ({code})."])
    return str(row[1] if is_chinese(lang) else row[2])


def refusal_words(reason: str, lang: str) -> str:
    """Why the hub refused something; an unlisted reason is named, never hidden."""
    row = table()["refusals"].get(reason, [f"原因：{reason}", f"Reason: {reason}"])
    return str(row[0] if is_chinese(lang) else row[1])


def problem_words(problem: Problem, lang: str) -> tuple[str, str]:
    """(what is wrong, how to cure it) for one problem."""
    unlisted = [problem.reason, problem.reason, "请检查后再填", "check it and enter it again"]
    zh, en, cure_zh, cure_en = table()["reasons"].get(problem.reason, unlisted)
    chinese = is_chinese(lang)
    label = str(problem.data.get("zh" if chinese else "en") or problem.field)
    wrong, cure = (f"{label}：{zh}", cure_zh) if chinese else (f"{label} {en}", cure_en)
    return _filled(wrong, problem, chinese), _filled(cure, problem, chinese)


def _filled(sentence: str, problem: Problem, chinese: bool) -> str:
    values: dict[str, object] = {name: value for name, value in problem.data.items() if value is not None}
    codes = CODE_LISTS.get(str(problem.data.get("codes")), ())
    if chinese:
        values["choices"] = "、".join(f"{code}（{zh}）" for code, zh, _ in codes)
    else:
        values["choices"] = ", ".join(code for code, _, _ in codes)
    try:
        return sentence.format(**values)
    except (KeyError, IndexError, ValueError):
        return sentence


def error_shape(error: TongxinError) -> dict[str, object]:
    """The one JSON shape of every refusal, with the words of both languages."""
    problems = error.problems if isinstance(error, InvalidInput) else ()
    return {
        "error": {
            "code": error.code,
            "message": message_of(error.code, "zh"),
            "message_en": message_of(error.code, "en"),
            "problems": [_problem_shape(problem) for problem in problems],
            "advice": error.advice.value,
        }
    }


def _problem_shape(problem: Problem) -> dict[str, str]:
    message, cure = problem_words(problem, "zh")
    message_en, cure_en = problem_words(problem, "en")
    return {
        "field": problem.field,
        "reason": problem.reason,
        "message": message,
        "cure": cure,
        "message_en": message_en,
        "cure_en": cure_en,
    }
