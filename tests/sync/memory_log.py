"""A second home of a consortium's log, in memory: nothing of it is SQL, so the contract is about the interface."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from sync.body import decode_header, decode_parts
from sync.chain import GENESIS, HASH8, entry_hash
from sync.change import Changeset
from sync.entries import HubEntry
from sync.hub_log import END, Receipt, Record, Word, without_dead

Name = tuple[str, str, int, bytes]


@dataclass
class Held:
    """What is committed, or what a transaction made of it: entries by scope, changesets and signatures by name."""

    entries: dict[str, list[tuple[HubEntry, Name, bytes]]] = field(default_factory=dict)
    changesets: dict[Name, Changeset] = field(default_factory=dict)
    signatures: dict[Name, bytes] = field(default_factory=dict)


class MemoryHome:
    """One consortium."""

    def __init__(self) -> None:
        self.held = Held()
        self.lock = threading.Lock()

    @contextmanager
    def transaction(self, log: MemoryLog) -> Iterator[None]:
        """All of it or nothing; whoever appends has the lock until then."""
        with self.lock:
            log.own = Held(
                {scope: list(entries) for scope, entries in self.held.entries.items()},
                copy.copy(self.held.changesets), copy.copy(self.held.signatures),
            )  # fmt: skip
            try:
                yield
                self.held = log.own
            finally:
                log.own = None


class MemoryLog:
    """See `sync.hub_log.ChangesetLog`."""

    def __init__(self, home: MemoryHome) -> None:
        self.home = home
        self.own: Held | None = None

    def append(self, words: Sequence[Word]) -> list[HubEntry]:
        """See the protocol."""
        if self.own is None:
            raise RuntimeError("no transaction")
        return [self._append(self.own, word.changeset, word.receipt, word.signature) for word in words]

    def _append(self, own: Held, changeset: Changeset, receipt: Receipt, signature: bytes | None) -> HubEntry:
        name = (changeset.origin, changeset.scope, changeset.seq, changeset.hash)
        own.changesets.setdefault(name, changeset)
        if signature is not None:
            own.signatures[name] = signature
        last, prev = self.heads(changeset.scope)[changeset.scope]
        numbers = {entry.hub_seq for entries in own.entries.values() for entry, _, _ in entries}
        hub_seq = max(numbers, default=0) + 1
        if receipt.former is not None:
            then, before = receipt.former
            hub_seq = then if (before == prev and then > last and then not in numbers) else hub_seq
        stamp = min(decode_header(changeset.header).stamp_ms, receipt.received_at)
        entry = HubEntry(
            hub_seq, changeset.scope, receipt.kind, changeset.origin, changeset.seq, changeset.hash[:HASH8],
            receipt.received_at, stamp if receipt.effective is None else receipt.effective, receipt.verdict,
            receipt.reason, receipt.data,
        )  # fmt: skip
        log_hash = entry_hash(prev, entry.hashed(changeset.hash))
        own.entries.setdefault(changeset.scope, []).append((entry, name, log_hash))
        return entry

    def _held(self) -> Held:
        return self.own or self.home.held

    def read_since(self, scope: str, hub_seq: int) -> Iterator[Record]:
        """See the protocol."""
        held, prev = self._held(), GENESIS
        for entry, name, log_hash in list(held.entries.get(scope, ())):
            if entry.hub_seq > hub_seq:
                parts = held.changesets[name].parts
                rows = sum(block.count for block in decode_parts(parts)) if parts else 0
                load = partial(held.changesets.__getitem__, name)
                yield Record(entry, prev, log_hash, held.signatures.get(name), rows, load)
            prev = log_hash

    def heads(self, scope: str | None = None, *, until: int = END) -> dict[str, tuple[int, bytes]]:
        """See the protocol."""
        held, found = self._held(), {} if scope is None else {scope: (0, GENESIS)}
        for name in held.entries if scope is None else [scope]:
            for entry, _, log_hash in held.entries.get(name, ()):
                if entry.hub_seq <= until:
                    found[name] = (entry.hub_seq, log_hash)
        return found

    def erase(self, scope: str, is_dead: Callable[[bytes], bool]) -> int:
        """See the protocol."""
        if self.own is None:
            raise RuntimeError("no transaction")
        count = 0
        for name, changeset in self.own.changesets.items():
            if name[1] == scope and changeset.parts is not None:
                kept = without_dead(changeset.parts, is_dead)
                count += sum(old != new for old, new in zip(changeset.parts, kept, strict=True))
                self.own.changesets[name] = replace(changeset, parts=kept)
        return count
