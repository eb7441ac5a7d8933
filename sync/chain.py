"""Hashes: of body parts, of bodies, and the chain over a stream (C10)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

GENESIS = bytes(32)
HASH8 = 8
# A part that begins so is erased: its hash follows. No JSON begins with a zero byte.
ERASED = b"\0"


def part_hash(part: bytes) -> bytes:
    """The hash of one body part; an erased part is replaced by it and the body still verifies."""
    if part[:1] == ERASED and len(part) == 33:
        return part[1:]
    return hashlib.sha256(b"part\0" + part).digest()


def body_hash(part_hashes: Sequence[bytes]) -> bytes:
    """The hash of a body: over the hashes of its parts, so that a part can be erased."""
    return hashlib.sha256(b"body\0" + b"".join(part_hashes)).digest()


def link_hash(prev: bytes, stream: str, seq: int, header: bytes, body: bytes) -> bytes:
    """The chain hash of a changeset. `stream` is "origin/scope"."""
    place = f"{stream}/{seq}".encode()
    return hashlib.sha256(b"link\0" + prev + place + b"\0" + hashlib.sha256(header).digest() + body).digest()


def entry_hash(prev: bytes, entry: bytes) -> bytes:
    """The hash of the hub's log in one scope, after one more entry."""
    return hashlib.sha256(b"entry\0" + prev + entry).digest()


def head_statement(stream: str, seq: int, head: bytes) -> bytes:
    """What a node signs to vouch for its stream up to `seq`."""
    return b"tongxin head 1\0" + f"{stream}/{seq}".encode() + b"\0" + head


def scope_statement(scope: str, hub_seq: int, log_hash: bytes) -> bytes:
    """What the hub signs to vouch for its log in one scope."""
    return b"tongxin log 1\0" + f"{scope}/{hub_seq}".encode() + b"\0" + log_hash


def snapshot_statement(scope: str, hub_seq: int, log_hash: bytes, digest: bytes) -> bytes:
    """What the hub signs to vouch for a snapshot of a scope where its log stood so."""
    return b"tongxin snapshot 1\0" + f"{scope}/{hub_seq}".encode() + b"\0" + log_hash + digest
