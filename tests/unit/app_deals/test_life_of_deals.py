"""Requests, offers and agreements under random hands: only legal moves happen, nothing is lost, every change is audited."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.audit.models import AuditEvent
from app.audit.verify import verify_chain
from app.db import db
from app.deals.machine import MACHINES, STATES
from app.deals.models import Agreement, AgreementVersion, Deal, DealStep, Rfq
from app.deals.service.activate import terminate
from app.deals.service.answer_offer import accept, counter, decline, withdraw
from app.deals.service.draft_agreement import amend
from app.deals.service.follow import follow
from app.deals.service.make_offer import order, quote
from app.deals.service.open_rfq import end_rfq, open_rfq
from app.deals.service.set_rule import set_rule
from app.deals.service.sign_agreement import revoke, sign
from app.deals.terms import Quality
from app.errors import DomainError
from app.market.models import Purchase
from app.security.actor import Actor
from tests.factories.app import NOW
from tests.unit.app_deals.trading import companies, terms
from tests.unit.app_deals.trading import floor as make_floor

# Trials have tests of their own: they need measured calls.
TRIALS = {("agreement", "try"), ("agreement", "fail")}
LIMIT = Decimal(100)
SMALL, LARGE = 1_000, 1_000_000  # minutes: 2.50 and 2,500.00 a month
INDEX = st.integers(0, 1023)
SIDES = st.sampled_from(["buyer", "seller"])
PERSON = st.integers(0, 1)


@dataclass
class D:
    """What a deal must be."""

    id: int
    seller: int
    rfq: int | None
    state: str
    turn: str
    valid: datetime
    minutes: int
    round: int = 1
    first: int | None = None


@dataclass
class A:
    """What an agreement must be: versions as (state, who signed, first of two, drawn at)."""

    id: int
    deal: D
    state: str = "drafted"
    until: datetime | None = None
    versions: list[dict[str, Any]] = field(default_factory=list)

    def waiting(self) -> dict[str, Any] | None:
        last = self.versions[-1]
        return last if last["state"] in ("proposed", "half") else None


def kept(*columns: Any, of: Any) -> list[Any]:
    """Rows as the database has them, past the session's own copies, in order of their id."""
    return list(db.session.execute(sa.select(*columns).where(of).order_by(columns[0])).all())


