"""The cheapest basket and the depth of market, by hand-made decks whose answers can be counted on fingers."""

from __future__ import annotations

from pathlib import Path

import pytest
from apiflask import APIFlask

from app.db import db
from app.errors import Invalid
from app.market.basket import Basket, Floors, Held, cheapest_basket
from app.market.depth import depth
from app.market.profile import read_profile
from app.market.snapshot import MarketSnapshot, current_market
from tests.factories import app as make
from tests.unit.app_market.test_market import app as app  # a fixture: Marlowe and Rhenus, built
from tests.unit.app_market.test_market import market as market


def basket(view: MarketSnapshot, text: str, floors: Floors | None = None, **more: object) -> Basket:
    return cheapest_basket(view, read_profile(text), floors or Floors(), **more)  # type: ignore[arg-type]


def test_each_destination_takes_the_cheapest_offer_by_longest_match(market: MarketSnapshot) -> None:
    # 44: 0.0040 against 0.0050 at 60/60 (180 s: no rest). 4479: Marlowe's 447 at 0.0160 against Rhenus' 4479 at 0.0150.
    found = basket(market, "44,1000,0.0060,UK\n4479,2000,0.0140\n33,10")
    uk, mobile, france = found.lines
    assert uk.offer is not None
    assert mobile.offer is not None
    assert (uk.offer["seller"], uk.code, uk.cost_nanos, uk.offered) == ("Marlowe", "44", 4_000_000, 2)
    assert (mobile.offer["seller"], mobile.code, mobile.cost_nanos) == ("Rhenus", "4479", 15_000_000)
    assert (france.offer, france.offered) == (None, 0)
    assert found.amount_nanos == 1000 * 4_000_000 + 2000 * 15_000_000
    # A saving of 2.00, and a loss of 2.00 where what is paid now is cheaper.
    assert (uk.saving_nanos, mobile.saving_nanos) == (2_000_000_000, -2_000_000_000)
    assert (found.saving_nanos, found.compared, found.without) == (0, 2, 1)
    assert [name for name, *_ in found.sellers] == ["Rhenus", "Marlowe"]


def test_a_blocked_code_leaves_the_product_out(market: MarketSnapshot) -> None:
    found = basket(market, "447624,60").lines[0]
    assert found.offer is not None
    assert (found.offer["seller"], found.offered) == ("Marlowe", 1)


def test_floors_look_at_what_was_measured_and_unmeasured_offers_pass_only_on_wish(
    market: MarketSnapshot,
) -> None:
    strict = basket(market, "4479,1", Floors(asr_ppm=400_000, unmeasured=False)).lines[0]
    assert strict.offer is not None
    assert (strict.offer["seller"], strict.offered, strict.fitting) == ("Marlowe", 2, 1)
    assert basket(market, "4479,1", Floors(asr_ppm=510_000, unmeasured=False)).lines[0].offer is None
    lenient = basket(market, "4479,1", Floors(asr_ppm=510_000)).lines[0]
    assert lenient.offer is not None
    assert lenient.offer["seller"] == "Rhenus"
    standard = basket(market, "44,1", Floors(classes=("standard",))).lines[0]
    assert standard.offer is not None
    assert standard.offer["seller"] == "Rhenus"


def test_what_is_paid_now_comes_from_the_products_held_at_their_negotiated_rates(
    market: MarketSnapshot,
) -> None:
    ids = {row["seller"]: row["product_id"] for row in market.groups.to_pylist()}
    plain = basket(market, "44,1000\n4479,1000", held=[Held(ids["Rhenus"])])
    assert [one.paid_nanos for one in plain.lines] == [5_000_000, 15_000_000]
    # Negotiated for 44 and below: it reaches 4479 too; without `below` the deck's longer code keeps its price.
    below = basket(market, "44,1000\n4479,1000", held=[Held(ids["Rhenus"], (("44", 3_000_000, True),))])
    assert [one.paid_nanos for one in below.lines] == [3_000_000, 3_000_000]
    exact = basket(market, "44,1000\n4479,1000", held=[Held(ids["Rhenus"], (("44", 3_000_000, False),))])
    assert [one.paid_nanos for one in exact.lines] == [3_000_000, 15_000_000]


