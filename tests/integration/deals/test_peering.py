"""Peering from the offer to both switches' answers, and a month of both sides' call records settled by its terms."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from app.billing.queries import month_of
from app.billing.service.close_months import close_months
from app.carriers.models import Company
from app.clock import to_micros, utc_now
from app.db import db
from app.deals.models import Agreement, AgreementMonth, PeeringOffer
from app.deals.peering import Place
from app.deals.peering_offers import terms_of
from app.deals.queries import open_version
from app.deals.service.activate import terminate
from app.deals.service.answer_offer import accept
from app.deals.service.make_offer import order
from app.deals.service.peer import PeeringFacts, offer_peering, propose_peering
from app.deals.service.sign_agreement import sign
from app.errors import Invalid
from app.hooks.models import Happening
from app.security.actor import Actor
from rates.store import Store
from tests.edge.process import Edge
from tests.factories import app as make
from tests.factories.exchange import Exchange
from tests.integration.cdrs.world import UK, World, line, make_world, send
from tests.integration.deals.test_routes_follow_agreements import person
from tests.named.calls import deck_of, from_

GERMAN = "4930123456"
BEGUN = datetime(2026, 8, 1, tzinfo=UTC)
AUGUST, CLOSED = datetime(2026, 8, 20, tzinfo=UTC), datetime(2026, 9, 5, tzinfo=UTC)
HEAD = "call_id,attempt,trunk,product,ani,dnis,setup,ringing,answer,end,sip_code,q850,released_by,amount,currency\n"


def agreed(
    maker: Actor, taker: Actor, facts: PeeringFacts, product_id: int, settings: Any, now: datetime, starts: datetime | None = None
) -> Agreement:  # fmt: skip
    offer = offer_peering(db.session, maker, facts, now=now)
    terms = msgspec.structs.replace(terms_of(offer, product_id), starts=starts)
    deal = propose_peering(
        db.session, taker, offer.id, terms=terms, valid_until=now + timedelta(days=1), now=now
    )
    accept(db.session, maker, deal.id, round_=1, now=now)
    agreement = db.session.scalars(sa.select(Agreement).where(Agreement.deal_id == deal.id)).one()
    for who in (maker, taker):
        version = open_version(db.session, agreement.id)
        assert version is not None
        sign(
            db.session, who, agreement.id, sha256=version.sha256, typed_name="Ann Example", proof="password", settings=settings,
            now=now,
        )  # fmt: skip
        db.session.commit()
    return agreement


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path)
    yield made
    db.session.close()
    db.engine.dispose()


def peers(world: World, **words: Any) -> tuple[Agreement, World]:
    """The world's second seller brings 44, its buyer brings 49; the agreement, and the world as the seller sees it."""
    seller = world.sellers[1]
    seller.buys = world.buyer.sells = True
    db.session.commit()
    trunk = make.make_customer_trunk(db.session, seller, "West", policy={"kind": "cost"})
    settings = world.app.config["TANDEM"]
    trunk.rate_card_key = Store(str(settings.store_dir)).put(deck_of(from_("2026-01-01", "49", "0.0200")))
    own = make.make_product(db.session, world.buyer, "German ends", "standard")
    own.timeline_key = Store(str(settings.store_dir)).put(deck_of(from_("2026-01-01", "49", "0.0070")))
    db.session.commit()
    maker = make.actor_for(make.make_user(db.session, seller, "owner"), seller)
    taker = make.actor_for(make.make_user(db.session, world.buyer, "owner"), world.buyer)
    facts = PeeringFacts(
        world.products[1].id,
        "hybrid",
        "1.5",
        "0.006",
        (Place("44", "UK"),),
        (Place("49", "Germany"),),
        **words,
    )
    agreement = agreed(maker, taker, facts, own.id, settings, BEGUN)
    return agreement, replace(world, who=maker)


