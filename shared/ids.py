"""Identifiers: where they come from is a parameter, so that a test can say which come next."""

from __future__ import annotations

import secrets
from typing import Protocol

# Crockford's alphabet without I, L, O, U: nothing that is misread aloud or on paper.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Randomness(Protocol):
    """A source of unpredictable text and bytes."""

    def text(self, length: int) -> str:
        """`length` characters of `ALPHABET`."""

    def raw(self, length: int) -> bytes:
        """`length` bytes."""


class SystemRandomness:
    """The machine's own source."""

    def text(self, length: int) -> str:
        """See `Randomness.text`."""
        # 32 characters: each has 8 of the 256 bytes.
        return "".join(ALPHABET[byte % len(ALPHABET)] for byte in secrets.token_bytes(length))

    def raw(self, length: int) -> bytes:
        """See `Randomness.raw`."""
        return secrets.token_bytes(length)


def minted_id(campus: str, counter: int, nonce: str) -> str:
    """`E-1043-7K`: owning campus, the origin's counter, two characters of its incarnation's nonce.

    The nonce keeps a restored or cloned node from minting an id twice (DESIGN §2).
    """
    return f"{campus}-{counter}-{nonce[:2]}"


def campus_of(key: str) -> str:
    """The owning campus, read off the front of an id; a bare campus code is its own."""
    return key.split("-", 1)[0]
