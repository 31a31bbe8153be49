"""Reputation: cautious with few samples, none with too few, less with lost disputes; shown and sorted in the market."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from app.carriers.models import Product, QualityCounter
from app.clock import utc_now
from app.db import db
from app.market.reputation import Evidence, evidence, interval_ppm, reputation_ppm
from tests.factories.exchange import Exchange

DECK = "Destination,Code,Rate,Increments\nUnited Kingdom,44,{rate},1/1\n"


def test_the_interval_is_wilsons() -> None:
    # By the formula with z = 1.959964: 90/100 → 0.82563 … 0.94477.
    assert interval_ppm(90, 100) == (825_634, 944_771)
    assert interval_ppm(0, 10) == (0, 277_533)
    assert interval_ppm(0, 0) == (0, 1_000_000)


@given(st.integers(1, 10**9), st.data())
def test_the_interval_holds_the_share_and_narrows_with_samples(samples: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, samples))
    low, high = interval_ppm(hits, samples)
    assert 0 <= low <= hits * 1_000_000 // samples <= high <= 1_000_000
    more = interval_ppm(hits * 10, samples * 10)
    assert more[1] - more[0] <= high - low + 2


def test_below_a_hundred_calls_a_product_is_new() -> None:
    assert reputation_ppm(Evidence(99, 99, 99, tests=500, tests_delivered=500)) is None
    assert reputation_ppm(Evidence(100, 90, 50)) == 825_634


def test_more_calls_of_the_same_quality_count_more() -> None:
    assert (reputation_ppm(Evidence(100, 90, 50)) or 0) < (
        reputation_ppm(Evidence(10_000, 9_000, 5_000)) or 0
    )


def test_tests_count_three_tenths_from_twenty_on() -> None:
    calls = {"calls": 10_000, "delivered": 9_000, "answered": 5_000}
    assert reputation_ppm(Evidence(**calls, tests=19)) == reputation_ppm(Evidence(**calls)) == 893_965
    low = interval_ppm(10, 20)[0]
    assert reputation_ppm(Evidence(**calls, tests=20, tests_delivered=10)) == (70 * 893_965 + 30 * low) // 100


def test_each_dispute_lost_in_a_thousand_answered_calls_costs_two_percent() -> None:
    plain = Evidence(10_000, 9_000, 5_000)
    lost = Evidence(10_000, 9_000, 5_000, disputes=7, disputes_lost=5)
    assert reputation_ppm(lost) == (reputation_ppm(plain) or 0) * 98 // 100
    assert reputation_ppm(Evidence(10_000, 9_000, 5_000, disputes=7)) == reputation_ppm(plain)


def test_the_market_shows_it_with_its_samples_and_sorts_by_it(tmp_path: Path) -> None:
    exchange = Exchange.empty(tmp_path)
    for name, rate in (("Good Voice", "0.03"), ("Fair Voice", "0.02"), ("New Voice", "0.01")):
        exchange.seller(name, "Premium", "premium", "192.0.2.10")
        exchange.deck(name, DECK.format(rate=rate))
    exchange.buyer("Borealis Talk", Main={})
    exchange.measured("Good Voice", "44", 1000, 950)
    exchange.measured("Fair Voice", "44", 1000, 700)
    exchange.measured("New Voice", "44", 99, 99)
    with exchange.app.app_context():
        now = utc_now()
        db.session.add(QualityCounter(
            product_id=exchange.products["Good Voice"], code="44", source="tested", window_from=now - timedelta(days=30), window_until=now,
            attempts=40, answered=38, effective=40, talk_ms=38_000, pdd_ms_sum=40_000, pdd_samples=40,
        ))  # fmt: skip
        base = db.session.get_one(Product, exchange.products["Good Voice"])
        derived = Product(
            company_id=base.company_id, name="own", route_class="premium", currency="USD", derived_from=base.id, created_at=now
        )  # fmt: skip
        db.session.add(derived)
        db.session.flush()
        db.session.add(QualityCounter(
            product_id=derived.id, code="44", source="calls", window_from=now - timedelta(days=30), window_until=now, attempts=1000,
            answered=950, effective=950, talk_ms=1, pdd_ms_sum=0, pdd_samples=0,
        ))  # fmt: skip
        db.session.commit()
        assert evidence(db.session)[base.id] == Evidence(2000, 1900, 1900, 40, 40)
    exchange.work("market.build")
    client = exchange.client("Borealis Talk")
    offers = client.get("/api/v1/market/offers?sort=reputation&dir=desc").json["offers"]
    assert [offer["seller"] for offer in offers] == ["Good Voice", "Fair Voice", "New Voice"]
    told = [
        (offer["reputation"]["percent"], offer["reputation"]["calls"], offer["reputation"]["tests"])
        for offer in offers
    ]
    delivery, tests = interval_ppm(1900, 2000)[0], interval_ppm(40, 40)[0]
    assert told == [
        (f"{(70 * delivery + 30 * tests) // 100 // 1000 / 10:.1f}", 2000, 40),
        ("67.0", 1000, 0),
        (None, 99, 0),
    ]
    assert "Wilson" not in offers[0]["reputation"]["formula"]
    assert "lower end of the 95 % interval" in offers[0]["reputation"]["formula"]
    page = client.get("/market?sort=reputation").get_data(as_text=True)
    assert "n=2\u202f000" in page and ">new<" in page  # noqa: PT018
    panel = client.get(f"/market/panel/{offers[0]['offer']}").get_data(as_text=True)
    assert "from 2\u202f000 calls, 40 test calls, 0 disputes (0 lost)" in panel
    assert "no test calls yet" not in panel
    assert "93.4 – 96.2 %" in panel  # Wilson of 950 in 1,000: 93.469 to 96.187, shown outwards
    both = client.get(f"/market/compare?o={offers[0]['offer']}&o={offers[2]['offer']}").get_data(as_text=True)
    assert "Reputation" in both
