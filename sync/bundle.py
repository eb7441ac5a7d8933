"""A bundle: the frames of an exchange in one file, signed by its writer, encrypted to its reader (DESIGN §4).

Only bytes: what goes into a bundle and what is done with it is `by_file`. The exact form is in
`docs/sync-protocol.md`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from shared.clock import local_time
from sync.age import decrypted, encrypted
from sync.body import NUMBER_MAX, dumped
from sync.errors import BundleRefused, UpgradeNeeded
from sync.keys import sign, signed_by
from sync.replica import Limits

MAGIC = b"tongxin bundle\0"
BUNDLE_VERSION = 1
REQUEST, ANSWER = "request", "answer"
_LENGTH_BYTES, _HASH_BYTES, _SIGNATURE_BYTES = 4, 32, 64


@dataclass(frozen=True)
class Label:
    """What a bundle says about itself; signed with the rest, and read by nobody but its reader.

    kind: "request" (node to hub) or "answer"; hub: the hub's node name, which stands for the consortium; re: the
    id of the bundle that is answered, "" for none; places: scope → [hub sequence, 8 bytes of the log's hash] from
    which an answer goes on; begin_ms, end_ms: the earliest and latest stamp of what it holds; complete: nothing
    was left out.
    """

    kind: str
    writer: str
    reader: str
    hub: str
    campus: str
    epoch: str
    made_ms: int
    changesets: int
    rows: int
    receipts: int
    begin_ms: int
    end_ms: int
    complete: bool
    re: str = ""
    places: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Bundle:
    """A bundle as read: its id (hex SHA-256 of its content), its label, its frames."""

    id: str
    label: Label
    frames: list[bytes]


def suggested_name(label: Label) -> str:
    """A file name that helps whoever carries it; nobody reads it."""
    way = f"{label.campus}-to-hub" if label.kind == REQUEST else f"hub-to-{label.campus}"
    return f"tongxin-{way}-{local_time(label.made_ms):%Y%m%d-%H%M%S}.age"


def write_bundle(seed: bytes, reader_key: bytes, label: Label, frames: Sequence[bytes]) -> tuple[str, bytes]:
    """(id, file) of a bundle: `seed` signs, the holder of `reader_key` can open."""
    pieces = [dumped(asdict(label)), *frames]
    framed = b"".join(len(piece).to_bytes(_LENGTH_BYTES, "big") + piece for piece in pieces)
    content = MAGIC + BUNDLE_VERSION.to_bytes(2, "big") + len(frames).to_bytes(_LENGTH_BYTES, "big") + framed
    digest = hashlib.sha256(content).digest()
    return digest.hex(), encrypted(reader_key, content + digest + sign(seed, statement(digest)))


def statement(digest: bytes) -> bytes:
    """The exact bytes that the writer of a bundle signs."""
    return b"bundle\0" + digest


def read_bundle(seed: bytes, file: bytes, key_of: Callable[[Label], bytes], limits: Limits) -> Bundle:
    """Open and check a bundle. `key_of` gives the public key of the writer, or raises if it is none of ours.

    Raises BundleRefused ("bundle_too_large", "bundle_not_one", "bundle_cut", "bundle_damaged", "bundle_not_for_us",
    "bundle_forged"), UpgradeNeeded("bundle_newer").
    """
    if len(file) > limits.bundle_bytes:
        raise BundleRefused("bundle_too_large", limit=limits.bundle_bytes)
    payload = decrypted(seed, file)
    if not payload.startswith(MAGIC):
        raise BundleRefused("bundle_not_one")
    content, tail = payload[: -_HASH_BYTES - _SIGNATURE_BYTES], payload[-_HASH_BYTES - _SIGNATURE_BYTES :]
    at = len(MAGIC) + 2
    version = int.from_bytes(payload[len(MAGIC) : at], "big")
    if version != BUNDLE_VERSION:
        raise UpgradeNeeded("bundle_newer", theirs=version, ours=BUNDLE_VERSION)
    digest = hashlib.sha256(content).digest()
    if digest != tail[:_HASH_BYTES]:
        raise BundleRefused("bundle_damaged")
    pieces = _pieces(content, at, limits)
    label = _label_of(pieces[0])
    if not signed_by(key_of(label), statement(digest), tail[_HASH_BYTES:]):
        raise BundleRefused("bundle_forged", writer=label.writer)
    if len(pieces) == 1:
        raise BundleRefused("bundle_damaged")
    return Bundle(digest.hex(), label, pieces[1:])


def _pieces(content: bytes, at: int, limits: Limits) -> list[bytes]:
    count = int.from_bytes(content[at : at + _LENGTH_BYTES], "big")
    at += _LENGTH_BYTES
    pieces: list[bytes] = []
    while at < len(content) and len(pieces) <= limits.bundle_frames:
        size = int.from_bytes(content[at : at + _LENGTH_BYTES], "big")
        at += _LENGTH_BYTES
        pieces.append(content[at : at + size])
        at += size
    if at != len(content) or len(pieces) != count + 1:
        raise BundleRefused("bundle_damaged")
    return pieces


def _label_of(raw: bytes) -> Label:
    """A label from its JSON; members of a later release are passed over."""
    try:
        told = json.loads(raw)
        label = Label(**{name: told[name] for name in Label.__dataclass_fields__})
        dumped(told)  # a lone surrogate is no text and ends here
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BundleRefused("bundle_damaged") from error
    texts = (label.kind, label.writer, label.reader, label.hub, label.campus, label.epoch, label.re)
    counts = (label.made_ms, label.changesets, label.rows, label.receipts, label.begin_ms, label.end_ms)
    sound = (
        all(isinstance(text, str) for text in texts)
        and all(type(count) is int and 0 <= count <= NUMBER_MAX for count in counts)
        and type(label.complete) is bool
        and _are_places(label.places)
    )
    if not sound or label.kind not in (REQUEST, ANSWER):
        raise BundleRefused("bundle_damaged")
    return label


def _are_places(places: object) -> bool:
    return isinstance(places, Mapping) and all(
        isinstance(scope, str) and isinstance(place, list) and [*map(type, place)] == [int, str]
        and 0 <= place[0] <= NUMBER_MAX
        for scope, place in places.items()
    )  # fmt: skip
