"""Headers and bodies as bytes: canonical JSON, column by column, one part for all plain rows and one
part with a salt for each row of an erasable record (C10)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from shared.schema import Value
from sync.chain import ERASED, HASH8
from sync.change import Block, Header, VersionName
from sync.errors import BadMessage

SALT_BYTES = 16
TEXT_MAX = 2_000
NUMBER_MAX = 2**53
COLUMNS_MAX = 40
_VALUE_TYPES = frozenset({str, int, type(None)})
# More scopes than any consortium has.
ACTION_SIZE_MAX = 10_000


def dumped(value: object) -> bytes:
    """Canonical JSON: no blanks, UTF-8, keys in the order given by the encoder here (which is fixed)."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def encode_header(header: Header) -> bytes:
    """A header as bytes."""
    names = [[name.origin, name.seq, name.hash8.hex()] for name in header.names]
    return dumped(
        [header.action, header.action_size, header.commit, header.person_id, header.campus, header.rank,
         header.stamp_ms, header.boot, header.monotonic_ms, header.hub_seen_ms, header.schema, names, header.note]
    )  # fmt: skip


def decode_header(data: bytes) -> Header:
    """The reverse. Raises BadMessage("bad_header") on anything else; later fields are ignored (C12)."""
    try:
        fields = json.loads(data)
        names = tuple(VersionName(_text(o), _number(s), bytes.fromhex(h)) for o, s, h in fields[11])
        types = (_text, _number, _number, _text, _text, _text, _number, _text, _number, _number, _number)
        for check, value in zip(types, fields, strict=False):
            check(value)
        if fields[10] < 1 or not 1 <= fields[1] <= ACTION_SIZE_MAX or any(len(name.hash8) != HASH8 for name in names):
            raise BadMessage("bad_header")
        return Header(
            fields[0], fields[1], fields[2], fields[3], fields[4], fields[5], fields[6], fields[7], fields[8],
            fields[9], fields[10], names, _text(fields[12]) if len(fields) > 12 else "",
        )  # fmt: skip
    except (ValueError, TypeError, IndexError, KeyError, RecursionError) as error:
        raise BadMessage("bad_header") from error


def _text(value: Any) -> str:
    """Text that SQLite can hold: no lone surrogates, no NUL. Raises ValueError or TypeError."""
    if type(value) is not str:
        raise TypeError(value)
    if len(value) > TEXT_MAX or "\0" in value:
        raise ValueError(value)
    value.encode()
    return value


def _number(value: Any) -> int:
    """A count or an instant: not negative, and exact in every JSON reader. Raises ValueError or TypeError."""
    if type(value) is not int:
        raise TypeError(value)
    if not 0 <= value <= NUMBER_MAX:
        raise ValueError(value)
    return value


def encode_parts(plain: Sequence[Block], erasable: Sequence[tuple[bytes, Block]]) -> tuple[bytes, ...]:
    """A body: the plain part first (always there), then (salt, one-row block) parts."""
    parts = [dumped([_packed(block) for block in plain])]
    parts += [dumped([salt.hex(), _packed(block)]) for salt, block in erasable]
    return tuple(parts)


def decode_parts(parts: Sequence[bytes], rows_max: int | None = None) -> list[Block]:
    """All blocks of a body. Raises BadMessage: "bad_body", or "too_many_rows" before anything is unfolded."""
    try:
        plain = json.loads(parts[0])
        if type(plain) is not list:
            raise BadMessage("bad_body")
        for part in parts[1:]:
            if part[:1] == ERASED:
                continue
            salt, raw = json.loads(part)
            if len(bytes.fromhex(salt)) != SALT_BYTES:
                raise BadMessage("bad_body")
            plain.append(raw)
        if rows_max is not None:
            _check_size(plain, rows_max)
        blocks = [_unpacked(raw) for raw in plain]
    except (ValueError, TypeError, AttributeError, IndexError, KeyError, RecursionError) as error:
        raise BadMessage("bad_body") from error
    return blocks


def _check_size(raw_blocks: Sequence[Any], rows_max: int) -> None:
    """A column of equal values is one value on the wire, so a few bytes can claim any number of cells."""
    rows = sum(_number(raw["n"]) for raw in raw_blocks)
    cells = sum(raw["n"] * (len(raw["c"]) + len(raw.get("u", ()))) for raw in raw_blocks)
    if rows > rows_max or cells > rows_max * COLUMNS_MAX:
        raise BadMessage("too_many_rows", limit=rows_max)


def _packed(block: Block) -> dict[str, Any]:
    packed: dict[str, Any] = {"t": block.table, "o": block.op, "n": block.count}
    if block.units:
        packed["u"] = list(block.units)
    packed["c"] = {name: _folded(values) for name, values in block.columns.items()}
    if any(any(per_unit) for per_unit in block.bases):
        packed["b"] = _folded([_flat(row) for row in block.bases])
    if any(any(row) for row in block.weights):
        packed["w"] = _folded(block.weights)
    return packed


def _flat(row: list[list[int]]) -> list[list[int]] | list[int]:
    """Units that all name the same versions say it once."""
    return row[0] if all(names == row[0] for names in row) else row


def _folded(values: Sequence[Any]) -> Any:
    """A column whose values are all equal is stored once."""
    first = values[0]
    if values.count(first) == len(values) and len(set(map(type, values))) == 1:
        return {"=": first}
    return list(values)


def _unpacked(raw: Any) -> Block:
    count, op, units = _number(raw["n"]), _text(raw["o"]), tuple(_text(u) for u in raw.get("u", ()))
    if op not in ("i", "u", "d", "k") or count < 1 or (op == "u") is not bool(units):
        raise BadMessage("bad_body")
    columns = {_text(name): _unfolded(values, count) for name, values in raw["c"].items()}
    if any(not _VALUE_TYPES.issuperset(map(type, values)) for values in columns.values()):
        raise BadMessage("bad_body")
    width = len(units) or 1
    bases = [_spread(row, width) for row in _unfolded(raw["b"], count)] if "b" in raw else [[[]] * width] * count
    weights = [_numbers(row) for row in _unfolded(raw["w"], count)] if "w" in raw else []
    if any(len(row) != width for row in weights):
        raise BadMessage("bad_body")
    return Block(_text(raw["t"]), op, count, units, columns, bases, weights)


def _unfolded(values: Any, count: int) -> list[Any]:
    if isinstance(values, dict):
        return [values["="]] * count
    if not isinstance(values, list) or len(values) != count:
        raise BadMessage("bad_body")
    return values


def _spread(row: list[Any], width: int) -> list[list[int]]:
    if row and isinstance(row[0], list):
        if len(row) != width:
            raise BadMessage("bad_body")
        return [_numbers(names) for names in row]
    return [_numbers(row)] * width


def _numbers(row: Any) -> list[int]:
    if type(row) is not list or any(type(v) is not int or not 0 <= v <= NUMBER_MAX for v in row):
        raise BadMessage("bad_body")
    return row


def rows_of(block: Block, names: Sequence[str]) -> list[tuple[Value, ...]]:
    """The block's rows with the given columns, as tuples."""
    return list(zip(*(block.columns[name] for name in names), strict=True))
