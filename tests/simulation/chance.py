"""Time and randomness of a simulated world: all of it from one seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

from shared.ids import ALPHABET

START_MS = 1_760_000_000_000
YEAR_MS = 365 * 24 * 3600 * 1000
# How far a campus's clock may be off: right, a little, a dead battery (1970 and the like), far ahead.
OFFSETS_MS = (0, 0, 0, 5000, -90_000, 3 * YEAR_MS, -20 * YEAR_MS, 74 * YEAR_MS)


class WorldTime:
    """True time, which nobody in the world can read."""

    def __init__(self) -> None:
        self.ms = START_MS

    def pass_by(self, duration_ms: int) -> None:
        """Let time pass for everybody."""
        self.ms += duration_ms


@dataclass
class CampusClock:
    """A clock that may be years off and may be set at any moment; its monotonic half only runs on."""

    time: WorldTime
    offset_ms: int = 0

    def now_ms(self) -> int:
        """See `Clock.now_ms`."""
        return max(0, self.time.ms + self.offset_ms)

    def monotonic_ms(self) -> int:
        """See `Clock.monotonic_ms`."""
        return self.time.ms - START_MS

    def wait_ms(self, duration_ms: int) -> None:
        """See `Clock.wait_ms`."""
        self.time.pass_by(duration_ms)


class SeededRandomness:
    """Ids and keys that come out the same for the same seed."""

    def __init__(self, random_: random.Random) -> None:
        self._random = random_

    def text(self, length: int) -> str:
        """See `Randomness.text`."""
        return "".join(self._random.choice(ALPHABET) for _ in range(length))

    def raw(self, length: int) -> bytes:
        """See `Randomness.raw`."""
        return self._random.randbytes(length)
