"""What a run of the demo measured, for `--json` and for the last lines on the screen."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Figures:
    """Counted while the play goes on. Bytes are those on the line, HTTP headers included."""

    pids: dict[str, int] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    syncs: list[dict[str, object]] = field(default_factory=list)
    line_bytes: dict[str, dict[str, int]] = field(default_factory=dict)
    round_trips: int = 0
    conflicts: dict[str, int] = field(default_factory=dict)
    rooms: dict[str, dict[str, str]] = field(default_factory=dict)
    appraisal: dict[str, object] = field(default_factory=dict)
    xlsx: str = ""

    @property
    def total_seconds(self) -> float:
        """All steps together."""
        return round(sum(self.seconds.values()), 2)

    def write(self, path: Path) -> None:
        """Write everything as one JSON document."""
        document = {**dataclasses.asdict(self), "total_seconds": self.total_seconds}
        path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
