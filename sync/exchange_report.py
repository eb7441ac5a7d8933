"""What a run of exchanges did, told to whoever started it."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass
class ExchangeReport:
    """What a run of exchanges did. `done`: nothing was left to say on either side; `epochs`: how often the hub was
    found to be restored, `changesets_back`: what was given back to it."""

    round_trips: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    changesets_up: int = 0
    changesets_down: int = 0
    changesets_back: int = 0
    rows_up: int = 0
    rows_down: int = 0
    rows_by_path: int = 0
    refused: int = 0
    epochs: int = 0
    conflicts_open: int = 0
    done: bool = False

    def followed_by(self, later: ExchangeReport) -> ExchangeReport:
        """Two runs told as one: what they moved together, and where things stand after the second."""
        counts = (f.name for f in fields(self) if f.name not in ("conflicts_open", "done"))
        sums = {name: getattr(self, name) + getattr(later, name) for name in counts}
        return ExchangeReport(**sums, conflicts_open=later.conflicts_open, done=later.done)