def calls(world: World, product_id: int | None, trunk: str, dnis: str, *seconds: int) -> None:
    text = [
        line(n, seconds=s, product=str(product_id), dnis=dnis, at=AUGUST, trunk=trunk)
        for n, s in enumerate(seconds)
    ]
    done = send(world, HEAD + "".join(text), source=trunk, now=AUGUST + timedelta(days=1))
    assert done.counts["new"] == len(seconds), done.counts


def test_a_month_of_both_directions_charges_only_the_minutes_above_the_ratio(world: World) -> None:
    agreement, back = peers(world)
    calls(world, agreement.product_id, "East", UK, 600, 600)
    calls(back, agreement.back_product_id, "West", GERMAN, 400)
    found = month_of(db.session, agreement, AUGUST.date().replace(day=1), AUGUST + timedelta(days=2))
    assert (found.charges_nanos, found.total_nanos) == (0, 0)  # the month is not over
    assert close_months(db.session, now=CLOSED) == 1
    db.session.commit()
    kept = db.session.scalars(sa.select(AgreementMonth)).one().statement
    # 1,200 − 1.5 · 400 = 600 s = 10 minutes at 0.006, sent by the buyer.
    assert {name: kept["peered"][name] for name in ("to_seller_seconds", "to_buyer_seconds", "payer", "over_seconds")} == {
        "to_seller_seconds": 1200, "to_buyer_seconds": 400, "payer": "buyer", "over_seconds": 600,
    }  # fmt: skip
    assert (kept["charges_nanos"], kept["total_nanos"]) == (0, 60_000_000)
    assert [(one["code"], one["rate_nanos"]) for one in kept["peered"]["back"]] == [("49", 0)]
    told = db.session.scalars(sa.select(Happening.text).where(Happening.kind == "agreement.month")).all()
    assert len(told) == 2
    assert "10 beyond 1.5 : 1, sent by the buyer, who owes 0.06 USD" in told[0]
    read = month_of(db.session, agreement, AUGUST.date().replace(day=1), CLOSED)
    assert json.loads(json.dumps(read.document())) == kept
    client = make.login(
        world.app.test_client(), make.make_user(db.session, world.buyer, "owner", "reader@buyer.example")
    )
    page = client.get(f"/agreements/{agreement.id}/months/2026-08").get_data(as_text=True)
    assert "Above the ratio, 10 minutes sent by the buyer" in page
    table = client.get(f"/agreements/{agreement.id}/months/2026-08.csv").get_data(as_text=True)
    assert "above the ratio,,,,0.06,USD" in table
    assert "(to the buyer)" in table


def test_who_sends_too_much_the_other_way_is_owed_nothing(world: World) -> None:
    agreement, back = peers(world)
    calls(world, agreement.product_id, "East", UK, 60)
    calls(back, agreement.back_product_id, "West", GERMAN, 690)
    assert close_months(db.session, now=CLOSED) == 1
    kept = db.session.scalars(sa.select(AgreementMonth)).one().statement
    # The seller sent 690 − 90 = 600 s too many: the buyer's account goes down.
    assert (kept["peered"]["payer"], kept["total_nanos"]) == ("seller", -60_000_000)


def test_a_small_month_is_not_judged_and_a_purchase_is_no_peering(world: World) -> None:
    agreement, _ = peers(world, judged_from_minutes=30)
    calls(world, agreement.product_id, "East", UK, 600)
    assert close_months(db.session, now=CLOSED) == 1
    assert db.session.scalars(sa.select(AgreementMonth)).one().statement["total_nanos"] == 0
    offer = db.session.scalars(sa.select(PeeringOffer)).one()
    with pytest.raises(Invalid, match="begins with a peering offer"):
        order(
            db.session, world.who, product_id=world.products[0].id, terms=terms_of(offer, offer.product_id),
            valid_until=CLOSED + timedelta(days=1), now=CLOSED,
        )  # fmt: skip


