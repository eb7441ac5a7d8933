"""The merge, without a database: tables of cases, and "in any order" by Hypothesis (C3, C4, precise points 1-3)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.records.declare import Rule
from sync.merge import Change, Head, RowState, Stamp, disagree, fold, weight_of, winner

# Unit 0 is the row's existence, 1 and 2 are fields.
A, B = ("a",), ("b",)


def insert(version: int, *named: int) -> Change:
    """Insert a row whose fields are "a"; over a tombstone it names the delete and the heads."""
    return Change("i", version, {0: (), 1: A, 2: A}, {0: frozenset(named)})


def edit(version: int, unit: int, value: str, *named: int) -> Change:
    return Change("u", version, {unit: (value,)}, {unit: frozenset(named)})


def delete(version: int, *named: int) -> Change:
    return Change("d", version, {}, {0: frozenset(named)})


def keep(version: int, *named: int) -> Change:
    return Change("k", version, {0: ()}, {0: frozenset(named)})


def told(state: RowState) -> str:
    """A state as text: `1a 2b | 7` is head 1 with "a" and 2 with "b" ("-" marks deleted), deletes after the bar."""
    units = []
    for unit in sorted(state.heads):
        heads = sorted(state.heads[unit].values(), key=lambda head: head.version)
        units.append(
            ",".join(f"{'-' if h.deleted else ''}{h.version}{''.join(map(str, h.values))}" for h in heads)
        )
    deletes = ",".join(map(str, sorted(state.deletes)))
    return f"{'alive' if state.alive else 'gone'}: {' '.join(units)} | {deletes}".rstrip(" |")


CASES: dict[str, tuple[list[Change], str]] = {
    "insert": ([insert(1)], "alive: 1 1a 1a"),
    "plain edit": ([insert(1), edit(2, 1, "b", 1)], "alive: 1 2b 1a"),
    "chain of edits": ([insert(1), edit(2, 1, "b", 1), edit(3, 1, "c", 2)], "alive: 1 3c 1a"),
    "concurrent edits of two fields both stand": (
        [insert(1), edit(2, 1, "b", 1), edit(3, 2, "c", 1)], "alive: 1 2b 3c",
    ),
    "concurrent edits of one field": ([insert(1), edit(2, 1, "b", 1), edit(3, 1, "c", 1)], "alive: 1 2b,3c 1a"),
    "equal values are two heads for causality": (
        [insert(1), edit(2, 1, "b", 1), edit(3, 1, "b", 1)], "alive: 1 2b,3b 1a",
    ),
    "three heads": (
        [insert(1), edit(2, 1, "b", 1), edit(3, 1, "c", 1), edit(4, 1, "d", 1)], "alive: 1 2b,3c,4d 1a",
    ),
    "resolution names all heads": (
        [insert(1), edit(2, 1, "b", 1), edit(3, 1, "c", 1), edit(4, 1, "d", 2, 3)], "alive: 1 4d 1a",
    ),
    "an edit that names the winner leaves the loser open": (
        [insert(1), edit(2, 1, "b", 1), edit(3, 1, "c", 1), edit(4, 1, "d", 3)], "alive: 1 2b,4d 1a",
    ),
    "two resolutions at once": (
        [insert(1), edit(2, 1, "b", 1), edit(3, 1, "c", 1), edit(4, 1, "d", 2, 3), edit(5, 1, "e", 2, 3)],
        "alive: 1 4d,5e 1a",
    ),
    "concurrent inserts of one key": ([insert(1), insert(2)], "alive: 1,2 1a,2a 1a,2a"),
    "delete": ([insert(1), delete(2, 1)], "gone: -1 -1a -1a | 2"),
    "two deletes": ([insert(1), delete(2, 1), delete(3, 1)], "gone: -1 -1a -1a | 2,3"),
    "delete against edit: the row stays": (
        [insert(1), delete(2, 1), edit(3, 1, "b", 1)], "alive: -1 3b -1a | 2",
    ),
    "delete of an edited row names every head": (
        [insert(1), edit(2, 1, "b", 1), delete(3, 1, 2)], "gone: -1 -2b -1a | 3",
    ),
    "delete of a row in conflict names the losers too": (
        [insert(1), edit(2, 1, "b", 1), edit(3, 1, "c", 1), delete(4, 1, 2, 3)], "gone: -1 -2b,-3c -1a | 4",
    ),
    "a delete that had not seen a head": (
        [insert(1), edit(2, 1, "b", 1), edit(3, 1, "c", 1), delete(4, 1, 2)], "alive: -1 -2b,3c -1a | 4",
    ),
    "keep names the delete and existence": (
        [insert(1), delete(2, 1), edit(3, 1, "b", 1), keep(4, 1, 2)], "alive: 4 3b -1a",
    ),
    "keep of a row that an older delete only half named": (
        [insert(1), delete(2, 1), edit(3, 1, "b", 1), keep(4, 1, 2), delete(5, 4, 3, 1)], "gone: -4 -3b -1a | 5",
    ),
    "a keep that saw one of two deletes": (
        [insert(1), delete(2, 1), delete(3, 1), edit(4, 1, "b", 1), keep(5, 1, 2)], "alive: 5 4b -1a | 3",
    ),
    "insert over a tombstone": ([insert(1), delete(2, 1), insert(3, 1, 2)], "alive: 3 3a 3a"),
    "insert beside a tombstone it had not seen": (
        [insert(1), delete(2, 1), insert(3)], "alive: -1,3 -1a,3a -1a,3a | 2",
    ),
    "edit of a row deleted and inserted again": (
        [insert(1), delete(2, 1), insert(3, 1, 2), edit(4, 1, "b", 1)], "alive: 3 3a,4b 3a",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_fold_gives(name: str) -> None:
    changes, expected = CASES[name]
    assert told(fold(RowState(), changes)) == expected


@pytest.mark.parametrize("name", CASES)
def test_one_by_one_is_the_same_as_all_at_once(name: str) -> None:
    """C3, batching: in causal order, one at a time, in two halves."""
    changes, expected = CASES[name]
    one_by_one = RowState()
    for change in changes:
        one_by_one = fold(one_by_one, [change])
    assert told(one_by_one) == expected
    for cut in range(len(changes)):
        assert told(fold(fold(RowState(), changes[:cut]), changes[cut:])) == expected


@st.composite
def histories(draw: st.DrawFn) -> list[Change]:
    """A row's life on a few replicas: each change is made on a state that some of the earlier ones give."""
    changes = [insert(1)]
    for version in range(2, draw(st.integers(2, 9))):
        seen = _downward(changes, set(draw(st.lists(st.sampled_from([c.version for c in changes]), min_size=1))))
        state = fold(RowState(), [c for c in changes if c.version in seen])
        changes.append(_next(draw, version, state))
    return changes


