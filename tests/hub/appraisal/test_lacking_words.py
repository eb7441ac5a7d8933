"""What a run lacks stands on its sheet in both languages."""

from __future__ import annotations

import pytest

from hub.appraisal.export import lacking_words


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"kind": "campus", "campus": "B", "known_until": ""}, "西校区 还没有同步过 / never synced"),
        (
            {"kind": "campus", "campus": "B", "known_until": "2025-09-15T01:00:00.000Z"},
            "西校区 的数据到 2025-09-15 / data up to 2025-09-15",
        ),
        (
            {"kind": "owing", "campus": "B"},
            "西校区 还没有交回中心恢复后缺的记录 / has not given back what the restored hub lacks",
        ),
        ({"kind": "conflicts", "count": 3}, "3 条冲突待处理 / 3 conflicts open"),
        (
            {"kind": "facts", "campus": "B", "name": "备课", "people": 2},
            "西校区 备课：2 人缺 / lacking for 2 people",
        ),
        ({"kind": "invented_later", "count": 1}, "1 invented_later / 1 invented_later"),
    ],
)
def test_what_a_run_lacks_is_said_in_both_languages(entry: dict[str, object], words: str) -> None:
    assert lacking_words(entry, {"B": "西校区"}) == words
