"""Sell codes over dearer cost codes: in the check of a deck, on the page for whoever may see the card, and as CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.carriers.models import Company, CustomerTrunk
from app.db import db
from app.decks.models import Deck
from tests.factories.app import login, make_company, make_customer_trunk, make_product, make_user
from tests.integration.decks.world import DECK, World, make_world

CARD = "Destination,Code,Rate,Increments\nUnited Kingdom,44,0.0100,1/1\nFrance,33,0.0300,1/1\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The seller also sells on by a rate card: 44 at 0.0100 over the deck's 447 at 0.0180."""
    made = make_world(tmp_path)
    give_card(made, made.seller.id, "East", CARD)
    return made


def give_card(world: World, company_id: int, trunk: str, text: str, **fields: str) -> int:
    """A trunk that sells what `text` says; its timeline comes out of a check of that deck."""
    with world.app.app_context():
        company = db.session.get_one(Company, company_id)
        maker = make_user(db.session, company, "rates", email=f"{trunk}@cards.example")
        shelf = make_product(db.session, company, name=f"Card {trunk}")
        product, client = shelf.id, login(world.app.test_client(), maker)
    deck = World(world.app, company, shelf, maker, maker, maker, client).sent(
        text, f"{trunk}.csv", product=str(product), **fields
    )
    with world.app.app_context():
        key = db.session.get_one(Deck, deck).timeline_key
        made = make_customer_trunk(
            db.session, db.session.get_one(Company, company_id), trunk, rate_card_key=key
        )
        return made.id


def problems(world: World, deck: int) -> list[dict[str, Any]]:
    answer = world.client.get(f"/api/v1/decks/{deck}").json
    return [group for group in answer["problems"] if group["id"] == "margin_trap"]


def test_a_deck_that_costs_more_than_its_carrier_s_own_card_earns_is_told_by_code_rate_and_card(
    world: World,
) -> None:
    deck = world.sent(DECK)
    [group] = problems(world, deck)
    assert (group["severity"], group["count"]) == ("warning", 1)
    [example] = group["examples"]
    assert (example["code"], example["text"]) == ("44", "sold at 0.01 (East); costs 447 0.018")
    assert world.state(deck) == "review"


def test_the_carrier_s_threshold_says_whether_a_trap_blocks_and_from_which_per_cent(world: World) -> None:
    url = f"/deck-rules/{world.seller.id}/checks"
    assert world.client.post(url, data={"level-margin_trap": "block"}).status_code == 302
    deck = world.sent(DECK, "first.csv")
    assert world.state(deck) == "rejected"
    assert problems(world, deck)[0]["severity"] == "error"
    data = {"level-margin_trap": "block", "number-trap_pct": "80"}
    assert world.client.post(url, data=data).status_code == 302
    again = world.sent(DECK + "Italy,39,0.01,1/1\n", "second.csv")
    assert world.state(again) == "review"
    assert problems(world, again) == []


def test_another_company_s_card_neither_takes_part_nor_shows(world: World) -> None:
    with world.app.app_context():
        buyer = make_company(db.session, "Bigbuy", buys=True, sells=True).id
    trunk = give_card(world, buyer, "Secret", CARD.replace("0.0100", "0.0010"))
    deck = world.sent(DECK)
    assert [e["text"] for e in problems(world, deck)[0]["examples"]] == [
        "sold at 0.01 (East); costs 447 0.018"
    ]
    page = world.client.get(f"/decks/{deck}/traps").get_data(as_text=True)
    assert "East" in page
    assert "Secret" not in page
    assert world.client.get(f"/decks/{deck}/traps?card={trunk}").status_code == 422


def test_the_operator_sees_the_traps_of_every_card_for_any_deck(world: World) -> None:
    with world.app.app_context():
        buyer = make_company(db.session, "Bigbuy", buys=True, sells=True).id
        operator = make_company(db.session, "House", is_operator=True)
        person = make_user(db.session, operator, "operator")
        db.session.commit()
        client = login(world.app.test_client(), person)
    trunk = give_card(world, buyer, "Secret", CARD.replace("0.0100", "0.0010"))
    deck = world.sent(DECK)
    page = client.get(f"/decks/{deck}/traps?card={trunk}").get_data(as_text=True)
    for words in ("Bigbuy · Secret", "0.001 USD", "Acme Carrier · East"):
        assert words in page
    rows = client.get(f"/decks/{deck}/traps.csv").get_data(as_text=True).splitlines()
    assert rows[1:] == [
        "Acme Carrier · East,44,United Kingdom,0.01,USD,447,United Kingdom Mobile,0.018,USD",
        "Bigbuy · Secret,44,United Kingdom,0.001,USD,447,United Kingdom Mobile,0.018,USD",
        "Bigbuy · Secret,44,United Kingdom,0.001,USD,44,United Kingdom,0.004,USD",
    ]


def test_a_card_in_a_currency_without_exchange_rate_is_named_and_the_deck_is_not_lost(world: World) -> None:
    with world.app.app_context():
        company = db.session.get_one(Company, world.seller.id)
        trunk = next(t for t in db.session.query(CustomerTrunk) if t.company_id == company.id)
        trunk.enabled = False
        db.session.commit()
    give_card(world, world.seller.id, "Yen", CARD, currency="JPY")
    deck = world.sent(DECK)
    assert world.state(deck) == "review"
    assert "no exchange rate for" in problems(world, deck)[0]["hint"]
    assert "not compared" in world.client.get(f"/decks/{deck}/traps").get_data(as_text=True)
