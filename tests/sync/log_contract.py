"""The contract of a consortium's log (`sync.hub_log.ChangesetLog`): every home must pass it.

A home gives connections, each with its log and its way to open a transaction. Nothing here knows tables.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol

import pytest

from sync.body import encode_header
from sync.chain import ERASED, GENESIS, HASH8, body_hash, entry_hash, link_hash, part_hash
from sync.change import Changeset, Header
from sync.entries import HubEntry
from sync.hub_log import ChangesetLog, Receipt, Record, Word

STAMP = 1_788_000_000_000
WRITERS, TURNS = 4, 12


@dataclass(frozen=True)
class Connection:
    """One process's way to the log."""

    log: ChangesetLog
    transaction: Callable[[], AbstractContextManager[object]]


class LogHome(Protocol):
    """Where one consortium's log lives."""

    def connect(self) -> AbstractContextManager[Connection]:
        """A connection of its own, for one thread."""

    def another(self) -> LogHome:
        """An empty home of the same kind."""


def stream(origin: str, scope: str, length: int, *, rows: int = 1) -> list[Changeset]:
    """Consecutive changesets of an origin; each has a plain part and an erasable one."""
    found: list[Changeset] = []
    prev = GENESIS
    for seq in range(1, length + 1):
        header = encode_header(
            Header(f"{origin}{seq}", 1, seq, "A-1-x", "A", "person", STAMP + seq, "BOOT", seq, seq, 1)
        )
        keys = ",".join(f'"{seq}-{i}"' for i in range(rows))
        plain = f'[{{"t":"lesson","o":"i","n":{rows},"c":{{"id":[{keys}]}}}}]'.encode()
        apart = f'["{"00" * 16}",{{"t":"pupil","o":"i","n":1,"c":{{"id":["{origin}-{seq}"]}}}}]'.encode()
        body = body_hash([part_hash(plain), part_hash(apart)])
        hash_ = link_hash(prev, f"{origin}/{scope}", seq, header, body)
        found.append(Changeset(origin, scope, seq, prev, header, (plain, apart), body, hash_))
        prev = hash_
    return found


def read(log: ChangesetLog, scope: str = "con", since: int = 0) -> list[Record]:
    """What comes after a place, all of it."""
    return list(log.read_since(scope, since))


def added(log: ChangesetLog, changeset: Changeset, receipt: Receipt, signature: bytes | None = None) -> HubEntry:
    """The entry of one word, appended by itself."""
    [entry] = log.append([Word(changeset, receipt, signature)])
    return entry


