"""Many changesets in one message, rearranged so that what is alike stands together: column by column across
changesets, which compresses to two thirds. Nothing is read: texts are cut and joined again, byte for byte.

    shapes   each a list of group numbers: how a piece is put together from segments. A list in its place is one
             segment whose values all have the same number of dashes: what stands before the first dash, then the
             first parts of all values, the second parts, …, each with dashes between them
    order    a piece's shape, or -1 for one that is carried as it is (hashes, signatures, anything odd)
    groups   the segments of one kind, in the order of their pieces, with a line feed between them
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from sync.errors import BadMessage

# No JSON of ours holds one: what does is carried as it is.
_CUT = b"\n"
_DASH = b"-"
# A column with fewer dashes is not worth taking apart, nor one with fewer or more in each value.
PARTED_MIN = 8
PARTS_MIN, PARTS_MAX = 3, 6
# Where a part is cut: before a column, and before a block.
_CUTS = tuple(
    (left + right, left + _CUT + right)
    for left, right in ((b"],", b'"'), (b"},", b'"'), (b"},", b"{"), (b'"c":{', b'"'))
)
# Fewer pieces than this are not worth an index.
PIECES_MIN = 6
# More than any frame within its limits; a message that claims more would cost the receiver memory.
SEGMENTS_MAX = 4_000_000
INDEX_BYTES_MAX = 4_000_000


# How a piece is put together: group numbers; a list of them is one segment told part by part.
Shape = tuple[int | tuple[int, ...], ...]


class _Groups:
    """Segments by kind, in order of appearance."""

    def __init__(self) -> None:
        self.segments: list[list[bytes]] = []
        self._numbers: dict[tuple[bytes, int, int], int] = {}

    def add(self, kind: bytes, segment: bytes, parts: int = 0, part: int = 0) -> int:
        """Put a segment (or part of one that is told in so many) to its like; the number of the group."""
        number = self._numbers.setdefault((kind, parts, part), len(self.segments))
        if number == len(self.segments):
            self.segments.append([])
        self.segments[number].append(segment)
        return number

    def add_column(self, kind: bytes, segment: bytes) -> int | tuple[int, ...]:
        """The same for a column. Ids and dates that are all made alike (`2026-09-01-s0042-1`) are told part by part:
        most parts hardly change from row to row."""
        dashes = segment.count(_DASH)
        if dashes < PARTED_MIN:
            return self.add(kind, segment)
        dashes_a_value, odd = divmod(dashes, segment.count(b'","') + 1)
        if odd or not PARTS_MIN <= dashes_a_value <= PARTS_MAX:
            return self.add(kind, segment)
        first, *rest = segment.split(_DASH)
        parts = [first, *(_DASH.join(rest[at::dashes_a_value]) for at in range(dashes_a_value))]
        return tuple(self.add(kind, part, dashes_a_value, at) for at, part in enumerate(parts))


def woven(pieces: Sequence[bytes]) -> list[bytes]:
    """Pieces as an index and blobs."""
    groups, shapes = _Groups(), dict[Shape, int]()
    order, rest = [], []
    for piece in pieces:
        segments = _segments(piece)
        if not segments:
            order.append(-1)
            rest.append(piece)
            continue
        shape = tuple(groups.add_column(kind, segment) for kind, segment in segments)
        order.append(shapes.setdefault(shape, len(shapes)))
    blobs = [_CUT.join(group) for group in groups.segments]
    index = [list(shapes), order, list(map(len, blobs)), list(map(len, rest))]
    return [json.dumps(index, separators=(",", ":")).encode(), *blobs, *rest]


def _segments(piece: bytes) -> list[tuple[bytes, bytes]]:
    """A piece cut up, each segment with its kind; nothing for what is carried as it is."""
    if piece[:1] != b"[" or _CUT in piece:
        return []
    found = []
    if piece[:2] == b'["':
        # A header, or the salt of an erasable row and its block.
        front = piece.find(b'{"t"')
        found.append((b"front", piece if front < 0 else piece[:front]))
        if front < 0:
            return found
        piece = piece[front:]
    for whole, cut in _CUTS:
        piece = piece.replace(whole, cut)
    block = b""
    for segment in piece.split(_CUT):
        name = segment[: segment.find(b":")]
        if name in (b'[{"t"', b'{"t"'):
            block = name = segment[: segment.find(b',"n"')]
        found.append((block + name, segment))
    return found


def unwoven(framed: bytes, at: int) -> list[bytes]:
    """The reverse, from the position where the index's length stands. Raises BadMessage("damaged")."""
    try:
        size = int.from_bytes(framed[at : at + 4], "big")
        if size > INDEX_BYTES_MAX or framed.count(_CUT, at + 4 + size) > SEGMENTS_MAX:
            raise BadMessage("damaged")
        shapes, order, sizes, rest_sizes = json.loads(framed[at + 4 : at + 4 + size])
        if not isinstance(shapes, list):
            raise BadMessage("damaged")
        blobs = list(_taken(framed, at + 4 + size, chain(sizes, rest_sizes)))
        groups = [iter(blob.split(_CUT)) for blob in islice(blobs, len(sizes))]
        rest = iter(blobs[len(sizes) :])
        pieces = [next(rest) if shape == -1 else _joined(groups, shapes[shape]) for shape in order]
        # Every segment belongs to one piece: nothing is claimed twice, nothing left over.
        if any(next(each, None) is not None for each in (*groups, rest)):
            raise BadMessage("damaged")
    except (ValueError, TypeError, IndexError, StopIteration, RecursionError) as error:
        raise BadMessage("damaged") from error
    return pieces


def _joined(groups: Sequence[Iterator[bytes]], shape: Sequence[int | Sequence[int]]) -> bytes:
    return b"".join([next(groups[at]) if isinstance(at, int) else _unparted(groups, at) for at in shape])


def _unparted(groups: Sequence[Iterator[bytes]], numbers: Sequence[int]) -> bytes:
    """A column that was told part by part. Raises ValueError when its parts are not equally many, or too many."""
    segments = [next(groups[at]) for at in numbers]
    if sum(segment.count(_DASH) for segment in segments) > SEGMENTS_MAX:
        raise ValueError(numbers)
    first, *parts = (segment.split(_DASH) for segment in segments)
    # Looked at before room is made: what is claimed is a product of two lengths.
    if any(len(part) != len(parts[0]) for part in parts):
        raise ValueError(numbers)
    told = [b""] * (len(parts) * len(parts[0]))
    for at, part in enumerate(parts):
        told[at :: len(parts)] = part
    return _DASH.join([*first, *told])


def _taken(framed: bytes, at: int, sizes: Iterable[int]) -> Iterable[bytes]:
    """Blobs of these sizes, which must fill what is left. Raises ValueError."""
    for size in sizes:
        if type(size) is not int or size < 0:
            raise ValueError(size)
        yield framed[at : at + size]
        at += size
    if at != len(framed):
        raise ValueError(at)
