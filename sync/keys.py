"""Keys: one Ed25519 key a node, kept in a file beside the database, never in it (C10).

The same file keeps a token that changes at every opening and closing. A database whose token is not the
file's is not the one last closed here: a restored backup or a clone, and starts a new incarnation.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nacl.exceptions import BadSignatureError, CryptoError
from nacl.public import Box
from nacl.signing import SigningKey, VerifyKey

from sync.errors import BadMessage


@dataclass(frozen=True)
class Identity:
    """What the file beside the database holds. `about`: the node's name, its campus and its hub as of the last
    opening, for the day on which the database can no longer be read."""

    seed: bytes
    token: str
    next_token: str
    about: Mapping[str, str] = field(default_factory=dict)


def identity_path(database: Path) -> Path:
    """Where the identity of a database lies."""
    return database.with_name(database.name + ".identity")


def read_identity(database: Path) -> Identity | None:
    """The identity beside a database, or None where there is none."""
    try:
        raw = json.loads(identity_path(database).read_text("ascii"))
    except FileNotFoundError:
        return None
    return Identity(bytes.fromhex(raw["seed"]), raw["token"], raw["next"], raw.get("about", {}))


def write_identity(database: Path, identity: Identity) -> None:
    """Replace the file in one step; a power cut leaves the old or the new one, never half."""
    path = identity_path(database)
    fresh = path.with_name(path.name + ".new")
    raw = {
        "seed": identity.seed.hex(), "token": identity.token, "next": identity.next_token,
        "about": dict(identity.about),
    }  # fmt: skip
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        json.dump(raw, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
    # Windows has no directory handles to flush; its rename is in the journal already.
    with contextlib.suppress(OSError, AttributeError):
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def progress_path(database: Path) -> Path:
    """Where the progress mark of a database lies."""
    return database.with_name(database.name + ".progress")


def read_progress(database: Path) -> int:
    """How far the database had come when it was last written; 0 when nobody noted it."""
    try:
        return int(progress_path(database).read_text("ascii"))
    except (FileNotFoundError, ValueError):
        return 0


def write_progress(database: Path, progress: int) -> None:
    """Note how far the database has come, after its commit. Overwritten in place and not flushed: what a power
    cut loses here only makes the mark older than the database, which is no sign of anything."""
    handle = os.open(progress_path(database), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.write(handle, b"%020d" % progress)
    finally:
        os.close(handle)


def verify_key_of(seed: bytes) -> bytes:
    """The public half, 32 bytes."""
    return bytes(SigningKey(seed).verify_key)


def sign(seed: bytes, statement: bytes) -> bytes:
    """A detached Ed25519 signature, 64 bytes."""
    return SigningKey(seed).sign(statement).signature


def signed_by(verify_key: bytes, statement: bytes, signature: bytes) -> bool:
    """Whether the signature is good."""
    try:
        VerifyKey(verify_key).verify(statement, signature)
    except (BadSignatureError, ValueError, TypeError):
        return False
    return True


def seal(seed: bytes, peer: bytes, message: bytes) -> bytes:
    """Encrypt for a peer so that it also knows who sealed it (NaCl box; the nonce is part of the result)."""
    box = Box(SigningKey(seed).to_curve25519_private_key(), VerifyKey(peer).to_curve25519_public_key())
    return bytes(box.encrypt(message))


def unseal(seed: bytes, peer: bytes, sealed: bytes) -> bytes:
    """The reverse. Raises BadMessage("not_for_us") when it was not sealed by this peer for us, or was changed."""
    try:
        box = Box(SigningKey(seed).to_curve25519_private_key(), VerifyKey(peer).to_curve25519_public_key())
        return bytes(box.decrypt(sealed))
    except (CryptoError, ValueError, TypeError) as error:
        raise BadMessage("not_for_us") from error
