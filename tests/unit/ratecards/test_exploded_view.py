"""Longest match in every deck at once, and amounts for columns, against the plain way of doing it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ratecards.amount import Price, amount60, billed_seconds, comparable, effective_nanos
from ratecards.explode import explode

codes = st.lists(st.text("123", min_size=1, max_size=5), unique=True, max_size=12).map(sorted)


@given(st.lists(codes, max_size=4))
def test_every_code_has_the_longest_match_of_every_deck(decks: list[list[str]]) -> None:
    expected = {}
    for code in sorted({c for deck in decks for c in deck}):
        rows = {}
        for number, deck in enumerate(decks):
            fits = [c for c in deck if code.startswith(c)]
            if fits:
                rows[number] = deck.index(max(fits, key=len))
        expected[code] = rows
    assert dict(explode(decks)) == expected


def test_the_worked_examples_of_the_field() -> None:
    assert billed_seconds(Price(1, initial_increment=30, next_increment=6), 37) == 42
    assert amount60(Price(25_700_000, initial_increment=60, next_increment=60), 125) == 77_100_000 * 60
    assert amount60(Price(12_300_000, connect_fee_nanos=10_000_000), 37) == 17_585_000 * 60
    assert amount60(Price(12_300_000, free_seconds=10), 10) == 0
    # X 0.0100 at 60/60 is dearer than Y 0.0115 at 1/1 for 61 seconds.
    assert comparable(Price(10_000_000, None, 0, 60, 60), 61) > comparable(Price(11_500_000), 61)


@given(
    st.integers(0, 10**12),
    st.integers(1, 120),
    st.integers(1, 120),
    st.integers(1, 7200),
    st.integers(1, 10**10),
)
def test_effective_price_is_the_exact_quotient_rounded_half_up(
    rate: int, n: int, m: int, seconds: int, fx: int
) -> None:
    price = Price(rate, None, 0, n, m)
    exact, rest = divmod(amount60(price, seconds) * fx, seconds * 10**9)
    assert effective_nanos(price, seconds, fx) == exact + (2 * rest >= seconds * 10**9)