class Hands(RuleBasedStateMachine):
    app: Any = None
    runs = 0
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        Hands.runs += 1
        self.context = self.app.app_context()
        self.context.push()
        self.floor = companies(self.app, f"x{Hands.runs}")
        set_rule(db.session, self.floor.buyers[0], second_person_above=LIMIT, now=NOW)
        db.session.commit()
        self.now = NOW
        self.rfqs: dict[int, dict[str, Any]] = {}
        self.deals: list[D] = []
        self.agreements: list[A] = []

    def teardown(self) -> None:
        db.session.rollback()
        db.session.remove() if hasattr(db.session, "remove") else db.session.close()
        self.context.pop()

    def who(self, side: str, deal: D, person: int) -> Actor:
        return self.floor.buyers[person] if side == "buyer" else self.floor.sellers[deal.seller]

    def act(self, legal: bool, work: Callable[[], Any]) -> Any:
        """Done exactly if it is legal; a refusal leaves nothing behind."""
        try:
            done = work()
            db.session.commit()
        except DomainError as fault:
            db.session.rollback()
            refusal = fault.message
        else:
            assert legal, "an illegal move went through"
            return done
        assert refusal
        assert not legal, f"refused: {refusal}"
        return None

    @staticmethod
    def pick(things: list[Any], at: int, legal: Callable[[Any], bool]) -> Any:
        """Mostly one for which the move is legal, where there is any: walks that are always refused get nowhere."""
        fitting = [thing for thing in things if legal(thing)] if at % 4 else []
        pool = fitting or things
        return pool[at // 4 % len(pool)]

    def live(self, deal: D) -> bool:
        return deal.state in ("open", "seconding")

    @rule(days=st.sampled_from([0, 0, 0, 1, 1, 2, 9, 31]))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days, seconds=1)

    @precondition(lambda self: sum(r["state"] == "open" for r in self.rfqs.values()) < 3)
    @rule(days=st.integers(1, 30))
    def ask(self, days: int) -> None:
        rfq = open_rfq(
            db.session, self.floor.buyers[0], destinations=[("4420", "London")], minutes_month=SMALL, currency="USD",
            target_rate=None, floors=Quality(), deadline=self.now + timedelta(days=days), now=self.now,
        )  # fmt: skip
        db.session.commit()
        self.rfqs[rfq.id] = {"state": "open", "deadline": rfq.deadline}

    @precondition(lambda self: self.rfqs)
    @rule(at=INDEX, action=st.sampled_from(["close", "withdraw"]))
    def end_request(self, at: int, action: str) -> None:
        rfq_id = self.pick(list(self.rfqs), at, lambda one: self.rfqs[one]["state"] == "open")
        rfq = self.rfqs[rfq_id]
        legal = rfq["state"] == "open"
        self.act(legal, lambda: end_rfq(db.session, self.floor.buyers[0], rfq_id, action, now=self.now))
        if legal:
            rfq["state"] = {"close": "closed", "withdraw": "withdrawn"}[action]
            for deal in self.deals:
                if deal.rfq == rfq_id and self.live(deal):
                    deal.state = "lost"

    @rule(at=INDEX, seller=PERSON, days=st.integers(1, 30), large=st.booleans())
    def offer(self, at: int, seller: int, days: int, large: bool) -> None:
        """A quote on a request, or (every other time) an order of the listing."""
        minutes, valid = LARGE if large else SMALL, self.now + timedelta(days=days)
        product, asked = self.floor.products[seller], terms(minutes=minutes)
        if self.rfqs and at // 512:
            rfq_id = self.pick(list(self.rfqs), at, lambda one: self.rfqs[one]["state"] == "open")
            rfq = self.rfqs[rfq_id]
            same = any(d.rfq == rfq_id and d.seller == seller and self.live(d) for d in self.deals)
            legal = rfq["state"] == "open" and rfq["deadline"] > self.now and not same
            made = self.act(legal, lambda: quote(
                db.session, self.floor.sellers[seller], rfq_id, product_id=product, terms=asked, valid_until=valid, now=self.now
            ))  # fmt: skip
            if legal:
                self.deals.append(D(made.id, seller, rfq_id, "open", "buyer", valid, minutes))
        else:
            legal = not any(d.rfq is None and d.seller == seller and self.live(d) for d in self.deals)
            made = self.act(legal, lambda: order(
                db.session, self.floor.buyers[0], product_id=product, terms=asked, valid_until=valid, now=self.now
            ))  # fmt: skip
            if legal:
                self.deals.append(D(made.id, seller, None, "open", "seller", valid, minutes))

    @precondition(lambda self: self.deals)
    @rule(at=INDEX, side=SIDES, stale=st.booleans(), large=st.booleans())
    def another_offer(self, at: int, side: str, stale: bool, large: bool) -> None:
        deal = self.pick(self.deals, at, lambda d: d.state == "open")
        self.bid(deal, side, deal.round - stale, LARGE if large else SMALL)

    def bid(self, deal: D, side: str, round_: int, minutes: int) -> None:
        valid = self.now + timedelta(days=5)
        legal = deal.state == "open" and deal.valid > self.now and round_ == deal.round
        self.act(legal, lambda: counter(
            db.session, self.who(side, deal, 0), deal.id, round_=round_, terms=terms(minutes=minutes), valid_until=valid, now=self.now
        ))  # fmt: skip
        if legal:
            deal.turn = "seller" if side == "buyer" else "buyer"
            deal.round, deal.valid, deal.minutes = deal.round + 1, valid, minutes

    @precondition(lambda self: self.deals)
    @rule(at=INDEX, side=SIDES, person=PERSON, stale=st.integers(0, 3))
    def agree(self, at: int, side: str, person: int, stale: int) -> None:
        deal = self.pick(self.deals, at, lambda d: self.live(d) and d.turn == side)
        self.answer(deal, side, person, deal.round - (stale == 3))

    def answer(self, deal: D, side: str, person: int, round_: int) -> None:
        who = self.who(side, deal, person)
        legal = self.live(deal) and deal.valid > self.now and round_ == deal.round and side == deal.turn
        legal = legal and not (deal.state == "seconding" and who.user_id == deal.first)
        self.act(legal, lambda: accept(db.session, who, deal.id, round_=round_, now=self.now))
        if not legal:
            return
        if deal.state == "open" and side == "buyer" and deal.minutes == LARGE:
            deal.state, deal.first = "seconding", who.user_id
            return
        deal.state = "agreed"
        found = db.session.scalars(sa.select(Agreement).where(Agreement.deal_id == deal.id)).one()
        self.agreements.append(A(found.id, deal, versions=[self.version(deal.minutes)]))

    def version(self, minutes: int) -> dict[str, Any]:
        return {"state": "proposed", "signed": set(), "first": {}, "at": self.now, "minutes": minutes}

    @precondition(lambda self: self.deals)
    @rule(at=INDEX, side=SIDES, what=st.sampled_from(["decline", "withdraw", "revoke", "notice"]))
    def end_it(self, at: int, side: str, what: str) -> None:
        if what in ("decline", "withdraw"):
            self.refuse(at, side, what)
        elif self.agreements and what == "revoke":
            self.take_back(at, side)
        elif self.agreements:
            self.give_notice(at, side)

    def refuse(self, at: int, side: str, no: str) -> None:
        deal = self.pick(self.deals, at, lambda d: self.live(d))
        legal = self.live(deal) and (side == deal.turn) == (no == "decline")
        verb = decline if no == "decline" else withdraw
        self.act(legal, lambda: verb(db.session, self.who(side, deal, 0), deal.id, now=self.now))
        if legal:
            deal.state = {"decline": "declined", "withdraw": "withdrawn"}[no]

    @precondition(lambda self: self.agreements)
    @rule(at=INDEX)
    def all_put_their_names(self, at: int) -> None:
        for side, person in (("seller", 0), ("buyer", 0), ("buyer", 1)):
            self.put_name(at, side, person)

    @precondition(lambda self: self.agreements)
    @rule(at=INDEX, side=SIDES, person=PERSON)
    def put_name(self, at: int, side: str, person: int) -> None:
        agreement = self.pick(
            self.agreements, at, lambda a: a.waiting() is not None and side not in a.waiting()["signed"]
        )
        self.sign(agreement, side, person)

    def sign(self, agreement: A, side: str, person: int) -> None:
        version, who = agreement.waiting(), self.who(side, agreement.deal, person)
        newest = db.session.scalars(
            sa.select(AgreementVersion)
            .where(AgreementVersion.agreement_id == agreement.id)
            .order_by(AgreementVersion.number.desc())
        ).first()
        assert newest is not None
        legal, initial, ends = False, False, False
        if (
            version is not None
            and side not in version["signed"]
            and version["first"].get(side) != who.user_id
        ):
            two = side == "buyer" and version["minutes"] == LARGE
            initial = two and side not in version["first"]
            ends = not initial and version["state"] == "half"
            rival = any(
                a is not agreement and a.deal.seller == agreement.deal.seller and a.state in ("concluded", "terminated")
                and (a.until is None or a.until > self.now) for a in self.agreements
            )  # fmt: skip
            legal = not (ends and len(agreement.versions) == 1 and rival)
        self.act(legal, lambda: sign(
            db.session, who, agreement.id, sha256=newest.sha256, typed_name="Ann Example", proof="password",
            settings=self.floor.settings, now=self.now,
        ))  # fmt: skip
        if not legal or version is None:
            return
        if initial:
            version["first"][side] = who.user_id
            return
        version["signed"].add(side)
        version["state"] = "signed" if ends else "half"
        if ends:
            agreement.state = "concluded"

    def take_back(self, at: int, side: str) -> None:
        agreement = self.pick(self.agreements, at, lambda a: a.waiting() is not None)
        version = agreement.waiting()
        self.act(
            version is not None,
            lambda: revoke(db.session, self.who(side, agreement.deal, 0), agreement.id, now=self.now),
        )
        if version is not None:
            version["state"] = "revoked"
            if len(agreement.versions) == 1:
                agreement.state = "revoked"

    @precondition(lambda self: self.deals)
    @rule(at=INDEX, large=st.booleans())
    def one_further(self, at: int, large: bool) -> None:
        """What is under way takes the step that leads on: walks without it seldom get as far as an amendment."""
        under_way = [d for d in self.deals if self.live(d) and d.valid > self.now]
        waiting = [a for a in self.agreements if a.waiting() is not None]
        if under_way and at % 2:
            deal = under_way[at // 2 % len(under_way)]
            if deal.state == "open" and large and deal.turn == "seller":
                self.bid(deal, "seller", deal.round, LARGE)
            else:
                other = deal.state == "seconding" and deal.first == self.floor.buyers[0].user_id
                self.answer(deal, deal.turn, int(other), deal.round)
        elif waiting:
            agreement = waiting[at // 2 % len(waiting)]
            for side, person in (("seller", 0), ("buyer", 0), ("buyer", 1)):
                self.sign(agreement, side, person)
        elif self.agreements:
            self.propose_change(self.pick(self.agreements, 1, lambda a: a.state == "concluded"), "seller")

    @precondition(lambda self: self.agreements)
    @rule(at=INDEX, side=SIDES)
    def change(self, at: int, side: str) -> None:
        self.propose_change(self.pick(self.agreements, at, lambda a: a.state == "concluded"), side)

    def propose_change(self, agreement: A, side: str) -> None:
        legal = agreement.state == "concluded" and agreement.waiting() is None
        self.act(legal, lambda: amend(
            db.session, self.who(side, agreement.deal, 0), agreement.id, terms=terms("0.0021"), effective_from=None, reason="x",
            now=self.now,
        ))  # fmt: skip
        if legal:
            agreement.versions.append(self.version(SMALL))

    def give_notice(self, at: int, side: str) -> None:
        agreement = self.pick(self.agreements, at, lambda a: a.state == "concluded")
        legal = agreement.state == "concluded"
        done = self.act(legal, lambda: terminate(
            db.session, self.who(side, agreement.deal, 0), agreement.id, at=None, reason="done", now=self.now
        ))  # fmt: skip
        if legal:
            agreement.state, agreement.until = "terminated", done.effective_until
            waiting = agreement.waiting()
            if waiting is not None:
                waiting["state"] = "lapsed"
            assert agreement.until == self.now + timedelta(days=30)

    @precondition(lambda self: self.deals)
    @rule(at=INDEX)
    def a_stranger_finds_nothing(self, at: int) -> None:
        deal = self.deals[at % len(self.deals)]
        stranger = self.floor.sellers[1 - deal.seller]
        self.act(False, lambda: accept(db.session, stranger, deal.id, round_=deal.round, now=self.now))

    @rule()
    def time_passes(self) -> None:
        follow(db.session, now=self.now)
        db.session.commit()
        for rfq_id, rfq in self.rfqs.items():
            if rfq["state"] == "open" and rfq["deadline"] <= self.now:
                rfq["state"] = "expired"
                for deal in self.deals:
                    if deal.rfq == rfq_id and self.live(deal):
                        deal.state = "expired"
        for deal in self.deals:
            if self.live(deal) and deal.valid <= self.now:
                deal.state = "expired"
        for agreement in self.agreements:
            version = agreement.waiting()
            if version is not None and version["at"] <= self.now - timedelta(days=30):
                version["state"] = "lapsed"
                if len(agreement.versions) == 1:
                    agreement.state = "revoked"

    @invariant()
    def everything_is_where_it_must_be(self) -> None:
        """All that the buyer has, not only what this walk knows of: nothing is missing, nothing is there besides."""
        Hands.steps += 1
        buyer = self.floor.buyers[0].company_id
        assert dict(kept(Rfq.id, Rfq.state, of=Rfq.buyer_id == buyer)) == {
            rfq_id: rfq["state"] for rfq_id, rfq in self.rfqs.items()
        }
        deals = kept(Deal.id, Deal.state, Deal.round, Deal.turn, of=Deal.buyer_id == buyer)
        assert [(d.id, d.state, d.round, d.turn) for d in self.deals] == [
            (row.id, row.state, row.round, row.turn if self.live(mine) else mine.turn)
            for row, mine in zip(deals, self.deals, strict=True)
        ]
        assert dict(kept(Agreement.id, Agreement.state, of=Agreement.buyer_id == buyer)) == {
            a.id: a.state for a in self.agreements
        }
        versions = db.session.execute(
            sa.select(AgreementVersion.agreement_id, AgreementVersion.state)
            .join(Agreement)
            .where(Agreement.buyer_id == buyer)
            .order_by(AgreementVersion.agreement_id, AgreementVersion.number)
        ).all()
        assert [tuple(row) for row in versions] == [
            (a.id, v["state"]) for a in self.agreements for v in a.versions
        ]
        granted = sa.select(Purchase.agreement_id).where(
            Purchase.buyer_id == buyer, Purchase.state == "accepted"
        )
        assert set(db.session.scalars(granted)) == {
            a.id for a in self.agreements if a.state == "concluded"
        }, "routes differ from what is signed"

    def check_the_books(self) -> None:
        """First: the walk went everywhere."""
        rows = db.session.execute(sa.select(DealStep.subject, DealStep.action).distinct())
        taken = {(row.subject, row.action) for row in rows}
        ways = {(name, move.action) for name, moves in MACHINES.items() for move in moves} - TRIALS
        assert ways - taken == set(), "steps that the walk never took"
        self.check_steps()

    def check_steps(self) -> None:
        """Every state is reached by steps without a gap, and each step stands in the audit, in this order."""
        events: dict[tuple[str, str], list[str]] = {}
        for event in db.session.execute(
            sa.select(AuditEvent.object_type, AuditEvent.object_id, AuditEvent.action).order_by(AuditEvent.id)
        ):
            events.setdefault((event.object_type, event.object_id), []).append(event.action)
        steps: dict[tuple[str, int], list[Any]] = {}
        for step in db.session.execute(
            sa.select(DealStep.subject, DealStep.subject_id, DealStep.revision, DealStep.action, DealStep.from_state,
                      DealStep.to_state).order_by(DealStep.revision)
        ):  # fmt: skip
            steps.setdefault((step.subject, step.subject_id), []).append(step)
        for kind in (Rfq, Deal, Agreement, AgreementVersion):
            name = str(kind.__tablename__)
            assert kind.__tablename__ in STATES
            for subject in db.session.execute(sa.select(kind.id, kind.state, kind.revision)):
                own = steps.pop((name, subject.id))
                assert [s.revision for s in own] == list(range(subject.revision + 1))
                assert all(a.to_state == b.from_state for a, b in itertools.pairwise(own))
                assert own[-1].to_state == subject.state
                assert subject.state in STATES[name]
                assert events[name, str(subject.id)] == [f"{name}.{s.action}" for s in own]
        assert not steps, "steps of nothing"


# Two and a half minutes; `make walk-deals` with another number walks further or less far.
STEPS = int(os.environ.get("TANDEM_DEAL_STEPS", "20000"))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_twenty_thousand_steps_leave_no_illegal_state_no_lost_offer_and_a_whole_audit(tmp_path: Path) -> None:
    """Every legal move is among the steps, and so are many thousands of illegal ones, each refused."""
    Hands.app = make_floor(tmp_path).app
    chosen = settings(
        max_examples=-(-STEPS * 25 // 4000), stateful_step_count=200, deadline=None, derandomize=True, database=None,
        phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    Hands.steps = 0
    run_state_machine_as_test(Hands, settings=chosen)
    assert Hands.steps >= STEPS
    with Hands.app.app_context():
        Hands.check_the_books(Hands.__new__(Hands))
        assert verify_chain(db.session) == []
        db.engine.dispose()
