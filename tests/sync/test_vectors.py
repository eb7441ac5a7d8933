"""The published vectors are what the code gives, and say what the protocol page says (C10)."""

from __future__ import annotations

import hashlib
import json

from nacl.signing import SigningKey, VerifyKey

from sync.bundle import read_bundle
from sync.keys import verify_key_of
from sync.replica import Limits
from tests.sync.vectors import BUNDLE_FILE, FILE, READER_SEED, SEED, bundle_vectors, vectors


def test_the_vectors_in_the_tree_are_what_the_code_gives():
    """Regenerate with `python -m tests.sync.vectors`, and raise the protocol's version."""
    assert json.loads(FILE.read_text("utf-8")) == vectors()


def test_the_hashes_follow_from_the_protocol_page_alone():
    """Recomputed with hashlib and the page's formulas, none of our functions."""
    told = json.loads(FILE.read_text("utf-8"))

    def digest(*pieces: bytes) -> bytes:
        return hashlib.sha256(b"".join(pieces)).digest()

    parts = [digest(b"part\0", text.encode()) for text in told["parts"]]
    body = digest(b"body\0", *parts)
    header = digest(told["header"].encode())
    place = f"{told['origin']}/{told['scope']}/{told['seq']}".encode()
    assert [each.hex() for each in parts] == told["part_hashes"]
    assert body.hex() == told["body_hash"] == told["body_hash_with_the_part_erased"]
    assert digest(b"link\0", bytes(32), place, b"\0", header, body).hex() == told["link_hash"]
    assert digest(b"entry\0", bytes(32), told["entry"].encode()).hex() == told["log_hash"]


def test_the_bundle_in_the_tree_is_what_the_code_reads_and_would_write():
    """The file is opened as it is; its content is made anew, byte for byte."""
    told = json.loads(BUNDLE_FILE.read_text("utf-8"))
    assert told == bundle_vectors(told["file"])
    bundle = read_bundle(READER_SEED, told["file"].encode(), lambda label: verify_key_of(SEED), Limits())
    assert (bundle.id, [frame.hex() for frame in bundle.frames]) == (told["id"], [told["frame"]])


def test_a_bundle_follows_from_the_protocol_page_alone():
    """Put together with the standard library and PyNaCl from the page's words, none of our functions."""
    told = json.loads(BUNDLE_FILE.read_text("utf-8"))
    label = json.dumps(told["label"], ensure_ascii=False, separators=(",", ":")).encode()
    pieces = [label, bytes.fromhex(told["frame"])]
    framed = b"".join(len(piece).to_bytes(4, "big") + piece for piece in pieces)
    content = b"tongxin bundle\0" + (1).to_bytes(2, "big") + (1).to_bytes(4, "big") + framed
    digest = hashlib.sha256(content).digest()
    signature = SigningKey(bytes.fromhex(told["writer_seed"])).sign(b"bundle\0" + digest).signature
    assert digest.hex() == told["id"]
    assert (content + digest + signature).hex() == told["payload"]
    reader = SigningKey(bytes.fromhex(told["reader_seed"]))
    assert bytes(VerifyKey(bytes(reader.verify_key)).to_curve25519_public_key()) == bytes(
        reader.to_curve25519_private_key().public_key
    )
