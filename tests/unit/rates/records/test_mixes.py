"""Durations of calls as the mix the core compares by."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rates.records.mixes import EDGES, LEAST_CALLS, MEMBERS, WEIGHT, class_of, mix_of


def test_short_and_long_calls_keep_their_own_durations() -> None:
    counts = {class_of(12): (400, 400 * 12), class_of(95): (350, 350 * 95), class_of(610): (250, 250 * 610)}
    assert mix_of(counts) == [(12, 400), (95, 350), (610, 250)]


def test_too_few_calls_say_nothing() -> None:
    assert mix_of({0: (LEAST_CALLS - 1, 300)}) is None
    assert mix_of({}) is None
    assert mix_of({0: (LEAST_CALLS, 300)}) == [(3, WEIGHT)]


@given(
    st.dictionaries(
        st.integers(0, len(EDGES) - 1),
        st.tuples(st.integers(1, 10**6), st.integers(0, 10**6)),
        min_size=1,
    )
)
def test_every_mix_is_one_the_core_takes(drawn: dict[int, tuple[int, int]]) -> None:
    """Seconds ascend within 1–86,400, weights are 1–1000 and sum to 1000."""
    counts = {}
    for number, (calls, extra) in drawn.items():
        low = EDGES[number - 1] + 1 if number else 1
        counts[number] = (calls, calls * low + extra % (calls * (EDGES[number] - low) + 1))
    found = mix_of(counts)
    if sum(calls for calls, _ in drawn.values()) < LEAST_CALLS:
        assert found is None
        return
    assert found is not None
    seconds, weights = [s for s, _ in found], [w for _, w in found]
    assert seconds == sorted(set(seconds))
    assert 1 <= len(found) <= MEMBERS
    assert all(1 <= s <= 86_400 for s in seconds)
    assert all(1 <= w <= WEIGHT for w in weights)
    assert sum(weights) == WEIGHT
