"""How the play is told: a numbered sentence a step, a progress bar under it, and what came of it."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import Any

from tqdm import tqdm

from scripts.commands.voice import Voice
from scripts.demo_play.figures import Figures
from shared.clock import Clock


class Bar:
    """A progress bar that several threads may advance."""

    def __init__(self, bar: tqdm[Any]) -> None:
        self._bar = bar
        self._lock = threading.Lock()

    def advance(self, count: int = 1) -> None:
        """That much more is done."""
        with self._lock:
            self._bar.update(count)


class Telling:
    """Numbers the steps, times them, and speaks one language."""

    def __init__(self, voice: Voice, figures: Figures, clock: Clock, steps: int) -> None:
        self._voice = voice
        self._figures = figures
        self._clock = clock
        self._steps = steps
        self._number = 0

    @contextlib.contextmanager
    def step(self, name: str, zh: str, en: str, total: int = 1) -> Iterator[Bar]:
        """One step under its name in the figures; `total` units of progress."""
        self._number += 1
        self._voice.say(f"[{self._number}/{self._steps}] {zh}", f"[{self._number}/{self._steps}] {en}")
        begun = self._clock.monotonic_ms()
        # On a terminal the bar moves and stays; in a file or a pipe only the sentences remain.
        with tqdm(total=total, leave=True, disable=not sys.stderr.isatty(), mininterval=0.2,
                  bar_format="      {bar:30} {percentage:3.0f}% {n_fmt}/{total_fmt} {elapsed}") as drawn:
            yield Bar(drawn)
        self._figures.seconds[name] = round((self._clock.monotonic_ms() - begun) / 1000, 2)

    def say(self, zh: str, en: str) -> None:
        """What came of the step."""
        self._voice.say(f"      {zh}", f"      {en}")
