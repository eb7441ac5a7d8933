"""The words of the engine: who wrote, what changed, and how a changeset is called. All frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from shared.schema import Value

# A person's correction beats a person's mark beats what was derived beats a terminal's punch (C4).
RANKS = {"terminal": 0, "derived": 1, "person": 2, "office": 3}
LOCAL_OPERATOR = "local operator"


@dataclass(frozen=True)
class Author:
    """Who answers for a write: a person (or a named program) and their rank. Where it was made is the replica's
    to say: a node's own campus, or nothing at the hub."""

    person_id: str
    rank: str = "person"


class State(StrEnum):
    """What a replica did with a changeset."""

    APPLIED = "applied"
    WAITING = "waiting"
    QUARANTINED = "quarantined"
    HOLE = "hole"


@dataclass(frozen=True)
class VersionName:
    """A changeset's name on the wire: scope is that of the changeset which names it."""

    origin: str
    seq: int
    hash8: bytes


@dataclass(frozen=True)
class Header:
    """What is said about a changeset beside its body. `action_size` is how many changesets the action has, one
    for each scope it touches; `names` are the versions its rows refer to, `note` the reason a person gave (a
    resolution, an import)."""

    action: str
    action_size: int
    commit: int
    person_id: str
    campus: str
    rank: str
    stamp_ms: int
    boot: str
    monotonic_ms: int
    hub_seen_ms: int
    schema: int
    names: tuple[VersionName, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Block:
    """Rows of one table changed in one way, column by column.

    op: "i" insert, "u" update, "d" delete, "k" keep. units: the updated units' names ("u" only).
    columns: column → values, one a row. bases: per row, per unit ("u") or once ("i", "d", "k"), the
    indexes into the header's names that the change replaces. weights: authority or rank carried over from
    a winner that an edit in conflict replaced, per row and unit; usually empty.
    """

    table: str
    op: str
    count: int
    units: tuple[str, ...]
    columns: dict[str, list[Value]]
    bases: list[list[list[int]]] = field(default_factory=list)
    weights: list[list[int]] = field(default_factory=list)

    def bases_named(self) -> bool:
        """Whether any row names a version it replaces."""
        return any(names for row in self.bases for names in row)


@dataclass(frozen=True)
class Changeset:
    """A changeset as it travels: header and parts as the exact bytes that were hashed."""

    origin: str
    scope: str
    seq: int
    prev: bytes
    header: bytes
    parts: tuple[bytes, ...] | None
    body_hash: bytes
    hash: bytes
