"""What belongs to this hub beside its replica: its settings, and the counters of its open door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import current_app

from hub.config import HubConfig
from hub.sync_rate import Rate


@dataclass(frozen=True)
class Hub:
    """One running hub."""

    config: HubConfig
    enrol_rate: Rate


def hub() -> Hub:
    """The hub behind this app."""
    return cast(Hub, current_app.extensions["tongxin_hub"])