def test_ones_own_offers_are_left_out(market: MarketSnapshot) -> None:
    own = next(row["company_id"] for row in market.groups.to_pylist() if row["seller"] == "Marlowe")
    line = basket(market, "44,1", not_of=[own]).lines[0]
    assert line.offer is not None
    assert line.offer["seller"] == "Rhenus"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("44,x", "Line 1: 'x' is not a number"), ("44\n", "Line 1: how many minutes"), ("44,1.5", "whole number"), ("", "no destination"),
        ("Code,Minutes\nabc,5", "Line 2: 'abc' is not a dial code"), ("44,1,-2", "not a rate"), ("44,1,NaN", "not a number"),
        ("1234567890123456,1", "not a dial code"),
    ],
)  # fmt: skip
def test_a_profile_that_cannot_be_read_names_the_line(text: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        read_profile(text)


def test_headings_separators_and_signs_of_the_field_are_read() -> None:
    for text in (
        "Code;Minutes;Rate\n+44 20;1000;0.003",
        "4420\t1000\t0.003",
        "4420 1000 0.003",
        "\ufeff4420,1000,0.003",
    ):
        (line,) = read_profile(text)
        assert (line.code, line.minutes, line.paid_nanos) == ("4420", 1000, 3_000_000)


def test_depth_is_a_ladder_by_price_with_channels_up_to_each(market: MarketSnapshot) -> None:
    rows = {row["seller"]: row for row in market.groups.to_pylist()}
    capacity = {rows["Marlowe"]["product_id"]: 30, rows["Rhenus"]["product_id"]: None}
    found = depth(market, "447911123456", "", capacity, rows["Marlowe"]["company_id"])
    assert [(one.offer["seller"], one.offer["code"], one.channels, one.up_to_here, one.own) for one in found.levels] == [
        ("Rhenus", "4479", None, 0, False), ("Marlowe", "447", 30, 30, True),
    ]  # fmt: skip
    assert (found.channels, found.unstated) == (30, 1)
    assert [one.offer["seller"] for one in depth(market, "447911123456", "premium", capacity, 0).levels] == [
        "Marlowe"
    ]


def test_pages_and_csv_say_the_same(app: APIFlask, market: MarketSnapshot, tmp_path: Path) -> None:
    with app.app_context():
        buyer = make.make_company(db.session, "Buyer", buys=True)
        client = make.login(app.test_client(), make.make_user(db.session, buyer))
    assert current_market(app.config["TANDEM"].market_dir).name == market.name
    page = client.post("/market/basket", data={"profile": "44,1000,0.0060", "unmeasured": "y"}).get_data(
        as_text=True
    )
    assert "Marlowe" in page
    assert "2.00" in page
    table = client.post(
        "/market/basket", data={"profile": "44,1000,0.0060", "unmeasured": "y", "download": "y"}
    )
    header, line = table.get_data(as_text=True).splitlines()
    assert dict(zip(header.split(","), line.split(","), strict=True))["saving"] == "2.00000"
    faulty = client.post("/market/basket", data={"profile": "44,x"})
    assert (faulty.status_code, "Line 1" in faulty.get_data(as_text=True)) == (422, True)
    ladder = client.get("/market/depth?q=447911123456").get_data(as_text=True)
    assert ladder.index("Rhenus") < ladder.index("Marlowe")
    answer = client.get("/api/v1/market/depth?q=447911123456").json
    assert answer is not None
    assert [one["price"] for one in answer["offers"]] == ["0.01500", "0.01600"]
    asked = client.post("/api/v1/market/basket", json={"profile": "44,1000,0.0060"}).json
    assert asked is not None
    assert (asked["amount"], asked["saving"], asked["without"]) == ("4.00000", "2.00000", 0)
