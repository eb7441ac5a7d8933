"""Which tables nobody reads without a role for it and without a note: pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# Table → the action that sees its values.
LOGGED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "pupil_private": "pupil_private.see",
        "person_private": "person_private.see", "card_order": "pupil_private.see", "guest_card": "guest_card.see",
    }
)  # fmt: skip
