"""The one tree of errors. Each knows its code, its data, and what the caller can do about it.

* TongxinError
  + InvalidInput        a person or a peer sent something wrong; `problems` names each place and cure
  + NotAllowed          the asker may not do this
  + NotFound            there is no such thing here
  + Stale               the page showed something older than what is here now
  + NodeNotReady        not enrolled, or today's date not confirmed
  + DatabaseUnusable    the file is damaged, locked or the disk is full
  + SyncError           (in sync/errors.py) what can go wrong between two replicas

Words for people are made at the border from `code` and `data`, never here.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum


class Advice(StrEnum):
    """What helps: trying again, a newer version, a person, or nothing but another input."""

    NONE = "none"
    RETRY_LATER = "retry_later"
    NEEDS_UPGRADE = "needs_upgrade"
    NEEDS_PERSON = "needs_person"


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input: the field, a reason code, and the data a cure needs."""

    field: str
    reason: str
    data: dict[str, str | int | None] = dataclasses.field(default_factory=dict)


class TongxinError(Exception):
    """The root. `code` is stable and machine-readable, `data` is JSON-ready."""

    code = "error"
    advice = Advice.NONE

    def __init__(self, code: str | None = None, **data: object) -> None:
        self.code = code or type(self).code
        self.data = data
        super().__init__(f"{self.code} {data}" if data else self.code)


class InvalidInput(TongxinError):
    """Input that cannot be taken; `problems` lists all of them at once."""

    code = "invalid_input"

    def __init__(self, *problems: Problem, code: str | None = None, **data: object) -> None:
        self.problems = problems
        super().__init__(code, **data)

    def __str__(self) -> str:
        places = "; ".join(f"{p.field}: {p.reason} {p.data or ''}".strip() for p in self.problems)
        return f"{self.code} {places}"


class NotAllowed(TongxinError):
    """The person, role or campus may not do this."""

    code = "not_allowed"


class NotFound(TongxinError):
    """No such record, page or object in this replica."""

    code = "not_found"


class RowErased(TongxinError):
    """The row was erased by law: its key is dead for ever, and what would stand there needs a new one."""

    code = "row_erased"


class Stale(TongxinError):
    """What the page showed has moved, and this action cannot stand beside the newer state."""

    code = "stale"


class NodeNotReady(TongxinError):
    """The node cannot work yet: it is not enrolled, or its date needs a person."""

    code = "node_not_ready"
    advice = Advice.NEEDS_PERSON


class DatabaseUnusable(TongxinError):
    """The database file cannot be used as it is."""

    code = "database_unusable"
    advice = Advice.NEEDS_PERSON
