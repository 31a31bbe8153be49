"""Imported call records become the month of the agreement they were used under, by its own rounding, tiers and promises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.billing.calls import Spans, spans
from app.billing.service.close_months import close_months
from app.db import db
from app.deals.models import Agreement, AgreementMonth
from app.deals.queries import open_version
from app.deals.service.activate import notice_of, terminate
from app.deals.service.answer_offer import accept
from app.deals.service.make_offer import order
from app.deals.service.sign_agreement import sign
from app.deals.terms import Quality, Rate, Schedule, Terms, Tier, Volume
from app.hooks.models import Happening
from app.security.actor import Actor
from tests.factories import app as make
from tests.integration.cdrs.world import UK, World, line, make_world, send

BEGUN = datetime(2026, 8, 10, tzinfo=UTC)
IN_AUGUST = datetime(2026, 8, 20, tzinfo=UTC)
CLOSED = datetime(2026, 9, 5, tzinfo=UTC)
SLA = Quality(asr_bp=5000)


@dataclass
class Bound:
    world: World
    seller: Actor
    agreement: Agreement

    def calls(self, at: datetime, *seconds: float | None, dnis: str = UK, source: str = "sw1") -> None:
        product = str(self.agreement.product_id)
        text = [
            line(n, seconds=s, product=product, dnis=dnis, at=at, code=200 if s else 503)
            for n, s in enumerate(seconds)
        ]
        done = send(self.world, HEAD + "".join(text), source=source, now=at + timedelta(days=1))
        assert done.counts["new"] == len(seconds), done.counts


HEAD = "call_id,attempt,trunk,product,ani,dnis,setup,ringing,answer,end,sip_code,q850,released_by,amount,currency\n"


@pytest.fixture
def bound(tmp_path: Path) -> Iterator[Bound]:
    """Signed on 10 August: 0.012 a minute in 1/1, seconds down, 10 % off from the second minute, ASR of half the calls."""
    world = make_world(tmp_path)
    owner = make.make_user(db.session, world.sellers[1], "owner")
    seller = make.actor_for(owner, world.sellers[1])
    buyer = make.actor_for(make.make_user(db.session, world.buyer, "owner"), world.buyer)
    terms = Terms(
        "USD", (Rate("44", "0.012"),), Volume(tiers=(Tier(2, 1000),), commitment_minutes=31),
        schedule=Schedule(sla=SLA, sla_min_calls=4, sla_credit_pct=50, second_rounding="down", termination_days=30),
    )  # fmt: skip
    deal = order(
        db.session, buyer, product_id=world.products[1].id, terms=terms, valid_until=BEGUN + timedelta(days=1), now=BEGUN
    )  # fmt: skip
    accept(db.session, seller, deal.id, round_=1, now=BEGUN)
    agreement = db.session.scalars(sa.select(Agreement)).one()
    for who in (seller, buyer):
        version = open_version(db.session, agreement.id)
        assert version is not None
        sign(
            db.session, who, agreement.id, sha256=version.sha256, typed_name="Ann Example", proof="password",
            settings=world.app.config["TANDEM"], now=BEGUN,
        )  # fmt: skip
        db.session.commit()
    yield Bound(world, seller, agreement)
    db.session.close()
    db.engine.dispose()


def test_a_month_is_charged_by_the_agreements_rounding_tiers_and_commitment(bound: Bound) -> None:
    bound.calls(IN_AUGUST, 90.9, 60.9, 30.9, None)
    assert close_months(db.session, now=CLOSED) == 1
    db.session.commit()
    row = db.session.scalars(sa.select(AgreementMonth)).one()
    found = row.statement
    # Whole seconds down: 90, 60, 30 at 0.012 a minute; the last 60 s lie beyond two minutes and cost 10 % less.
    assert (found["billed_seconds"], found["charges_nanos"]) == (180, 36_000_000)
    assert found["discount_nanos"] == 1_200_000
    # 22 of 31 days: 22 minutes committed, 3 sent.
    assert (found["committed_minutes"], found["missing_minutes"]) == (22, 19)
    assert found["shortfall_nanos"] == 19 * 12_000_000
    assert row.verdict == "kept"
    assert found["total_nanos"] == 260_000_000  # 0.036 − 0.0012 + 0.228, to the cent
    told = db.session.scalars(sa.select(Happening).where(Happening.kind == "agreement.month")).all()
    assert {one.company_id for one in told} == {bound.agreement.buyer_id, bound.agreement.seller_id}
    assert close_months(db.session, now=CLOSED) == 0


def test_three_months_that_miss_the_promise_end_the_notice_period(bound: Bound) -> None:
    for month in (8, 9, 10):
        at = datetime(2026, month, 20, tzinfo=UTC)
        bound.calls(at, 60, None, None, None, source=f"sw{month}")
    now = datetime(2026, 11, 2, tzinfo=UTC)
    assert close_months(db.session, now=now) == 2
    assert notice_of(db.session, bound.agreement, now) == 30
    now += timedelta(days=3)
    assert close_months(db.session, now=now) == 1
    rows = db.session.scalars(sa.select(AgreementMonth).order_by(AgreementMonth.month)).all()
    assert [row.verdict for row in rows] == ["missed"] * 3
    assert rows[1].statement["credit_nanos"] == rows[1].statement["charges_nanos"] // 2
    text = db.session.scalars(
        sa.select(Happening.text).where(Happening.kind == "agreement.month").order_by(Happening.id)
    ).all()
    assert "the third month in a row" in text[-1]
    assert "the third month in a row" not in text[1]
    ended = terminate(
        db.session, bound.seller, bound.agreement.id, at=None, reason="Not our numbers", now=now
    )
    assert ended.effective_until == now


def test_five_minutes_in_which_nothing_got_through_are_time_down(bound: Bound) -> None:
    bound.calls(IN_AUGUST, *[None] * 5, source="down")
    bound.calls(IN_AUGUST + timedelta(hours=1), *[None] * 4, 60, source="up")
    bound.calls(IN_AUGUST + timedelta(hours=2), *[None] * 4, source="few")
    found = spans(db.session, bound.agreement, BEGUN, BEGUN + timedelta(days=20))
    assert found == Spans(20 * 24 * 12, 2, 1)


def test_both_sides_read_the_month_and_nobody_else_does(bound: Bound) -> None:
    bound.calls(IN_AUGUST, 90.9)
    path = f"/agreements/{bound.agreement.id}/months"
    for company in (bound.world.buyer, bound.world.sellers[1]):
        client = make.login(
            bound.world.app.test_client(),
            make.make_user(db.session, company, "owner", f"reader@c{company.id}.example"),
        )
        page = client.get(f"{path}/2026-08").get_data(as_text=True)
        assert "August 2026" in page
        assert "0.018" in page
        assert client.get(path).status_code == 302
        table = client.get(f"{path}/2026-08.csv").get_data(as_text=True)
        assert "44" in table
        told = client.get(f"/api/v1/agreements/{bound.agreement.id}/months/2026-08").get_json()
        assert Decimal(told["charges_nanos"]) == 18_000_000
        assert client.get(f"{path}/2026-07").status_code == 404
        assert client.get(f"{path}/x").status_code == 404
    other = make.login(
        bound.world.app.test_client(), make.make_user(db.session, bound.world.sellers[0], "owner")
    )
    assert other.get(f"{path}/2026-08").status_code == 404
