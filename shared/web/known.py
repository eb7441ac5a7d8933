"""How far each campus is known here, as people say it: pure, the words handed out in one language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.web.times import spoken_instant


@dataclass(frozen=True)
class Half:
    """One campus's part of a page and up to when it is known. tone: ok, info or warn."""

    campus: str
    name: str
    words: str
    tone: str


def halves(
    campuses: Iterable[str], *, here: str, names: Mapping[str, str], told: Mapping[str, str], now_ms: int, lang: str
) -> list[Half]:
    """Each campus once, this one first. told: campus → instant (`sync.status.campuses_known_until`).

    What is recorded at this campus is known at once; of another nothing is certain beyond its last sync.
    """
    chinese = lang.startswith("zh")
    found = []
    for code in sorted(dict.fromkeys(campuses), key=lambda each: each != here):
        words, tone = ("还没有收到过数据" if chinese else "nothing received yet"), "warn"
        if code == here:
            words, tone = ("本校区，此刻" if chinese else "this campus, now"), "ok"
        elif code in told:
            when = spoken_instant(told[code], now_ms, lang)
            words, tone = (f"数据到 {when}" if chinese else f"known up to {when}"), "info"
        found.append(Half(code, names.get(code, code), words, tone))
    return found