ACME, BOREALIS = "Acme Carrier", "Borealis Talk"
LONDON, MOBILE, PREMIUM, PARIS, BERLIN = (
    "442079460000",
    "447911123456",
    "449061234567",
    "33123456789",
    "4930123456",
)
UK_DECK = """Destination,Code,Rate,Increments,Status
United Kingdom,44,0.0040,1/1,
United Kingdom Mobile,447,0.0180,1/1,
United Kingdom Premium,44906,0.5000,1/1,blocked
France,33,0.0050,1/1,
Kenya,254,0.0900,1/1,
Spain,34,0.0070,1/1,
Italy,39,0.0080,1/1,
"""
GERMAN_DECK = """Destination,Code,Rate,Increments
Germany,49,0.0060,1/1
Austria,43,0.0090,1/1
Poland,48,0.0100,1/1
"""


def test_both_switches_get_the_peer_from_the_same_microsecond_until_the_end(tmp_path: Path) -> None:
    exchange = Exchange.empty(tmp_path)
    exchange.operator("Tandem")
    exchange.seller(ACME, "Premium CLI", "premium", "192.0.2.10")
    exchange.buyer(BOREALIS, main={})
    with exchange.app.app_context():
        for name in (ACME, BOREALIS):
            company = db.session.scalars(sa.select(Company).where(Company.name == name)).one()
            company.sells = company.buys = True
            db.session.commit()
            if name == BOREALIS:
                gateway = make.make_vendor_trunk(db.session, company, host="192.0.2.20")
                exchange.products[name] = make.make_product(
                    db.session, company, "Ends", "premium", gateway
                ).id
            else:
                trunk = make.make_customer_trunk(db.session, company, "acme-out")
                exchange.keys["acme-out"] = make.make_api_key(db.session, company, ["lcr:query"], trunk)[1]
    exchange.deck(ACME, UK_DECK)
    exchange.deck(BOREALIS, GERMAN_DECK)
    exchange.work("snapshot.build")
    edge = Edge(tmp_path, exchange.settings.snapshot_dir).start()
    try:
        start = utc_now() + timedelta(hours=1)
        with exchange.app.app_context():
            maker, taker = person(exchange, ACME), person(exchange, BOREALIS)
            facts = PeeringFacts(
                exchange.products[ACME], "bill_and_keep", "2", "0", (Place("44", "United Kingdom"),), (Place("49", "Germany"),),
                channels=30,
            )  # fmt: skip
            agreement = agreed(
                maker, taker, facts, exchange.products[BOREALIS], exchange.settings, utc_now(), start
            )
            agreement_id = agreement.id
        _publish(exchange, edge)
        before = start - timedelta(microseconds=1)
        assert _first(exchange, edge, "main", before, LONDON) is None
        assert [_first(exchange, edge, "main", start, n) for n in (LONDON, MOBILE, PREMIUM, PARIS)] == [
            ("44", "0"), ("447", "0"), None, None,
        ]  # fmt: skip
        assert _first(exchange, edge, "acme-out", before, BERLIN) is None
        assert _first(exchange, edge, "acme-out", start, BERLIN) == ("49", "0")
        with exchange.app.app_context():
            ended = terminate(
                db.session,
                person(exchange, ACME),
                agreement_id,
                at=None,
                reason="Traffic went away",
                now=start,
            )
            db.session.commit()
            end = ended.effective_until
            assert end == start + timedelta(days=30)
        _publish(exchange, edge)
        for trunk, number in (("main", LONDON), ("acme-out", BERLIN)):
            assert _first(exchange, edge, trunk, end - timedelta(microseconds=1), number) is not None
            assert _first(exchange, edge, trunk, end, number) is None
    finally:
        edge.stop()


def _publish(exchange: Exchange, edge: Edge) -> None:
    exchange.work("snapshot.publish", "snapshot.build")
    edge.serves(exchange.snapshot_id)


def _first(exchange: Exchange, edge: Edge, trunk: str, at: datetime, number: str) -> tuple[str, str] | None:
    answer = edge.lcr(f"dnis={number}&at={to_micros(at)}", key=exchange.keys[trunk]).json()
    route = next(iter(answer["routes"]), None)
    return (route["code"], route["rate"]) if route else None