class LogContract:
    """Inherit, and give a fixture `home`."""

    @pytest.fixture
    def here(self, home: LogHome):
        with home.connect() as connection:
            yield connection

    def test_several_words_at_once_are_what_they_are_one_by_one(self, home: LogHome) -> None:
        """Two scopes, a refusal, and a release of what the very same call has refused."""
        one, two = stream("A.1", "con", 3), stream("A.1", "A", 2)
        words = [
            Word(one[0], Receipt(STAMP)), Word(two[0], Receipt(STAMP + 5), bytes(64)),
            Word(one[1], Receipt(STAMP, verdict="refused", reason="foreign_owner")), Word(two[1], Receipt(STAMP)),
            Word(one[1], Receipt(STAMP + 9, "release", reason="released")), Word(one[2], Receipt(STAMP + 9)),
        ]  # fmt: skip
        with home.connect() as first, first.transaction():
            told = first.log.append(words)
            assert [(e.hub_seq, e.scope, e.kind) for e in told] == [
                (n, word.changeset.scope, word.receipt.kind) for n, word in enumerate(words, 1)
            ]
            together = [r.log_hash for r in read(first.log) + read(first.log, "A")]
            assert first.log.append([]) == []
        with home.another().connect() as second, second.transaction():
            alone = [entry for word in words for entry in second.log.append([word])]
            assert alone == told
            assert [r.log_hash for r in read(second.log) + read(second.log, "A")] == together

    def test_an_empty_log_ends_nowhere(self, here: Connection) -> None:
        assert here.log.heads() == {}
        assert here.log.heads("con") == {"con": (0, GENESIS)}
        assert read(here.log) == []

    def test_what_was_appended_is_read_in_order_and_whole(self, here: Connection) -> None:
        changesets = stream("N1.AAAA", "con", 3)
        with here.transaction():
            said = [added(here.log, c, Receipt(STAMP + 9, data='{"k": "v"}')) for c in changesets]
        records = read(here.log)
        assert [r.entry for r in records] == said
        assert [r.changeset() for r in records] == changesets
        assert [r.rows for r in records] == [2, 2, 2]
        assert [r.entry.hash8 for r in records] == [c.hash[:HASH8] for c in changesets]
        assert [(r.entry.verdict, r.entry.data, r.entry.received_at) for r in records] == [
            ("accepted", '{"k": "v"}', STAMP + 9)
        ] * 3

    def test_the_numbers_grow_and_the_hashes_chain(self, here: Connection) -> None:
        """C11: scope by scope, from nothing; over all scopes no number twice."""
        first, second = stream("N1.AAAA", "con", 2), stream("N1.AAAA", "A", 2)
        with here.transaction():
            for pair in zip(first, second, strict=True):
                for changeset in pair:
                    added(here.log, changeset, Receipt(STAMP))
        numbers = []
        for scope in ("con", "A"):
            hash_ = GENESIS
            for record in read(here.log, scope):
                assert record.prev == hash_
                hash_ = entry_hash(hash_, record.entry.hashed(record.changeset().hash))
                assert record.log_hash == hash_
                numbers.append(record.entry.hub_seq)
            assert here.log.heads(scope) == {scope: (numbers[-1], hash_)}
        assert len(set(numbers)) == 4 and numbers[:2] == sorted(numbers[:2]) and numbers[2:] == sorted(numbers[2:])
        assert set(here.log.heads()) == {"con", "A"}

    def test_a_cursor_reads_what_comes_after_it_and_a_head_stands_at_or_below(self, here: Connection) -> None:
        with here.transaction():
            for changeset in stream("N1.AAAA", "con", 3):
                added(here.log, changeset, Receipt(STAMP))
        records = read(here.log)
        places = [record.entry.hub_seq for record in records]
        for at, place in enumerate(places):
            assert [r.entry for r in read(here.log, since=place)] == [r.entry for r in records[at + 1 :]]
            assert here.log.heads("con", until=place)["con"] == (place, records[at].log_hash)
        assert here.log.heads("con", until=places[0] - 1)["con"] == (0, GENESIS)
        assert here.log.heads("elsewhere")["elsewhere"] == (0, GENESIS) and read(here.log, "elsewhere") == []
        assert next(iter(read(here.log, since=places[0]))).prev == records[0].log_hash

    def test_a_stamp_is_at_most_the_time_received(self, here: Connection) -> None:
        """C6; an adopted stamp is what it was."""
        one, two, three = stream("N1.AAAA", "con", 3)
        with here.transaction():
            early = added(here.log, one, Receipt(STAMP - 5))
            late = added(here.log, two, Receipt(STAMP + 100))
            told = added(here.log, three, Receipt(STAMP + 100, effective=STAMP - 50))
        assert (early.effective, late.effective, told.effective) == (STAMP - 5, STAMP + 2, STAMP - 50)

    def test_a_hole_stays_a_hole_and_a_release_brings_no_second_changeset(self, here: Connection) -> None:
        """C9: header and hash of the body are kept, and several entries speak of one changeset."""
        one, two = stream("N1.AAAA", "con", 2)
        hole = replace(one, parts=None)
        with here.transaction():
            added(here.log, hole, Receipt(STAMP, verdict="refused", reason="bad_body"))
            added(here.log, two, Receipt(STAMP, verdict="refused", reason="foreign_owner"))
            added(here.log, two, Receipt(STAMP, "release", reason="released"))
        records = read(here.log)
        assert [r.changeset() for r in records] == [hole, two, two]
        assert [(r.entry.kind, r.entry.verdict) for r in records] == [
            ("receipt", "refused"), ("receipt", "refused"), ("release", "accepted")
        ]  # fmt: skip
        assert records[0].rows == 0

    def test_a_signature_is_kept_with_the_end_it_signs(self, here: Connection) -> None:
        one, two = stream("N1.AAAA", "con", 2)
        with here.transaction():
            added(here.log, one, Receipt(STAMP))
            added(here.log, two, Receipt(STAMP), bytes(64))
        assert [r.signature for r in read(here.log)] == [None, bytes(64)]

    def test_a_word_of_a_former_log_is_the_same_again_where_the_log_goes_on(self, here: Connection) -> None:
        """C11: number and hash; the second who gives it back has nothing left to give."""
        one, two = stream("N1.AAAA", "con", 2)
        with here.transaction():
            added(here.log, one, Receipt(STAMP))
            _, end = here.log.heads("con")["con"]
            entry = added(here.log, two, Receipt(STAMP, former=(40, end)))
        assert entry.hub_seq == 40
        assert here.log.heads("con")["con"] == (40, entry_hash(end, entry.hashed(two.hash)))

    @pytest.mark.parametrize("why", ["another end", "the number is taken", "the number is past"])
    def test_and_is_issued_anew_where_it_does_not(self, here: Connection, why: str) -> None:
        first, other = stream("N1.AAAA", "con", 3), stream("N1.AAAA", "A", 1)
        with here.transaction():
            taken = added(here.log, other[0], Receipt(STAMP)).hub_seq
            last = [added(here.log, c, Receipt(STAMP)) for c in first[:2]][-1].hub_seq
            _, end = here.log.heads("con")["con"]
            former = {"another end": (40, GENESIS), "the number is taken": (taken, end), "the number is past": (1, end)}
            entry = added(here.log, first[2], Receipt(STAMP, former=former[why]))
        assert entry.hub_seq > max(taken, last) and entry.hub_seq != 40
        assert [r.entry for r in read(here.log)][-1] == entry

    def test_what_is_dead_by_law_leaves_the_log_and_the_chain_still_holds(self, here: Connection) -> None:
        """C10: its hash stands in its place; other parts, other scopes and the entries are as they were."""
        changesets, others = stream("N1.AAAA", "con", 3), stream("N1.AAAA", "A", 1)
        with here.transaction():
            for changeset in (*changesets, *others):
                added(here.log, changeset, Receipt(STAMP))
        before = [(r.entry, r.log_hash) for r in read(here.log)]
        with here.transaction():
            assert here.log.erase("con", lambda part: b"N1.AAAA-2" in part) == 1
        with here.transaction():
            assert here.log.erase("con", lambda part: b"N1.AAAA-2" in part) == 0
        after = [r.changeset() for r in read(here.log)]
        assert (after[0], after[2]) == (changesets[0], changesets[2])
        plain, apart = changesets[1].parts or ()
        assert after[1].parts == (plain, ERASED + part_hash(apart))
        assert body_hash([part_hash(part) for part in after[1].parts]) == changesets[1].body_hash
        assert [(r.entry, r.log_hash) for r in read(here.log)] == before
        assert [r.changeset() for r in read(here.log, "A")] == others

    def test_a_transaction_that_fails_leaves_nothing(self, here: Connection) -> None:
        one, two = stream("N1.AAAA", "con", 2)
        with here.transaction():
            added(here.log, one, Receipt(STAMP), bytes(64))
        before = read(here.log)
        with pytest.raises(ZeroDivisionError), here.transaction():
            added(here.log, two, Receipt(STAMP), bytes(64))
            here.log.erase("con", lambda part: True)
            raise ZeroDivisionError
        assert [(r.entry, r.changeset()) for r in read(here.log)] == [(r.entry, r.changeset()) for r in before]
        with here.transaction():
            entry = added(here.log, two, Receipt(STAMP))
        assert [r.entry for r in read(here.log)] == [before[0].entry, entry]

    def test_nothing_is_appended_outside_a_transaction(self, here: Connection) -> None:
        """There nobody would hold the lock."""
        [one] = stream("N1.AAAA", "con", 1)
        with pytest.raises(RuntimeError):
            added(here.log, one, Receipt(STAMP))
        assert read(here.log) == []

    def test_a_reader_never_skips_what_writers_append_at_once(self, home: LogHome) -> None:
        """DESIGN §5, the cursor law: several processes append, each entry's number shows when all below it do."""
        over, failed = threading.Event(), []

        def write(number: int) -> None:
            try:
                with home.connect() as mine:
                    changesets = iter(stream(f"N{number}.AAAA", "con", 3 * TURNS))
                    for _ in range(TURNS):
                        with mine.transaction():
                            for _ in range(3):
                                added(mine.log, next(changesets), Receipt(STAMP))
            except BaseException as error:
                failed.append(error)

        seen: list[tuple[int, bytes, bytes]] = []

        def follow() -> None:
            try:
                with home.connect() as mine:
                    while True:
                        last = over.is_set()
                        since = seen[-1][0] if seen else 0
                        seen.extend((r.entry.hub_seq, r.prev, r.log_hash) for r in mine.log.read_since("con", since))
                        if last:
                            return
            except BaseException as error:
                failed.append(error)

        writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
        reader = threading.Thread(target=follow)
        for thread in (reader, *writers):
            thread.start()
        for thread in writers:
            thread.join()
        over.set()
        reader.join()
        assert failed == []
        with home.connect() as mine:
            assert seen == [(r.entry.hub_seq, r.prev, r.log_hash) for r in mine.log.read_since("con", 0)]
        assert len(seen) == WRITERS * TURNS * 3
        assert [prev for _, prev, _ in seen[1:]] == [log_hash for _, _, log_hash in seen[:-1]]
