"""A buyer asks, the seller answers, either ends; nobody else sees it, and no step is taken twice."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from apiflask import APIFlask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from app.audit.models import AuditEvent
from app.db import db
from app.errors import Conflict
from app.jobs.models import Job
from app.market.models import Purchase
from app.market.service.accept_purchase import accept_purchase
from app.market.service.end_purchase import end_purchase
from app.market.service.refuse_purchase import decline_purchase, withdraw_purchase
from app.security.actor import Actor, actor_of_user
from tests.factories import app as make


@dataclass
class Trade:
    app: APIFlask
    seller: FlaskClient
    buyer: FlaskClient
    other: FlaskClient
    product_id: int
    trunk_id: int
    seller_actor: Actor
    buyer_actor: Actor


def trade(folder: Path, database_url: str | None = None) -> Trade:
    app = make.make_app(folder, database_url)
    with app.app_context():
        session = db.session
        carrier = make.make_company(session, "Acme", sells=True)
        buyer = make.make_company(session, "Bigbuy", buys=True)
        third = make.make_company(session, "Thirdco", sells=True, buys=True)
        product = make.make_product(session, carrier, timeline_key="k" * 64)
        trunk = make.make_customer_trunk(session, buyer)
        clients, actors = [], []
        for company in (carrier, buyer, third):
            user = make.make_user(session, company, "owner")
            client = app.test_client()
            make.login(client, user)
            clients.append(client)
            found = actor_of_user(session, user, None)
            assert found is not None
            actors.append(found)
        return Trade(app, *clients, product.id, trunk.id, actors[0], actors[1])


@pytest.fixture
def market(tmp_path: Path) -> Trade:
    return trade(tmp_path)


def state(market: Trade) -> str:
    with market.app.app_context():
        return db.session.scalars(sa.select(Purchase.state)).one()


def test_a_request_accepted_by_the_seller_is_told_to_the_core_and_audited(market: Trade) -> None:
    answer = market.buyer.post(
        f"/market/request/{market.product_id}", data={"trunk_id": market.trunk_id, "note": "1M min"}
    )
    assert answer.status_code == 302
    assert b"1M min" in market.seller.get("/orders/received").data
    assert market.seller.post("/orders/1/accept", data={"answer": "Welcome"}).status_code == 302
    assert b"Welcome" in market.buyer.get("/orders/placed").data
    with market.app.app_context():
        bought = db.session.scalars(sa.select(Purchase)).one()
        assert bought.state == "accepted"
        assert bought.effective_from == bought.decided_at
        assert "snapshot.publish" in db.session.scalars(sa.select(Job.kind)).all()
        told = db.session.scalars(sa.select(AuditEvent.action).order_by(AuditEvent.id)).all()
        assert told == ["purchase.request", "purchase.accept"]


def test_the_same_product_is_not_requested_twice_for_one_trunk(market: Trade) -> None:
    form = {"trunk_id": market.trunk_id}
    market.buyer.post(f"/market/request/{market.product_id}", data=form)
    answer = market.buyer.post(f"/market/request/{market.product_id}", data=form)
    assert answer.status_code == 409
    assert b"waiting for the seller" in answer.data


def test_only_the_seller_accepts_and_a_third_company_sees_nothing(market: Trade) -> None:
    market.buyer.post(
        f"/market/request/{market.product_id}", data={"trunk_id": market.trunk_id, "note": "secret wish"}
    )
    assert market.buyer.post("/orders/1/accept", data={}).status_code == 404
    for path in ("/orders/received", "/orders/placed", "/orders/received.csv", "/orders/placed.csv"):
        assert b"secret wish" not in market.other.get(path).data
    for act in ("accept", "decline", "withdraw", "end"):
        assert market.other.post(f"/orders/1/{act}", data={}).status_code == 404
    assert market.other.get("/api/v1/purchases/1").status_code == 404
    assert state(market) == "requested"


def test_a_decided_request_cannot_be_decided_again(market: Trade) -> None:
    market.buyer.post(f"/market/request/{market.product_id}", data={"trunk_id": market.trunk_id})
    market.seller.post("/orders/1/decline", data={"answer": "full"})
    assert market.seller.post("/orders/1/accept", data={}).status_code == 409
    assert market.buyer.post("/orders/1/withdraw", data={}).status_code == 409
    assert state(market) == "declined"


def test_the_api_takes_an_idempotency_key(market: Trade) -> None:
    body = {"product_id": market.product_id, "trunk_id": market.trunk_id, "note": "n"}
    headers = {"Idempotency-Key": "abc"}
    first = market.buyer.post("/api/v1/purchases", json=body, headers=headers)
    assert first.status_code == 201
    assert first.json["state"] == "requested"
    again = market.buyer.post("/api/v1/purchases", json=body, headers=headers)
    assert (again.status_code, again.json) == (201, first.json)
    other = market.buyer.post("/api/v1/purchases", json={**body, "note": "m"}, headers=headers)
    assert other.status_code == 422
    with market.app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Purchase)) == 1
    listed = market.seller.get("/api/v1/purchases?side=seller").json["purchases"]
    assert [(p["state"], p["trunk"]) for p in listed] == [("requested", "")]


def test_of_two_who_decide_at_once_one_wins(market: Trade) -> None:
    market.buyer.post(f"/market/request/{market.product_id}", data={"trunk_id": market.trunk_id})
    barrier, outcomes = threading.Barrier(2), []

    def act(accepts: bool) -> None:
        with market.app.app_context():
            barrier.wait()
            try:
                if accepts:
                    accept_purchase(
                        db.session, market.seller_actor, 1, effective_from=None, answer="", now=make.NOW
                    )
                else:
                    withdraw_purchase(db.session, market.buyer_actor, 1, now=make.NOW)
                db.session.commit()
                outcomes.append("won")
            except Conflict:
                db.session.rollback()
                outcomes.append("lost")

    threads = [threading.Thread(target=act, args=(flag,)) for flag in (True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost", "won"]


ALLOWED = {
    ("requested", "accept"): "accepted",
    ("requested", "decline"): "declined",
    ("requested", "withdraw"): "withdrawn",
    ("accepted", "end"): "ended",
}


def test_no_order_of_steps_reaches_an_illegal_state(tmp_path: Path) -> None:
    market = trade(tmp_path)

    class Life(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            with market.app.app_context():
                row = Purchase(
                    product_id=market.product_id, seller_id=market.seller_actor.company_id,
                    buyer_id=market.buyer_actor.company_id, trunk_id=market.trunk_id, state="requested", created_at=make.NOW,
                )  # fmt: skip
                db.session.add(row)
                db.session.commit()
                self.id, self.expected = row.id, "requested"

        @rule(act=st.sampled_from(["accept", "decline", "withdraw", "end"]))
        def step(self, act: str) -> None:
            with market.app.app_context():
                session, now = db.session, make.NOW
                try:
                    if act == "accept":
                        accept_purchase(
                            session, market.seller_actor, self.id, effective_from=None, answer="", now=now
                        )
                    elif act == "decline":
                        decline_purchase(session, market.seller_actor, self.id, answer="", now=now)
                    elif act == "withdraw":
                        withdraw_purchase(session, market.buyer_actor, self.id, now=now)
                    else:
                        end_purchase(session, market.buyer_actor, self.id, effective_until=None, now=now)
                    session.commit()
                    assert (self.expected, act) in ALLOWED
                    self.expected = ALLOWED[(self.expected, act)]
                except Conflict:
                    session.rollback()
                    assert (self.expected, act) not in ALLOWED

        @invariant()
        def stands_as_expected(self) -> None:
            with market.app.app_context():
                assert db.session.get(Purchase, self.id).state == self.expected

    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=20, stateful_step_count=8, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
