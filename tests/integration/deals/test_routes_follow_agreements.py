"""A real edge answers by what is signed: from the effective microsecond on, through amendment and notice, to the end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.clock import to_micros, utc_now
from app.db import db
from app.deals.models import Agreement
from app.deals.queries import open_version
from app.deals.service.activate import terminate
from app.deals.service.answer_offer import accept, counter
from app.deals.service.draft_agreement import amend
from app.deals.service.make_offer import order
from app.deals.service.sign_agreement import sign
from app.deals.terms import Rate, Schedule, Terms
from app.security.actor import Actor, actor_of_user
from app.security.models import User
from tests.edge.process import Edge
from tests.factories.exchange import Exchange

LONDON, UK, MOBILE = "442079460000", "441619460000", "447911123456"
DECK = """Destination,Code,Rate,Increments
United Kingdom,44,0.0040,1/1
United Kingdom London,4420,0.0031,1/1
United Kingdom Mobile,447,0.0180,1/1
France,33,0.0050,1/1
Germany,49,0.0060,1/1
Kenya,254,0.0900,1/1
Spain,34,0.0070,1/1
Italy,39,0.0080,1/1
"""
LATER = timedelta(hours=1)
A_MOMENT = timedelta(microseconds=1)


@pytest.fixture
def exchange(tmp_path: Path) -> Exchange:
    made = Exchange.empty(tmp_path)
    made.operator("Tandem")
    made.seller("Acme Carrier", "Premium CLI", "premium", "192.0.2.10")
    made.buyer("Borealis Talk", main={})
    made.deck("Acme Carrier", DECK)
    made.work("snapshot.build")
    return made


@pytest.fixture
def edge(exchange: Exchange, tmp_path: Path) -> Iterator[Edge]:
    running = Edge(tmp_path, exchange.settings.snapshot_dir).start()
    yield running
    running.stop()


def person(exchange: Exchange, company: str) -> Actor:
    user = db.session.scalars(sa.select(User).where(User.email == exchange.emails[company])).one()
    found = actor_of_user(db.session, user, "127.0.0.1")
    assert found is not None
    return found


def both_sign(exchange: Exchange, agreement_id: int) -> None:
    for name in ("Acme Carrier", "Borealis Talk"):
        version = open_version(db.session, agreement_id)
        assert version is not None
        sign(
            db.session, person(exchange, name), agreement_id, sha256=version.sha256, typed_name=f"Owner of {name}",
            proof="password", settings=exchange.settings, now=utc_now(),
        )  # fmt: skip
        db.session.commit()


def concluded(exchange: Exchange, terms: Terms) -> int:
    """Ordered, countered, accepted, signed by both."""
    with exchange.app.app_context():
        now = utc_now()
        buyer, seller = person(exchange, "Borealis Talk"), person(exchange, "Acme Carrier")
        valid = now + timedelta(days=1)
        first = Terms("USD", (Rate("4420", "0.0010"),), starts=terms.starts)
        deal = order(
            db.session,
            buyer,
            product_id=exchange.products["Acme Carrier"],
            terms=first,
            valid_until=valid,
            now=now,
        )
        counter(db.session, seller, deal.id, round_=1, terms=terms, valid_until=valid, now=now)
        accept(db.session, buyer, deal.id, round_=2, now=now)
        db.session.commit()
        agreement = db.session.scalars(sa.select(Agreement).where(Agreement.deal_id == deal.id)).one()
        both_sign(exchange, agreement.id)
        return agreement.id


def publish(exchange: Exchange, edge: Edge) -> None:
    exchange.work("snapshot.publish", "snapshot.build")
    edge.serves(exchange.snapshot_id)


def rates(exchange: Exchange, edge: Edge, at: datetime | None, *numbers: str) -> list[tuple[str, str] | None]:
    """(code, rate) of the first route of each number; None without one."""
    found: list[tuple[str, str] | None] = []
    for number in numbers:
        when = "" if at is None else f"&at={to_micros(at)}"
        answer: dict[str, Any] = edge.lcr(f"dnis={number}{when}", key=exchange.keys["main"]).json()
        route = next(iter(answer["routes"]), None)
        found.append((route["code"], route["rate"]) if route else None)
    return found


def test_the_answer_changes_at_the_microsecond_a_signed_deal_takes_effect(
    exchange: Exchange, edge: Edge
) -> None:
    start = utc_now() + LATER
    concluded(exchange, Terms("USD", (Rate("4420", "0.0025"), Rate("4416", "0.0039")), starts=start))
    publish(exchange, edge)
    assert rates(exchange, edge, start - A_MOMENT, LONDON, UK, MOBILE) == [None, None, None]
    # Negotiated codes are matched with the deck's, by the longest code; the rest is the deck's.
    assert rates(exchange, edge, start, LONDON, UK, MOBILE) == [
        ("4420", "0.0025"), ("4416", "0.0039"), ("447", "0.018"),
    ]  # fmt: skip


def test_a_deal_replaces_what_the_trunk_had_bought_of_the_product(exchange: Exchange, edge: Edge) -> None:
    exchange.grant("main", "Acme Carrier")
    start = utc_now() + LATER
    concluded(exchange, Terms("USD", (Rate("44", "0.0030"),), starts=start))
    publish(exchange, edge)
    assert rates(exchange, edge, start - A_MOMENT, LONDON, MOBILE) == [("4420", "0.0031"), ("447", "0.018")]
    # 44 with everything below: the deck's longer codes take its price.
    assert rates(exchange, edge, start, LONDON, MOBILE) == [("4420", "0.003"), ("447", "0.003")]


def test_amendment_and_notice_are_seen_at_their_instants(exchange: Exchange, edge: Edge) -> None:
    start = utc_now() + LATER
    soon = Schedule(termination_days=2)
    agreement_id = concluded(exchange, Terms("USD", (Rate("4420", "0.0025"),), starts=start, schedule=soon))
    dearer = start + LATER
    with exchange.app.app_context():
        terms = Terms("USD", (Rate("4420", "0.0028"),), schedule=soon)
        seller = person(exchange, "Acme Carrier")
        amend(
            db.session, seller, agreement_id, terms=terms, effective_from=dearer, reason="costs rose", now=utc_now()
        )  # fmt: skip
        db.session.commit()
        both_sign(exchange, agreement_id)
        ended = terminate(
            db.session, person(exchange, "Borealis Talk"), agreement_id, at=None, reason="moving on", now=utc_now()
        )  # fmt: skip
        db.session.commit()
        end = ended.effective_until
    assert end is not None
    publish(exchange, edge)
    seen = [start - A_MOMENT, start, dearer - A_MOMENT, dearer, end - A_MOMENT, end]
    assert [rates(exchange, edge, at, LONDON)[0] for at in seen] == [
        None, ("4420", "0.0025"), ("4420", "0.0025"), ("4420", "0.0028"), ("4420", "0.0028"), None,
    ]  # fmt: skip


def test_a_new_deck_of_the_seller_moves_only_what_was_not_negotiated(exchange: Exchange, edge: Edge) -> None:
    concluded(exchange, Terms("USD", (Rate("4420", "0.0025"),)))
    publish(exchange, edge)
    assert rates(exchange, edge, None, LONDON, UK) == [("4420", "0.0025"), ("44", "0.004")]
    exchange.deck("Acme Carrier", DECK.replace("0.0040", "0.0033").replace("0.0031", "0.0011"))
    publish(exchange, edge)
    assert rates(exchange, edge, None, LONDON, UK) == [("4420", "0.0025"), ("44", "0.0033")]


def test_without_a_question_about_time_the_edge_switches_when_the_second_comes(
    exchange: Exchange, edge: Edge
) -> None:
    start = utc_now() + timedelta(seconds=6)
    concluded(exchange, Terms("USD", (Rate("4420", "0.0025"),), starts=start))
    publish(exchange, edge)
    before = rates(exchange, edge, None, LONDON)
    assert utc_now() < start, "the machine was too slow to look before the start"
    assert before == [None]
    deadline = start + timedelta(seconds=20)
    while (found := rates(exchange, edge, None, LONDON)) == [None]:
        assert utc_now() < deadline
    assert found == [("4420", "0.0025")]
    assert utc_now() >= start
