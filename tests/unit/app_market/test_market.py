"""The market view: built from timelines, searched by number and by words, filtered, compared, kept."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.carriers.models import QualityCounter
from app.db import db
from app.jobs.progress import SilentProgress
from app.market.cost import Terms, billed_seconds, eff_nanos
from app.market.country import country_of
from app.market.filters import Filters
from app.market.search import browse
from app.market.service.build_market import build_market
from app.market.snapshot import MarketSnapshot, current_market
from rates.schema import TIMELINE
from rates.store import Store
from tests.factories import app as make

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OLD = NOW - timedelta(days=200)

# code, destination, rate in nanos, increments, from, until, status
MARLOWE = [
    ("44", "United Kingdom", 4_000_000, 1, 1, OLD, None, 0),
    ("447", "United Kingdom - Mobile", 20_000_000, 1, 1, OLD, NOW - timedelta(days=30), 0),
    (
        "447",
        "United Kingdom - Mobile",
        16_000_000,
        1,
        1,
        NOW - timedelta(days=30),
        NOW + timedelta(days=5),
        0,
    ),
    ("447", "United Kingdom - Mobile", 18_000_000, 1, 1, NOW + timedelta(days=5), None, 0),
    ("447624", "Isle of Man - Mobile", 60_000_000, 60, 60, OLD, None, 0),
    ("447911", "United Kingdom - Mobile", 1, 1, 1, NOW + timedelta(days=9), None, 0),
]
RHENUS = [
    ("44", "United Kingdom", 5_000_000, 60, 60, OLD, None, 0),
    ("4479", "UK Mobile O2", 15_000_000, 60, 60, OLD, None, 0),
    ("447624", "Isle of Man", 70_000_000, 1, 1, OLD, None, 1),
]


def timeline(rows: list[tuple[str, str, int, int, int, datetime, datetime | None, int]]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "code": code, "destination": name, "rate_nanos": rate, "first_rate_nanos": None, "connect_fee_nanos": 0,
                "initial_increment": first, "next_increment": following, "free_seconds": 0, "currency": "USD", "status": status,
                "effective_from": begins, "effective_until": ends, "received_at": OLD, "deck_id": 1, "deck_row": number,
            }
            for number, (code, name, rate, first, following, begins, ends, status) in enumerate(rows, start=2)
        ],
        schema=TIMELINE,
    )  # fmt: skip


@pytest.fixture
def app(tmp_path: Path) -> APIFlask:
    made = make.make_app(tmp_path)
    settings = made.config["TANDEM"]
    store = Store(str(settings.store_dir))
    with made.app_context():
        session = db.session
        for company, product, rows, listed in (
            ("Marlowe", "Premium", MARLOWE, True), ("Rhenus", "Standard", RHENUS, True), ("Hidden", "Secret", RHENUS, False),
        ):  # fmt: skip
            seller = make.make_company(session, company, sells=True)
            kind = "premium" if product == "Premium" else "standard"
            offer = make.make_product(
                session, seller, product, kind, timeline_key=store.put(timeline(rows)), listed=listed
            )
            if company == "Marlowe":
                session.add(
                    QualityCounter(
                        product_id=offer.id, code="447", window_from=OLD, window_until=NOW, attempts=1000, answered=500, effective=900,
                        talk_ms=500 * 150_000, pdd_ms_sum=1000 * 2_500, pdd_samples=1000, mos_milli_sum=400 * 4_100, mos_samples=400,
                    )
                )  # fmt: skip
        buyer = make.make_company(session, "Bigbuy", buys=True)
        make.make_user(session, buyer, "trader")
        other = make.make_company(session, "Otherbuy", buys=True)
        make.make_user(session, other, "trader")
        session.commit()
        build_market(session, settings, now=NOW, progress=SilentProgress())
    return made


@pytest.fixture
def market(app: APIFlask) -> MarketSnapshot:
    return current_market(app.config["TANDEM"].market_dir)


def client_of(app: APIFlask, email: str = "trader@bigbuy.example") -> FlaskClient:
    from app.security.models import User

    with app.app_context():
        user = db.session.query(User).filter_by(email=email).one()
    return make.login(app.test_client(), user)


def test_cost_follows_increments_fee_and_free_seconds() -> None:
    minute = Terms(10_000_000, 10_000_000, 0, 60, 60, 0)
    assert billed_seconds(minute, 61) == 120
    assert eff_nanos(minute, 61, 10**9) == 19_672_131  # 0.02 for 61 s, a minute of it, half-up
    assert eff_nanos(Terms(10_000_000, 10_000_000, 1_000_000, 1, 1, 0), 60, 2 * 10**9) == 22_000_000
    assert eff_nanos(Terms(10_000_000, 10_000_000, 0, 1, 1, 60), 60, 10**9) == 0


@pytest.mark.parametrize(
    ("code", "iso"),
    [
        ("44207", "GB"),
        ("447624", "IM"),
        ("1416", "CA"),
        ("1", "US"),
        ("7701", "KZ"),
        ("254", "KE"),
        ("870", ""),
    ],
)
def test_a_dial_code_has_a_country(code: str, iso: str) -> None:
    assert country_of(code) == iso


def test_a_number_is_priced_by_the_longest_code_of_every_product(market: MarketSnapshot) -> None:
    rows = browse(market, Filters(q="+44 7911 123456")).rows
    assert [(r["seller"], r["code"], r["beats"], r["rate_nanos"]) for r in rows] == [
        ("Rhenus", "4479", ["44"], 15_000_000),
        ("Marlowe", "447", ["44"], 16_000_000),  # 447911 is not in force yet and does not shadow
    ]


def test_a_blocked_match_takes_the_product_out_instead_of_falling_back(market: MarketSnapshot) -> None:
    assert [r["seller"] for r in browse(market, Filters(q="447624123456")).rows] == ["Marlowe"]


def test_words_find_destinations_and_countries(market: MarketSnapshot) -> None:
    found = {r["destination"] for r in browse(market, Filters(q="kingdom mobile")).rows}
    assert found == {
        "United Kingdom - Mobile",
        "UK Mobile O2",
    }  # the country's name counts, whatever the deck calls it
    assert {r["country"] for r in browse(market, Filters(q="im")).rows} == {"IM"}
    assert browse(market, Filters(q="zanzibar")).total == 0


def test_an_unlisted_product_is_not_on_the_market(market: MarketSnapshot) -> None:
    assert "Hidden" not in market.groups["seller"].to_pylist()


def test_a_pending_rate_shows_its_instant_and_percentage(market: MarketSnapshot) -> None:
    (row,) = browse(market, Filters(q="447", classes=("premium",))).rows
    assert row["next_rate"] == 18_000_000
    assert row["next_ppm"] == 125_000


def test_history_holds_the_rate_of_each_week(market: MarketSnapshot) -> None:
    (row,) = browse(market, Filters(q="kingdom mobile marlowe")).rows
    assert row["history"][0] == 20_000_000
    assert row["history"][-1] == 16_000_000
    assert len(row["history"]) == 14


def test_chips_count_what_they_would_leave_and_never_hide_alternatives(market: MarketSnapshot) -> None:
    result = browse(market, Filters(q="447911", classes=("premium",)))
    assert result.total == 1
    assert {(c.value, c.count, c.on) for c in result.facets["class"]} == {
        ("premium", 1, True),
        ("standard", 1, False),
    }
    assert browse(market, Filters(q="447911", quality=("measured",))).total == 1


def test_pages_never_overlap(market: MarketSnapshot) -> None:
    whole = [r["key"] for r in browse(market, Filters()).rows]
    paged = [
        r["key"] for page in range(1, len(whole) + 1) for r in browse(market, Filters(page=page), size=1).rows
    ]
    assert paged == whole
    assert len(set(paged)) == len(paged)


def test_the_page_and_its_csv_show_the_same_offers(app: APIFlask) -> None:
    client = client_of(app)
    page = client.get("/market?q=447911123456")
    assert page.status_code == 200
    assert b"4479" in page.data
    rows = list(csv.DictReader(io.StringIO(client.get("/market.csv?q=447911123456").text)))
    assert [(r["seller"], r["eff_180s"], r["eff_60s"]) for r in rows] == [
        ("Rhenus", "0.01500", "0.01500"), ("Marlowe", "0.01600", "0.01600"),
    ]  # fmt: skip


def test_an_unknown_word_in_the_address_is_refused_with_the_known_ones(app: APIFlask) -> None:
    answer = client_of(app).get("/api/v1/market/offers?q=44&sort=colour")
    assert answer.status_code == 422
    assert "eff180" in answer.json["hint"]


def test_compare_names_the_best_cell_in_words(app: APIFlask) -> None:
    client = client_of(app)
    keys = [o["offer"] for o in client.get("/api/v1/market/offers?q=447911").json["offers"]]
    found = client.get("/api/v1/market/compare", query_string={"o": keys}).json
    line = next(one for one in found["lines"] if one["attribute"].startswith("180 s"))
    assert [value["best"] for value in line["values"]].count("cheapest") == 1
    assert client.get("/market/compare", query_string={"o": keys}).status_code == 200
    assert client.get("/market/compare", query_string={"o": keys[:1]}).status_code == 422


def test_searches_and_stars_belong_to_one_person(app: APIFlask) -> None:
    mine, other = client_of(app), client_of(app, "trader@otherbuy.example")
    assert (
        mine.post("/market/searches", data={"name": "UK mobile", "query": "q=447&tab=value"}).status_code
        == 302
    )
    key = mine.get("/api/v1/market/offers?q=447911").json["offers"][0]["offer"]
    mine.post(f"/market/watch/{key}")
    assert "UK mobile" in mine.get("/market").text
    assert mine.get("/api/v1/market/offers?watched=1").json["total"] == 1
    assert "UK mobile" not in other.get("/market").text
    assert other.get("/api/v1/market/offers?watched=1").json["total"] == 0
    assert other.post("/market/searches/1/delete").status_code == 404


def test_before_the_first_build_the_page_waits_and_the_api_says_why(tmp_path: Path) -> None:
    app = make.make_app(tmp_path)
    with app.app_context():
        make.make_user(db.session, make.make_company(db.session, "Bigbuy", buys=True), "trader")
    client = client_of(app)
    assert "being prepared" in client.get("/market").text
    answer = client.get("/api/v1/market/offers")
    assert (answer.status_code, answer.json["code"]) == (409, "no_market")
