"""Messages as bytes: one JSON head and binary pieces, compressed within stated limits (DESIGN §4)."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import zstandard

from sync.body import dumped
from sync.chain import body_hash, link_hash, part_hash
from sync.change import Changeset
from sync.errors import BadMessage
from sync.replica import Limits
from sync.weave import PIECES_MIN, unwoven, woven

_WINDOW_BYTES = 8 * 1024 * 1024


# A message whose pieces are rearranged begins with this; any other with a length, which is far below it.
_WOVEN = b"W"
# What the heads of most messages are made of, so that a round trip with nothing to say costs next to nothing. Part of
# version 1: neither a letter more nor one less.
COMMON = (
    b'"nodes":[["H","","","hub",null],["N","A","","node",null]],"x":[]"gives":{"e":[],"h":[["N.","con",1,0]],"t":{"con":'
    b'"release","refused","receipt","N.","con",1,"accepted","","{}",null]],[["con",1,"receipt","H.","con",'
    b'{"v":1,"schema":1,"now":17,"epoch":"","re":"","turn":17,"covered":0,"known":{"A":17,"B":17},"e":[],"h":[],"t":{},'
    b'"more":false,"x":[]}'
    b'{"v":1,"schema":1,"app":"0.1.0","epoch":"","now":17,"cursors":{"con":[1,""],"A":[1,""]},"held":{"N./con":1,'
    b'"N./A":1},"backlog":0,"conflicts":0,"parked":0,"nodes":"","turn":17,"nonce":"","push":[{"o":"N.","s":"con","q":1,'
    b'"p":[1,1]}],"complete":false}"push":[],"complete":true}'
)
_COMMON = zstandard.ZstdCompressionDict(COMMON, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


def pack(head: Mapping[str, Any], pieces: Sequence[bytes], limits: Limits) -> bytes:
    """A message as compressed bytes."""
    json_head = dumped(head)
    if len(pieces) < PIECES_MIN:
        framed = _with_lengths([json_head, *pieces])
    else:
        index, *blobs = woven(pieces)
        framed = b"".join([_WOVEN, _with_lengths([json_head, index]), *blobs])
    if len(framed) > limits.small_bytes:
        return zstandard.ZstdCompressor(level=limits.compression_level).compress(framed)
    packer = zstandard.ZstdCompressor(
        level=limits.small_compression_level, dict_data=_COMMON, write_content_size=False
    )
    return packer.compress(framed)


def _with_lengths(pieces: Iterable[bytes]) -> bytes:
    return b"".join(part for piece in pieces for part in (len(piece).to_bytes(4, "big"), piece))


def unpack(packed: bytes, limits: Limits) -> tuple[dict[str, Any], list[bytes]]:
    """The reverse. Raises BadMessage: "too_large", "inflates_too_far" (a bomb), "damaged"."""
    if len(packed) > limits.message_bytes:
        raise BadMessage("too_large", limit=limits.message_bytes)
    try:
        # max_output_size is ignored when a frame states its own size (TRAPS 13), so the reader counts.
        decompressor = zstandard.ZstdDecompressor(dict_data=_COMMON, max_window_size=_WINDOW_BYTES)
        framed = decompressor.stream_reader(io.BytesIO(packed)).read(limits.inflated_bytes + 1)
        if len(framed) > limits.inflated_bytes:
            raise BadMessage("inflates_too_far", limit=limits.inflated_bytes)
        raw, pieces = _split(framed)
        head = json.loads(raw)
        if b"\\u" in raw:
            dumped(head)  # a lone surrogate is no text and ends here
    except (zstandard.ZstdError, ValueError, IndexError, MemoryError, RecursionError) as error:
        raise BadMessage("damaged") from error
    if not isinstance(head, dict):
        raise BadMessage("damaged")
    return head, pieces


def _split(framed: bytes) -> tuple[bytes, list[bytes]]:
    """The head's bytes and the pieces of a message. Raises BadMessage("damaged"), IndexError."""
    if framed[:1] == _WOVEN:
        end = 5 + int.from_bytes(framed[1:5], "big")
        return framed[5:end], unwoven(framed, end)
    pieces, at = [], 0
    while at < len(framed):
        size = int.from_bytes(framed[at : at + 4], "big")
        if at + 4 + size > len(framed):
            raise BadMessage("damaged")
        pieces.append(framed[at + 4 : at + 4 + size])
        at += 4 + size
    return pieces[0], pieces[1:]


def changeset_pieces(changeset: Changeset) -> tuple[int, list[bytes]]:
    """A changeset's pieces: header, then its parts; a hole sends its body hash in place of parts.

    The number says how many parts follow the header, -1 for a hole. Hashes are computed by the receiver.
    """
    if changeset.parts is None:
        return -1, [changeset.header, changeset.body_hash]
    return len(changeset.parts), [changeset.header, *changeset.parts]


class PieceReader:
    """Takes a message's binary pieces in order."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self._at = 0

    def take(self, count: int = 1) -> list[bytes]:
        """The next pieces. Raises BadMessage("damaged") when there are fewer."""
        if count < 0 or self._at + count > len(self._pieces):
            raise BadMessage("damaged")
        taken = list(self._pieces[self._at : self._at + count])
        self._at += count
        return taken


def text_rows(raw: object, width: int) -> list[list[str]]:
    """A list of lists of so many texts, as heads name changesets. Raises BadMessage("damaged") for anything else."""
    if not isinstance(raw, list) or not all(isinstance(item, list) and len(item) == width for item in raw):
        raise BadMessage("damaged")
    if not all(isinstance(text, str) and text.isascii() for item in raw for text in item):
        raise BadMessage("damaged")
    return raw


def bytes_of(text: str) -> bytes:
    """Bytes from hex digits. Raises BadMessage("damaged")."""
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise BadMessage("damaged") from error


def changeset_from(
    reader: PieceReader, origin: str, scope: str, seq: int, prev: bytes, parts_count: int
) -> Changeset:
    """Rebuild a changeset from its pieces, computing its hashes."""
    [header] = reader.take()
    parts: tuple[bytes, ...] | None = None
    if parts_count == -1:
        [body] = reader.take()
        if len(body) != 32:
            raise BadMessage("damaged")
    else:
        parts = tuple(reader.take(parts_count))
        if not parts:
            raise BadMessage("bad_body")
        body = body_hash([part_hash(part) for part in parts])
    hash_ = link_hash(prev, f"{origin}/{scope}", seq, header, body)
    return Changeset(origin, scope, seq, prev, header, parts, body, hash_)
