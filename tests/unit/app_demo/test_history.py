"""The demo's decks: same seed, same decks; and the same timelines as the real merge makes of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from app.clock import to_micros
from app.demo.companies import CARRIERS
from app.demo.history import DeckState, deck_days, deck_states
from app.demo.numbering import region_of, world
from app.demo.prices import increments, market_nanos
from rates.notice import Terms
from rates.options import DeckOptions
from rates.schema import BLOCKED, INSTANT, ROWS
from rates.timeline import apply
from rates.view import as_of

TODAY = datetime(2026, 11, 21, tzinfo=UTC)


def states(carrier: int, product: int, seed: int = 5) -> list[DeckState]:
    ids = list(range(10, 10 + len(deck_days(product))))
    return list(deck_states(CARRIERS[carrier], product, today=TODAY, seed=seed, deck_ids=ids))


def test_the_same_seed_gives_the_same_decks() -> None:
    first, again, other = states(0, 2), states(0, 2), states(0, 2, seed=6)
    assert first[-1].timeline.equals(again[-1].timeline)
    assert not first[-1].timeline.equals(other[-1].timeline)


def test_every_carrier_lists_at_least_twenty_thousand_codes_now() -> None:
    assert len(CARRIERS) >= 12
    for number in (0, 4, 11, 14):
        newest = states(number, 0)[-1].timeline
        assert pc.count_distinct(as_of(newest, TODAY)["code"]).as_py() >= 20_000


def test_history_reaches_back_ninety_days_and_increases_wait_ahead() -> None:
    timeline = states(1, 0)[-1].timeline
    assert pc.min(timeline["effective_from"]).as_py() <= TODAY - timedelta(days=90)
    ahead = pc.sum(pc.greater(timeline["effective_from"], pa.scalar(TODAY, INSTANT))).as_py()
    assert ahead > 500
    assert pc.sum(pc.equal(timeline["status"], BLOCKED)).as_py() > 0


@pytest.mark.parametrize(("carrier", "product"), [(0, 2), (4, 2)])
def test_the_timelines_are_those_the_real_merge_makes_of_the_same_decks(carrier: int, product: int) -> None:
    plan, current = CARRIERS[carrier], None
    codes = world()
    names = [
        "code",
        "destination",
        "rate_nanos",
        "status",
        "effective_from",
        "effective_until",
        "deck_id",
        "deck_row",
    ]
    for deck_id, state in enumerate(states(carrier, product), 10):
        rows = []
        for number, (row, nanos, status, start) in enumerate(
            zip(
                state.rows.tolist(),
                state.nanos.tolist(),
                state.status.tolist(),
                state.starts.tolist(),
                strict=True,
            ),
            2,
        ):
            first, following = increments(codes[row], plan.slug)
            rows.append(
                {
                    "sheet": "", "row": number, "code": codes[row].code, "destination": codes[row].destination, "rate_nanos": nanos,
                    "connect_fee_nanos": 0, "initial_increment": first, "next_increment": following, "free_seconds": 0,
                    "currency": plan.currency, "status": status, "effective_from": pa.scalar(start).cast(INSTANT).as_py(),
                }
            )  # fmt: skip
        received = to_micros(state.received_at)
        options = DeckOptions(mode="partial", late="accept")
        terms = Terms(received_us=received, deck_from_us=received, deck_id=deck_id, options=options)
        current = apply(current, pa.Table.from_pylist(rows, schema=ROWS), terms)
        assert current.select(names).to_pydict() == state.timeline.select(names).to_pydict()


def test_islands_inside_a_country_code_are_kept_apart() -> None:
    assert [region_of(c) for c in ("1876", "441481", "77", "390669812", "262639", "1204")] == [
        "JM",
        "GG",
        "KZ",
        "VA",
        "YT",
        "CA",
    ]


def test_prices_have_the_shape_of_the_market() -> None:
    price = {code.code: market_nanos(code) for code in world()}
    assert price["44"] < 10_000_000 < price["22177"] < 1_000_000_000 < price["8816"]
    assert min(price.values()) > 0


def test_increments_follow_the_habits_of_the_field() -> None:
    of = {code.code: increments(code, "any") for code in world()}
    assert (of["1"], of["52"], of["220"], of["8816"]) == ((6, 6), (60, 60), (60, 1), (60, 60))
