"""Writing the invented consortium into a hub, as one action of its operator."""

from __future__ import annotations

from collections.abc import Sequence

from sqlite_utils import Database

from scripts.demo_play.data import Invented, Size, invented
from shared.web.config import PasswordCost
from shared.web.passwords import hash_password
from sync.capture import Author, write
from sync.change import LOCAL_OPERATOR
from sync.replica import Replica

# Every account of the demo has this one, shown on the screen: nothing here is real.
PASSWORD = "tongxin-2025"


def write_consortium(
    replica: Replica, db: Database, sizes: Sequence[Size], password: str = PASSWORD
) -> Invented:
    """Invent and store it, with one password for all. One changeset a scope, however large."""
    hashed = hash_password(password, PasswordCost())
    with write(replica, db, Author(LOCAL_OPERATOR, rank="office")) as writing:
        consortium = invented(sizes, writing.mint, hashed)
        writing.insert(*consortium.records)
    return consortium
