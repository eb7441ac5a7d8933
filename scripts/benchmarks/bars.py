"""What is asked of speed and size, and how a figure is held against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """One thing that is asked: the figure must be under `most`, in `unit`."""

    name: str
    zh: str
    en: str
    most: float
    unit: str


BARS: tuple[Bar, ...] = (
    Bar("node_rss_mb_loaded", "校区站点繁忙后内存", "node memory after sixty log-ins", 110, "MB"),
    Bar("node_rss_mb", "校区站点空闲内存", "node idle memory", 90, "MB"),
    Bar("node_up_s", "校区站点启动", "node up", 2, "s"),
    Bar("register_page_p95_ms", "点名页 p95", "register page p95", 30, "ms"),
    Bar("today_page_p95_ms", "今天页 p95", "today page p95", 30, "ms"),
    Bar("register_save_p95_ms", "保存 58 人点名 p95", "saving a 58-pupil register p95", 60, "ms"),
    Bar("room_grid_p95_ms", "60 间教室的周表 p95", "grid of 60 rooms p95", 80, "ms"),
    Bar("sixty_last_s", "60 人同时保存，最后一人", "60 teachers at once, the last", 3, "s"),
    Bar("sixty_failed", "60 人同时保存，失败", "60 teachers at once, failed", 1, ""),
    Bar("statements_per_row", "应用变更每行语句数", "statements per row applied", 0.1, ""),
    Bar("import_2000_s", "导入 2000 名学生", "import of 2,000 pupils", 5, "s"),
    Bar("capture_times_bare", "带记录的写入是裸写入的倍数", "captured writes, times bare ones", 2.2, ""),
    Bar("lessons_term_s", "读两校区一学期的课", "lessons of a term, both campuses", 1, "s"),
    Bar("findings_term_s", "两校区一学期的冲突检查", "clash check of a term, both campuses", 2, "s"),
    Bar("verify_s", "核对 20 万行（链、签名、由日志重算）", "verifying 200,000 rows", 30, "s"),
    Bar("verify_mb", "核对 20 万行所用内存", "memory for verifying 200,000 rows", 60, "MB"),
    Bar("compare_s", "20 万行与中心核对", "comparing 200,000 rows with the hub", 30, "s"),
    Bar("appraisal_s", "106 人全年核算（含课务）", "appraisal of 106 people, a full year with lessons", 3, "s"),
)


@dataclass(frozen=True)
class Held:
    """A figure beside what was asked."""

    bar: Bar
    figure: float

    @property
    def met(self) -> bool:
        """True when the figure is under the bar."""
        return self.figure < self.bar.most


def held_against(figures: dict[str, float]) -> list[Held]:
    """The bars for which there is a figure, in their order."""
    return [Held(bar, figures[bar.name]) for bar in BARS if bar.name in figures]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all values do not exceed (nearest rank). Raises IndexError for none."""
    ordered = sorted(values)
    rank = -(-len(ordered) * round(share * 100) // 100)
    return ordered[max(rank, 1) - 1]


def table(held: Sequence[Held], lang: str) -> list[str]:
    """Lines for a terminal."""
    words = {True: ("达标", "met"), False: ("未达标", "MISSED")}
    english = lang == "en"
    return [
        f"{each.figure:10.3f} {each.bar.unit:3} < {each.bar.most:<5g} {words[each.met][english]:6}"
        f" {each.bar.en if english else each.bar.zh}"
        for each in held
    ]
