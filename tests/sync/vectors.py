"""Test vectors of the protocol: a changeset with every hash and signature spelled out, and a bundle.

`python -m tests.sync.vectors` writes `tests/data/vectors/*.json`; a test compares. A bundle's file is encrypted with
fresh randomness each time, so the one in the tree is kept as it is and only opened. Anybody's second
implementation can be checked against the file without our code.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from shared.schema import Value
from sync.age import decrypted, identity_of, recipient_of
from sync.body import dumped, encode_header, encode_parts
from sync.bundle import REQUEST, Label, write_bundle
from sync.chain import ERASED, GENESIS, body_hash, entry_hash, head_statement, link_hash, part_hash, scope_statement
from sync.change import Block, Header, VersionName
from sync.entries import HubEntry
from sync.keys import sign, verify_key_of
from sync.replica import Limits
from sync.weave import woven
from sync.wire import COMMON, pack

FILE = Path(__file__).parents[1] / "data" / "vectors" / "changeset.json"
BUNDLE_FILE = FILE.with_name("bundle.json")
READER_SEED = bytes(range(32, 64))
SEED = bytes(range(32))
ORIGIN, SCOPE, SEQ = "N1234567.7K2Q", "E", 1


def vectors() -> dict[str, object]:
    """Everything of one changeset and its receipt, bytes as hex and JSON texts as they are hashed."""
    header = encode_header(
        Header("ABCDEFGHJK", 2, 7, "E-3-7K", "E", "person", 1_757_900_000_123, "0BOOT000", 4711, 1_757_800_000_000, 1,
               (VersionName("H7654321.0000", 2, bytes(range(8))),), "电话商定")
    )  # fmt: skip
    pupils: list[Value] = ["E-21-7K", "E-22-7K"]
    mark: dict[str, list[Value]] = {"group_id": ["E-8-7K"] * 2, "person_id": pupils}
    mark |= {"mark": ["late", "absent"], "minutes": [4, 0]}
    day: dict[str, list[Value]] = {"campus": ["E"], "date": ["2025-09-15"], "note": ["停课"]}
    update = Block("calendar_day", "u", 1, ("note",), day, [[[0]]])
    pupil = Block("pupil", "i", 1, (), {"id": ["E-21-7K"], "name": ["王小明"], "birth": [None]}, [[[]]])
    parts = encode_parts(
        [Block("register_exception", "i", 2, (), mark, [[[]], [[]]]), update], [(bytes(range(16)), pupil)]
    )
    hashes = [part_hash(part) for part in parts]
    body = body_hash(hashes)
    link = link_hash(GENESIS, f"{ORIGIN}/{SCOPE}", SEQ, header, body)
    received = 1_757_899_999_000
    entry = HubEntry(42, SCOPE, "receipt", ORIGIN, SEQ, link[:8], received, received, "accepted", "", "{}")
    log = entry_hash(GENESIS, entry.hashed(link))
    return {
        "seed": SEED.hex(), "verify_key": verify_key_of(SEED).hex(), "origin": ORIGIN, "scope": SCOPE, "seq": SEQ,
        "header": header.decode(), "parts": [part.decode() for part in parts],
        "part_hashes": [each.hex() for each in hashes], "body_hash": body.hex(), "prev": GENESIS.hex(),
        "link_hash": link.hex(),
        "erased_part": (ERASED + hashes[1]).hex(),
        "body_hash_with_the_part_erased": body_hash([part_hash(parts[0]), part_hash(ERASED + hashes[1])]).hex(),
        "head_signature": sign(SEED, head_statement(f"{ORIGIN}/{SCOPE}", SEQ, link)).hex(),
        "entry": entry.hashed(link).decode(), "log_hash": log.hex(),
        "log_signature": sign(SEED, scope_statement(SCOPE, 42, log)).hex(),
        "dictionary": COMMON.decode(), "woven": _woven([header, *parts] * 2 + [GENESIS]),
    }  # fmt: skip


def _woven(pieces: list[bytes]) -> dict[str, object]:
    """Pieces as they stand in a message of many: the index, and the blobs behind it as hex."""
    index, *blobs = woven(pieces)
    return {"pieces": [piece.hex() for piece in pieces], "index": index.decode(), "blobs": b"".join(blobs).hex()}


def bundle_vectors(file: str = "") -> dict[str, object]:
    """A bundle with one frame: keys in age's spelling, the signed content, and a file of it (a new one for "")."""
    label = Label(
        REQUEST, "N1234567", "H7654321", "H7654321", "E", "EPOCH00000", 1_757_900_100_000, 1, 3, 0,
        1_757_900_000_123, 1_757_900_000_123, True,
    )  # fmt: skip
    frame = pack({"v": 1, "now": 1_757_900_100_000}, [b"piece"], Limits())
    id_, written = write_bundle(SEED, verify_key_of(READER_SEED), label, [frame])
    file = file or written.decode("ascii")
    payload = decrypted(READER_SEED, file.encode())
    return {
        "writer_seed": SEED.hex(), "reader_seed": READER_SEED.hex(),
        "reader_identity": identity_of(READER_SEED), "reader_recipient": recipient_of(verify_key_of(READER_SEED)),
        "label": json.loads(dumped(asdict(label))), "frame": frame.hex(), "id": id_, "payload": payload.hex(),
        "file": file,
    }  # fmt: skip


def main() -> None:
    """Write the files anew; the bundle's own file stays as long as it says the same."""
    known = json.loads(BUNDLE_FILE.read_text("utf-8")) if BUNDLE_FILE.exists() else {"file": "", "id": ""}
    told = bundle_vectors()
    if told["id"] != known["id"]:
        BUNDLE_FILE.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(json.dumps(vectors(), ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
