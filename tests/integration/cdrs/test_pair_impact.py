"""What a deck costs each buyer, from the pair's own calls; an imported aggregate counts only where nothing better is known."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from app.carriers.models import Product
from app.db import db
from app.decks.impact import impact_of_deck, json_of, recent
from app.decks.models import Deck, DeckVersion, TrafficDay
from app.errors import Invalid
from rates.deckcheck import CheckReport
from rates.store import Store
from tests.factories import app as make
from tests.integration.cdrs.world import HEAD, NOW, World, line, make_world, send
from tests.named.calls import deck_of, from_


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def aggregate(world: World, product: Product, code: str, calls: int, seconds: int) -> None:
    day = db.session.scalars(sa.select(TrafficDay.day)).first()
    db.session.add(
        TrafficDay(
            company_id=product.company_id, product_id=product.id, buyer_id=0, code=code, day=day, calls=calls, seconds=seconds
        )
    )  # fmt: skip
    db.session.commit()


def test_records_of_a_pair_count_before_an_imported_aggregate_of_the_same_day_and_code(world: World) -> None:
    send(world, HEAD + line(1, seconds=61) + line(2, seconds=30))
    product = world.products[0]
    aggregate(world, product, "4420", 500, 30_000)
    aggregate(world, product, "44", 7, 420)
    flows, first, last = recent(db.session, product.id, 7)
    assert {flow.code: (flow.calls, flow.seconds) for flow in flows} == {"4420": (2, 91), "44": (7, 420)}
    assert first is not None
    assert last is not None
    own, _, _ = recent(db.session, product.id, 7, world.buyer.id)
    assert [(flow.code, flow.calls, flow.seconds) for flow in own] == [("4420", 2, 91)]


def test_the_impact_of_a_deck_is_told_for_each_buyer(world: World) -> None:
    send(world, HEAD + line(1, seconds=61) + line(2, seconds=30))
    product, settings = world.products[0], world.app.config["TANDEM"]
    dearer = deck_of(
        from_("2026-01-01", "44", "0.0300", "60/60"), from_("2026-01-01", "4420", "0.0300", "60/60")
    )
    version = DeckVersion(
        company_id=product.company_id, product_id=product.id, number=1, timeline_key=product.timeline_key, codes=2, counts={},
        created_at=NOW,
    )  # fmt: skip
    deck = Deck(
        company_id=product.company_id, product_id=product.id, filename="new.csv", size_bytes=1, sha256="0" * 64, file_key="x",
        source="web", state="review", received_at=NOW, created_at=NOW, base_version=1,
        timeline_key=Store(str(settings.store_dir)).put(dearer), report=msgspec.to_builtins(CheckReport(status="ready")),
    )  # fmt: skip
    db.session.add_all([version, deck])
    db.session.commit()
    whole = impact_of_deck(db.session, settings, world.who, deck, now=NOW)
    # Two calls of 91 s together are two of 45 and 46 s: two whole minutes, 0.02 now and 0.06 with the deck.
    assert [(pair.buyer, pair.total.calls, pair.total.delta) for pair in whole.pairs] == [
        ("Buyer", 2, Decimal("0.04"))
    ]
    only = impact_of_deck(db.session, settings, world.who, deck, now=NOW, buyer_id=world.buyer.id)
    assert only.impact is not None
    assert only.impact.total.calls == 2
    assert json_of(only)["pairs"][0]["buyer"] == "Buyer"
    with pytest.raises(Invalid, match="No calls of this buyer"):
        impact_of_deck(db.session, settings, world.who, deck, now=NOW, buyer_id=world.sellers[0].id)
    seller = make.make_user(db.session, world.sellers[0], "rates")
    page = make.login(world.app.test_client(), seller).get(f"/decks/{deck.id}/impact")
    assert page.status_code == 200
    assert "By buyer, from their own call records" in page.text
    deck.profile = [{"what": "44", "seconds": 600, "calls": 10}]
    assert (
        impact_of_deck(db.session, settings, world.who, deck, now=NOW).source == "profile"
    )  # the fallback still holds
