"""Two hands for a release: the first operator asks, another one agrees, then the engine lets it in (C9)."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlite_utils import Database

from shared.clock import instant_text
from shared.database import transaction
from shared.errors import NotAllowed, NotFound
from sync.replica import Replica, set_setting, setting
from sync.status import refusals
from sync.steps.release import release

_ASKED = "release_asked/"


@dataclass(frozen=True)
class Asked:
    """Who asked for the release of a changeset, and when."""

    person_id: str
    instant: str


def asked_for(db: Database, version: str) -> Asked | None:
    """The open request for a changeset's release."""
    text = setting(db, _ASKED + version)
    return Asked(**json.loads(text)) if text else None


def agree(db: Database, replica: Replica, version: str, person_id: str) -> list[str]:
    """One operator's word. The first is noted and gives []; another person's releases, and gives what went in.

    Raises NotFound when the changeset is not in quarantine, NotAllowed when one person speaks twice.
    """
    with transaction(db):
        if not any(refusal.version == version for refusal in refusals(db, replica)):
            raise NotFound(changeset=version)
        asked = asked_for(db, version)
        if asked is None:
            now = instant_text(replica.clock.now_ms())
            set_setting(db, _ASKED + version, json.dumps({"person_id": person_id, "instant": now}))
            return []
        if asked.person_id == person_id:
            raise NotAllowed("second_hand_needed", changeset=version)
        names = release(db, replica, version, by=f"{asked.person_id},{person_id}")
        set_setting(db, _ASKED + version, "")
        return names
