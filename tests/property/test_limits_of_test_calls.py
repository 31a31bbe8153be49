"""Whatever companies order, cancel and end, in whatever order: no cap is passed, and every nano is found again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from apiflask import APIFlask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.calls.limits import CapReached, reserve, settle, spend_of
from app.calls.models import SpendCap
from app.calls.price import cost_of, to_base
from app.carriers.models import Company
from app.config import Settings
from app.db import db
from tests.factories.app import make_app, make_company

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NANO = Decimal("1e-9")
amounts = st.integers(0, 3 * 10**9).map(lambda nanos: Decimal(nanos).scaleb(-9))
# order an amount · end the n-th running call at a share of what was set aside · cancel it
acts = st.lists(
    st.one_of(
        st.tuples(st.just("order"), amounts),
        st.tuples(st.just("end"), st.tuples(st.integers(0, 9), st.integers(0, 100))),
        st.tuples(st.just("cancel"), st.integers(0, 9)),
    ),
    max_size=25,
)


@dataclass
class Ledger:
    """What should stand there."""

    running: list[Decimal] = field(default_factory=list)
    spent: Decimal = Decimal(0)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[APIFlask]:
    made = make_app(tmp_path_factory.mktemp("limits"))
    with made.app_context():
        make_company(db.session, "Acme")
        yield made
        db.session.close()
        db.engine.dispose()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=acts, cap=amounts)
def test_the_cap_of_a_day_is_never_passed_and_money_is_exact(
    app: APIFlask, acts: list[tuple[str, object]], cap: Decimal
) -> None:
    config, session, ledger = Settings(), db.session, Ledger()
    company = session.query(Company).one()
    session.add(SpendCap(company_id=company.id, day_cap=cap, created_at=NOW))
    try:
        for act, value in acts:
            if act == "order":
                assert isinstance(value, Decimal)
                before = ledger.spent + sum(ledger.running)
                try:
                    reserve(session, config, company.id, value, now=NOW)
                except CapReached:
                    assert before + value > cap
                else:
                    assert before + value <= cap
                    ledger.running.append(value)
            elif ledger.running:
                place, share = value if isinstance(value, tuple) else (value, 0)
                assert isinstance(place, int)
                held = ledger.running.pop(place % len(ledger.running))
                cost = (held * share / 100).quantize(NANO)
                settle(session, company.id, NOW.date(), reserved=held, cost=cost)
                ledger.spent += cost
            row = spend_of(session, company.id, NOW.date())
            session.refresh(row) if row.id else None
            assert (row.reserved, row.spent) == (sum(ledger.running, Decimal(0)), ledger.spent)
            assert row.reserved + row.spent <= cap
    finally:
        session.rollback()


@given(
    rate=st.integers(0, 10**9),
    first=st.sampled_from([1, 6, 30, 60]),
    step=st.sampled_from([1, 6, 60]),
    ms=st.integers(0, 200_000),
    fx=st.integers(10**6, 10**11),
)
def test_what_a_call_costs_is_never_above_what_was_set_aside_for_its_length(
    rate: int, first: int, step: int, ms: int, fx: int
) -> None:
    terms = {
        "rate_nanos": rate, "first_rate_nanos": rate, "connect_fee_nanos": 7, "initial_increment": first,
        "next_increment": step, "free_seconds": 0,
    }  # fmt: skip
    text = f"{Decimal(fx).scaleb(-9):f}"
    longest = -(-ms // 1000) * 1000
    assert cost_of(terms, ms) <= cost_of(terms, longest)
    assert to_base(cost_of(terms, ms), text) <= to_base(cost_of(terms, longest), text, up=True)
