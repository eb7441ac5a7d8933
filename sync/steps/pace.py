"""Pace: how much one message may carry on this line. Half as much after a cut, a quarter more after each that got
through, never more than the limits; remembered from run to run, so that a bad line is not tried anew every night.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from shared.database import transaction
from sync.errors import BadMessage
from sync.replica import Replica, set_setting, setting
from sync.steps.push import FrameSize

# What one lesson's changes take: less would be all heads and hashes.
FRAME_BYTES_MIN = 2_000
_NAME = "frame_bytes"


def frame_now(replica: Replica, db: Database) -> FrameSize:
    """Node half: what the next message may carry, either way."""
    return _of_bytes(replica, int(setting(db, _NAME) or replica.limits.frame_bytes))


def whole_frame(replica: Replica) -> FrameSize:
    """What a frame may carry that goes in a file: no line cuts it."""
    return FrameSize(replica.limits.frame_rows, replica.limits.frame_bytes)


def told_frame(replica: Replica, size: FrameSize) -> dict[str, list[int]]:
    """Node half: what a request says of it; nothing on a good line."""
    whole = size.bytes >= replica.limits.frame_bytes
    return {} if whole else {"frame": [size.rows, size.bytes]}


def asked_frame(replica: Replica, head: Mapping[str, Any]) -> FrameSize:
    """Hub half: what the answer may carry, as asked and within our own limits. Raises BadMessage("damaged")."""
    ours = whole_frame(replica)
    asked = head.get("frame")
    if asked is None:
        return ours
    if not (isinstance(asked, list) and len(asked) == 2 and all(type(each) is int and each > 0 for each in asked)):
        raise BadMessage("damaged")
    return FrameSize(min(ours.rows, asked[0]), min(ours.bytes, asked[1]))


def slow_down(replica: Replica, db: Database) -> None:
    """The line was cut: half as much next time."""
    _remember(replica, db, frame_now(replica, db).bytes // 2)


def speed_up(replica: Replica, db: Database) -> None:
    """A message and its answer got through."""
    now = frame_now(replica, db).bytes
    if now < replica.limits.frame_bytes:
        _remember(replica, db, now + now // 4)


def _of_bytes(replica: Replica, wanted: int) -> FrameSize:
    limits = replica.limits
    size = max(min(wanted, limits.frame_bytes), min(FRAME_BYTES_MIN, limits.frame_bytes))
    return FrameSize(max(1, limits.frame_rows * size // limits.frame_bytes), size)


def _remember(replica: Replica, db: Database, wanted: int) -> None:
    with transaction(db):
        set_setting(db, _NAME, str(_of_bytes(replica, wanted).bytes))
