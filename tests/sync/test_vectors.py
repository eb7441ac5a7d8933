"""The published vectors are what the code gives, and say what the protocol page says (C10)."""

from __future__ import annotations

import hashlib
import json

from tests.sync.vectors import FILE, vectors


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
