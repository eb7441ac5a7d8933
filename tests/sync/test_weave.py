"""Messages of many changesets: rearranged for the line and put together again, byte for byte; a lie is refused."""

import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.body import encode_parts
from sync.errors import BadMessage
from sync.replica import Limits
from sync.weave import PIECES_MIN, unwoven, woven
from sync.wire import pack, unpack
from tests.sync.test_wire import blocks

few = settings(max_examples=60, deadline=None)
DASHED = st.lists(st.sampled_from(["2026-09-01-s0001-1", "a-b", "-", "", "a-b-c-d", "--,--"]), max_size=12)


def framed(pieces: list[bytes]) -> bytes:
    """Pieces as they stand in a message, from the index's length on."""
    index, *blobs = woven(pieces)
    return b"".join([len(index).to_bytes(4, "big"), index, *blobs])


PIECES = st.one_of(st.binary(max_size=60), blocks().map(lambda block: encode_parts([block], [])[0]))


@few
@given(st.lists(PIECES, max_size=9))
def test_pieces_come_back_byte_for_byte(pieces: list[bytes]) -> None:
    assert unwoven(framed(pieces), 0) == pieces


@few
@given(st.lists(DASHED, min_size=1, max_size=4))
def test_columns_of_dashes_come_back_byte_for_byte(columns: list[list[str]]) -> None:
    """Planted once: the parts joined with the wrong stride; red."""
    told = {f"c{at}": values for at, values in enumerate(columns)}
    part = json.dumps([{"t": "x", "o": "i", "n": 1, "c": told}], separators=(",", ":")).encode()
    assert unwoven(framed([part] * 3), 0) == [part] * 3


def test_ids_that_are_made_alike_are_told_part_by_part() -> None:
    ids = [f"2026-09-01-s{number:04}-1" for number in range(50)]
    part = json.dumps([{"t": "x", "o": "i", "n": 50, "c": {"id": ids}}], separators=(",", ":")).encode()
    blobs = woven([part])[1:]
    assert b"-".join([b"09"] * 50) in blobs and unwoven(framed([part]), 0) == [part]


def test_a_message_of_many_changesets_is_shorter_than_its_pieces_one_after_another() -> None:
    """3.3 and not 5.7 bytes a row for a school's registers; here by more than a fifth."""
    parts = [
        json.dumps([{"t": "x", "o": "i", "n": 40, "c": {"id": [f"s-{number}-{day}-1" for number in range(40)],
                                                       "mark": [(number * day) % 7 for number in range(40)]}}],
                   separators=(",", ":")).encode()
        for day in range(60)
    ]  # fmt: skip
    limits = Limits(small_bytes=0)
    plain = sum(len(pack({}, parts[at : at + PIECES_MIN - 1], limits)) for at in range(0, 60, PIECES_MIN - 1))
    together = pack({}, parts, limits)
    assert unpack(together, limits) == ({}, parts)
    assert len(together) < 0.8 * plain


@pytest.mark.parametrize(
    ("index", "blobs"),
    [
        ([[[0]], [0, 0], [1], []], b"a"),
        ([[[0]], [], [1], []], b"a"),
        ([[[0]], [0], [5], []], b"a"),
        ([[[0]], [0], [1], []], b"ab"),
        ([[[0]], [0], [-1, 2], []], b"a"),
        ([[[1]], [0], [1], []], b"a"),
        ([[[0]], [7], [1], []], b"a"),
        ([[[0]], [-1], [], []], b""),
        ([[[0]], [-1], [], [True]], b"a"),
        ([[[[0, 1, 2]]], [0], [1, 3, 5], []], b"ab-cd-e-f"),
        ([[["x"]], [0], [1], []], b"a"),
        ([[[[]]], [0], [1], []], b"a"),
        ([{}, [0], [], []], b""),
        ([1, 2], b""),
        (7, b""),
    ],
    ids=["a segment twice", "a segment left over", "too long", "too short", "less than nothing", "no such group",
         "no such shape", "nothing carried", "a size that is no number", "parts not equally many",
         "a name for a number", "no parts", "shapes by name", "half an index",
         "no index"],
)  # fmt: skip
def test_an_index_that_lies_is_damaged(index: object, blobs: bytes) -> None:
    raw = json.dumps(index).encode()
    with pytest.raises(BadMessage) as caught:
        unwoven(len(raw).to_bytes(4, "big") + raw + blobs, 0)
    assert caught.value.code == "damaged"


def test_what_claims_more_pieces_than_any_frame_has_is_damaged_before_it_is_cut() -> None:
    raw = json.dumps([[[0]], [], [5_000_000], []]).encode()
    with pytest.raises(BadMessage):
        unwoven(len(raw).to_bytes(4, "big") + raw + b"\n" * 5_000_000, 0)


def test_a_column_that_claims_many_long_parts_is_damaged_before_room_is_made_for_them() -> None:
    """Two messages of some kilobytes: 3,000 parts of which one has 10,000 values would be 240 MB."""
    index = [[[[0, 1, *[2] * 3_000]]], [0], [0, 10_000, 2_999], []]
    raw = json.dumps(index).encode()
    message = len(raw).to_bytes(4, "big") + raw + b"-" * 10_000 + b"\n" * 2_999
    tracemalloc.start()
    try:
        with pytest.raises(BadMessage):
            unwoven(message, 0)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
