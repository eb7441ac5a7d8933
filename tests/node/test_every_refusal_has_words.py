"""Whatever a room of registers or staff days refuses is said in Chinese and in English, with a status."""

import ast
from pathlib import Path

import pytest

from shared.web.words import table

ROOMS = ("attendance", "staff", "api", "lessons", "leave")
NODE = Path(__file__).resolve().parents[2] / "node"
RAISED = {"NotAllowed", "NotFound", "Stale"}


def spoken(room):
    """(error codes, problem reasons) that a room's modules write down as literals."""
    codes, reasons = set(), set()
    for path in (NODE / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
                if node.func.id in RAISED:
                    codes.update(texts[:1])
                if node.func.id == "Problem":
                    reasons.update(texts[-1:])
            if isinstance(node, ast.FunctionDef) and node.name.endswith("_refusal"):
                returned = [n.value for n in ast.walk(node) if isinstance(n, ast.Return) and n.value]
                words = {
                    c.value
                    for value in returned
                    for c in ast.walk(value)
                    if isinstance(c, ast.Constant) and isinstance(c.value, str)
                }
                (reasons if node.name == "day_refusal" else codes).update(words)
    return codes, reasons


@pytest.mark.parametrize("room", ROOMS)
def test_every_refusal_of_a_room_has_words(room):
    codes, reasons = spoken(room)
    assert reasons
    assert sorted(codes - set(table()["errors"])) == []
    assert sorted(reasons - set(table()["reasons"]) - {"body", "token", "date", "source"}) == []
