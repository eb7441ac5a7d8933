"""The page about scopes says what the declarations say."""

from __future__ import annotations

from pathlib import Path

from shared.records import RECORDS
from shared.scopes import scopes_page

PAGE = Path(__file__).parents[2] / "docs" / "scopes.md"


def test_the_page_about_scopes_is_what_the_declarations_give():
    """Regenerate with `python3 scripts/golden_schema.py`."""
    assert PAGE.read_text("utf-8") == scopes_page(RECORDS)


def test_no_record_about_pupils_leaves_its_campus_and_no_ethics_case_the_hub():
    """DESIGN §2: scope is part of the declaration; these must never widen by accident."""
    lines = {line.split(" | ")[2]: line for line in scopes_page(RECORDS).splitlines() if line.startswith("| ")}
    for table in ("`pupil`", "`group_member`", "`register`", "`register_exception`"):
        assert "campus (" in lines[table]
    for table in ("`ethics_event`", "`appraisal_result`", "`appraisal_explanation`", "`appraisal_run`"):
        assert " | hub | hub | " in lines[table]
