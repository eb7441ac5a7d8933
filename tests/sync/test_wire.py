"""Headers, bodies, messages and keys as bytes: what goes in comes out, for any text; the rest is refused by name."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.body import decode_header, decode_parts, encode_header, encode_parts, rows_of
from sync.chain import GENESIS, body_hash, link_hash, part_hash
from sync.change import Block, Changeset, Header, VersionName
from sync.errors import BadMessage
from sync.keys import seal, sign, signed_by, unseal, verify_key_of
from sync.log import pack_parts, unpack_parts
from sync.replica import Limits
from sync.wire import PieceReader, changeset_from, changeset_pieces, pack, unpack

# Everything UTF-8 can say, the nasty first: quotes, brackets, line ends, right-to-left, private use, astral.
TEXT = st.one_of(
    st.sampled_from(["", "'", '"', "\\", "[]", "{}", "=", "\r\n", "\u2028", "\u202e", "👩‍🏫", "王小明", "\ufeff"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30),
)
CELL = st.one_of(st.none(), TEXT, st.integers(-(2**63), 2**63 - 1))
NUMBER = st.integers(0, 2**53)
NAMES = st.lists(st.builds(VersionName, TEXT, NUMBER, st.binary(min_size=8, max_size=8)), max_size=4).map(tuple)
HEADERS = st.builds(
    Header, action=TEXT, action_size=st.integers(1, 10_000), commit=NUMBER, person_id=TEXT, campus=TEXT, rank=TEXT,
    stamp_ms=NUMBER, boot=TEXT, monotonic_ms=NUMBER, hub_seen_ms=NUMBER, schema=st.integers(1, 2**53), names=NAMES,
    note=TEXT,
)  # fmt: skip
few = settings(max_examples=60, deadline=None)


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    """A block of any operation with a few rows and columns; sometimes all cells of a column are equal."""
    op = draw(st.sampled_from("iudk"))
    count = draw(st.integers(1, 5))
    units = tuple(draw(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3, unique=True)))
    units = units if op == "u" else ()
    columns = {
        name: [draw(CELL)] * count if draw(st.booleans()) else [draw(CELL) for _ in range(count)]
        for name in draw(st.lists(TEXT, min_size=1, max_size=4, unique=True))
    }
    width = len(units) or 1
    some = st.lists(st.integers(0, 9), max_size=3)
    bases = [[draw(some) for _ in range(width)] for _ in range(count)]
    weights: list[list[int]] = []
    if op == "u" and draw(st.booleans()):
        weights = [[draw(st.integers(0, 7)) for _ in range(width)] for _ in range(count)]
    return Block(draw(TEXT), op, count, units, columns, bases, weights)


@few
@given(HEADERS)
def test_a_header_comes_back_as_it_went(header: Header) -> None:
    assert decode_header(encode_header(header)) == header


@few
@given(st.lists(blocks(), max_size=3), st.lists(blocks(), max_size=2))
def test_a_body_comes_back_as_it_went(plain: list[Block], apart: list[Block]) -> None:
    """The columnar form, with a column of equal cells folded, each erasable row a part of its own (C10)."""
    found = decode_parts(encode_parts(plain, [(bytes(16), block) for block in apart]))
    for ours, theirs in zip([*plain, *apart], found, strict=True):
        if not any(any(row) for row in ours.weights):
            theirs = replace(theirs, weights=ours.weights)
        assert theirs == ours
        assert len(rows_of(theirs, list(theirs.columns))) == ours.count


@few
@given(HEADERS, st.lists(blocks(), max_size=2), st.integers(1, 10**6))
def test_a_changeset_comes_back_with_the_same_hash(header: Header, plain: list[Block], seq: int) -> None:
    """C10: every hash is computed by the receiver."""
    parts = encode_parts(plain, [])
    raw, body = encode_header(header), body_hash([part_hash(part) for part in parts])
    sent = Changeset("N.1", "con", seq, GENESIS, raw, parts, body, link_hash(GENESIS, "N.1/con", seq, raw, body))
    for one in (sent, replace(sent, parts=None)):
        count, pieces = changeset_pieces(one)
        head, carried = unpack(pack({"n": count}, pieces, Limits()), Limits())
        assert changeset_from(PieceReader(carried), "N.1", "con", seq, GENESIS, head["n"]) == one
    assert unpack_parts(pack_parts(parts)) == parts


@pytest.mark.parametrize("place", [("N.2/con", 1), ("N.1/A", 1), ("N.1/con", 2)])
def test_a_hash_covers_origin_scope_and_place(place: tuple[str, int]) -> None:
    assert link_hash(GENESIS, *place, b"h", b"b" * 32) != link_hash(GENESIS, "N.1/con", 1, b"h", b"b" * 32)


def test_a_newer_header_with_more_fields_is_read() -> None:
    """C12: later fields are ignored."""
    header = Header("a", 1, 1, "p", "A", "office", 1, "b", 1, 1, 2, (), "why")
    assert decode_header(encode_header(header)[:-1] + b',"new",{"x":1}]') == header


@pytest.mark.parametrize(
    "packed",
    [b"", b"x", b"\x28\xb5\x2f\xfd", pack({}, [], Limits())[:-1], pack({}, [b"x" * 50], Limits())[:-9]],
    ids=["empty", "no frame", "half a frame's head", "cut", "cut within a piece"],
)
def test_what_is_no_message_is_damaged(packed: bytes) -> None:
    with pytest.raises(BadMessage) as caught:
        unpack(packed, Limits())
    assert caught.value.code == "damaged"


@pytest.mark.parametrize("head", [[], 7, None, "x"])
def test_a_head_is_an_object(head: Any) -> None:
    with pytest.raises(BadMessage):
        unpack(pack(head, [], Limits()), Limits())


def test_a_seal_opens_only_for_its_reader_and_from_its_sender() -> None:
    a, b, c = bytes(32), b"b" * 32, b"c" * 32
    sealed = seal(a, verify_key_of(b), "名".encode())
    assert unseal(b, verify_key_of(a), sealed) == "名".encode()
    for reader, sender in ((c, a), (b, c)):
        with pytest.raises(BadMessage):
            unseal(reader, verify_key_of(sender), sealed)
    with pytest.raises(BadMessage):
        unseal(b, b"no key", sealed)


def test_a_signature_covers_every_byte() -> None:
    signature = sign(bytes(32), b"statement")
    key = verify_key_of(bytes(32))
    assert signed_by(key, b"statement", signature)
    assert not signed_by(key, b"statemenT", signature)
    assert not signed_by(verify_key_of(b"x" * 32), b"statement", signature)
    assert not signed_by(b"", b"statement", signature)
    assert not signed_by(key, b"statement", b"")