def _downward(changes: list[Change], wanted: set[int]) -> set[int]:
    by_version = {change.version: change for change in changes}
    todo = list(wanted)
    while todo:
        for named in by_version[todo.pop()].bases.values():
            todo += [v for v in named if v not in wanted]
            wanted |= named
    return wanted | {1}


def _next(draw: st.DrawFn, version: int, state: RowState) -> Change:
    everything = [v for found in state.heads.values() for v in found] + list(state.deletes)
    if not state.alive:
        return insert(version, *everything)
    kind = draw(st.sampled_from(["edit", "edit", "edit", "delete", "resolve", "keep", "insert"]))
    unit = draw(st.sampled_from([1, 2]))
    heads = sorted(state.heads[unit])
    if kind == "delete":
        return delete(version, *everything)
    if kind == "keep":
        return keep(version, *state.heads[0], *state.deletes)
    if kind == "insert":
        return insert(version)
    named = heads if kind == "resolve" else [draw(st.sampled_from(heads))]
    return edit(version, unit, draw(st.sampled_from("abc")), *named)


@settings(max_examples=150, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_any_order_that_causality_allows_gives_the_same_state(changes: list[Change], chooser: object) -> None:
    """C3: also in batches of any size, and with everything said twice in one batch."""
    whole = told(fold(RowState(), changes))
    assert told(fold(RowState(), [*changes, *changes])) == whole
    shuffle = chooser.shuffle  # type: ignore[attr-defined]  # Hypothesis gives a random.Random
    jumbled = list(changes)
    shuffle(jumbled)
    assert told(fold(RowState(), jumbled)) == whole
    state, left = RowState(), list(changes)
    while left:
        held = {change.version for change in changes} - {change.version for change in left}
        free = [c for c in left if {v for named in c.bases.values() for v in named} <= held]
        shuffle(free)
        batch = free[: 1 + len(free) // 2]
        state = fold(state, batch)
        left = [change for change in left if change not in batch]
    assert told(state) == whole


STAMPS = {
    1: Stamp(100, "N1.A", b"1"), 2: Stamp(200, "N2.A", b"2"), 3: Stamp(200, "N3.A", b"3"), 4: Stamp(200, "N3.A", b"4"),
}  # fmt: skip
H = Head


@pytest.mark.parametrize(
    ("heads", "rule", "won"),
    [
        ([H(1, A), H(2, B)], Rule.LATEST, 2),
        ([H(2, A), H(3, B)], Rule.LATEST, 3),  # same stamp: origin
        ([H(3, A), H(4, B)], Rule.LATEST, 4),  # same origin: hash
        ([H(1, A, weight=1), H(2, B)], Rule.LATEST, 2),  # weight is nothing to `latest`
        ([H(1, A, weight=1), H(2, B)], Rule.AUTHORITY, 1),
        ([H(1, A, weight=5), H(2, B, weight=4)], Rule.RANK, 1),
        ([H(1, A, weight=4), H(2, B, weight=4)], Rule.RANK, 2),
        ([H(1, A, weight=9), H(2, B)], Rule.REVIEW, 2),
        ([H(1, A, weight=9), H(2, B)], Rule.QUIET, 2),
        ([H(1, A), H(2, B, deleted=True)], Rule.LATEST, 1),  # a named head only if there is no other
        ([H(1, A, deleted=True), H(2, B, deleted=True)], Rule.LATEST, 2),
    ],
)
def test_the_winner_is(heads: list[Head], rule: Rule, won: int) -> None:
    """C4: each rule, and what breaks a tie; the order of the heads is nothing to it."""
    assert winner(heads, rule, STAMPS).version == won
    assert winner(reversed(heads), rule, STAMPS).version == won


@pytest.mark.parametrize(
    ("heads", "rule", "open_"),
    [
        ([H(1, A), H(2, B)], Rule.LATEST, True),
        ([H(1, A), H(2, A)], Rule.LATEST, False),  # equal values are no conflict
        ([H(1, A), H(2, A), H(3, B)], Rule.REVIEW, True),
        ([H(1, A), H(2, B)], Rule.QUIET, False),
        ([H(1, A), H(2, B, deleted=True)], Rule.LATEST, False),
        ([H(1, A)], Rule.LATEST, False),
    ],
)
def test_people_have_something_to_decide(heads: list[Head], rule: Rule, open_: bool) -> None:
    assert disagree(heads, rule) is open_


@pytest.mark.parametrize(
    ("rule", "rank", "home", "values", "weight"),
    [
        (Rule.AUTHORITY, 3, True, A, 1),
        (Rule.AUTHORITY, 3, False, A, 0),
        (Rule.RANK, 0, False, A, 1),
        (Rule.RANK, 2, False, (None,), 4),
        (Rule.RANK, 2, False, A, 5),  # a revocation wins over its absence at the same rank
        (Rule.RANK, 3, True, (None,), 6),  # but not over a higher rank
        (Rule.LATEST, 3, True, A, 0),
        (Rule.REVIEW, 3, True, A, 0),
        (Rule.QUIET, 3, True, A, 0),
    ],
)
def test_a_write_weighs(rule: Rule, rank: int, home: bool, values: tuple[str | None, ...], weight: int) -> None:
    assert weight_of(rule, rank=rank, home=home, values=values) == weight
