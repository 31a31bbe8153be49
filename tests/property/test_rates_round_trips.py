"""What must hold for every deck: a diff carried out gives the new deck, the latest received wins, ranges lose no number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from rates.notice import Terms
from rates.options import DeckOptions
from rates.parse.codes import expand_range
from rates.parse.dates import micros
from rates.schema import ROWS, TIMELINE
from rates.timeline import apply
from rates.view import as_of
from tests.decks.checking import RECEIVED

COUNTRIES = ("44", "1", "7", "93", "355", "49")
codes = st.builds(lambda cc, rest: cc + rest, st.sampled_from(COUNTRIES), st.text("0123456789", max_size=5))
names = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=12).map(
    lambda text: " ".join(text.split()).lstrip("'")
)
terms = st.fixed_dictionaries(
    {
        "destination": names,
        "rate_nanos": st.integers(1, 9_999_999_999).map(lambda n: n * 10),
        "first_rate_nanos": st.none() | st.integers(1, 10**9).map(lambda n: n * 10),
        "connect_fee_nanos": st.integers(0, 10**8).map(lambda n: n * 10),
        "initial_increment": st.sampled_from((1, 6, 30, 60)),
        "next_increment": st.sampled_from((1, 6, 30, 60)),
        "free_seconds": st.sampled_from((0, 3)),
    }
)
decks = st.dictionaries(codes, terms, min_size=1, max_size=12)


def rows_of(deck: dict[str, dict[str, object]], start: datetime) -> pa.Table:
    """Typed rows of a deck that applies from `start`."""
    rows = [
        {
            "sheet": "s",
            "row": number,
            "code": code,
            "currency": "USD",
            "status": 0,
            "effective_from": start,
            "effective_until": None,
        }
        | values
        for number, (code, values) in enumerate(sorted(deck.items()), start=2)
    ]
    return pa.Table.from_pylist(rows, schema=ROWS)


def terms_for(received: datetime, deck_id: int, mode: str = "full", **options: object) -> Terms:
    at = micros(received)
    return Terms(received_us=at, deck_from_us=at, deck_id=deck_id, options=DeckOptions(mode=mode, **options))  # type: ignore[arg-type]


PRICED = [
    name
    for name in TIMELINE.names
    if name not in ("received_at", "deck_id", "deck_row", "effective_from", "effective_until")
]


def priced(table: pa.Table) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = table.select(PRICED).to_pylist()
    for row in rows:
        if row["first_rate_nanos"] == row["rate_nanos"]:
            row["first_rate_nanos"] = None
    return sorted(rows, key=lambda row: str(row["code"]))


@settings(max_examples=150, deadline=None)
@given(first=decks, second=decks, gap=st.integers(1, 30))
def test_a_full_deck_carried_out_prices_exactly_what_it_says(
    first: dict[str, dict[str, object]], second: dict[str, dict[str, object]], gap: int
) -> None:
    later = RECEIVED + timedelta(days=gap)
    old = apply(None, rows_of(first, RECEIVED), terms_for(RECEIVED, 1))
    new = apply(old, rows_of(second, later), terms_for(later, 2, late="accept"))
    assert priced(as_of(new, later)) == priced(rows_of(second, later).select(PRICED))
    before = later - timedelta(microseconds=1)
    assert priced(as_of(new, before)) == priced(as_of(old, before))
    no_overlap(new)


@settings(max_examples=150, deadline=None)
@given(
    data=st.lists(
        st.tuples(decks, st.integers(0, 20), st.none() | st.integers(21, 40)), min_size=1, max_size=5
    )
)
def test_for_every_instant_the_latest_received_deck_that_covers_it_wins(
    data: list[tuple[dict[str, dict[str, object]], int, int | None]],
) -> None:
    timeline: pa.Table | None = None
    history: list[tuple[str, datetime, datetime | None, object]] = []
    for number, (deck, start_day, end_day) in enumerate(data):
        received = RECEIVED + timedelta(hours=number)
        start = max(RECEIVED + timedelta(days=start_day), received)
        end = None if end_day is None else RECEIVED + timedelta(days=end_day)
        rows = rows_of(deck, start)
        if end is not None:
            place = rows.schema.get_field_index("effective_until")
            rows = rows.set_column(
                place,
                rows.schema.field(place),
                pa.array([end] * rows.num_rows, rows.schema.field(place).type),
            )
        timeline = apply(timeline, rows, terms_for(received, number, mode="partial", late="accept"))
        history += [(code, start, end, values["rate_nanos"]) for code, values in deck.items()]
    assert timeline is not None
    no_overlap(timeline)
    for day in range(0, 45, 3):
        at = RECEIVED + timedelta(days=day, hours=5)
        expected = {}
        for code, start, end, rate in history:
            if start <= at and (end is None or at < end):
                expected[code] = rate
        found = as_of(timeline, at)
        assert dict(zip(found["code"].to_pylist(), found["rate_nanos"].to_pylist(), strict=True)) == expected


def no_overlap(timeline: pa.Table) -> None:
    end_of: dict[str, datetime] = {}
    forever = datetime.max.replace(tzinfo=UTC)
    for row in timeline.select(["code", "effective_from", "effective_until"]).to_pylist():
        start, end = row["effective_from"], row["effective_until"] or forever
        assert start < end
        assert end_of.get(row["code"], start) <= start
        end_of[row["code"]] = end


@given(width=st.integers(1, 5), data=st.data())
def test_a_range_becomes_the_smallest_set_of_prefixes_of_exactly_its_numbers(
    width: int, data: st.DataObject
) -> None:
    low = data.draw(st.integers(0, 10**width - 1))
    high = data.draw(st.integers(low, 10**width - 1))
    first, last = str(low).zfill(width), str(high).zfill(width)
    found = expand_range("9" + first, "9" + last)
    covered = [
        n for p in found for n in range(int(p.ljust(width + 1, "0")), int(p.ljust(width + 1, "9")) + 1)
    ]
    assert covered == list(range(int("9" + first), int("9" + last) + 1))
    for prefix in found:  # no ten of them make one shorter prefix
        assert not all(prefix[:-1] + digit in found for digit in "0123456789")
