"""Orders of test calls: what may be called, what it may cost, and that no limit is passed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from app.audit.models import AuditEvent
from app.calls import edge
from app.calls.limits import CapReached, TooManyCalls, day_of, left_of, spend_of
from app.calls.models import OwnNumber, TestCall, TestSchedule
from app.calls.price import NotCallable, quote, to_base
from app.calls.service.cancel_call import cancel_call
from app.calls.service.keep_schedule import Plan, due_schedules, keep_schedule, run_schedule
from app.calls.service.order_calls import Wanted, order_calls
from app.calls.service.place_call import PATIENCE, place_call, words_of
from app.calls.service.set_limits import close_code, open_code, set_cap
from app.clock import utc_now
from app.config import Calls
from app.db import db
from app.errors import Conflict, Invalid, NotFound
from app.routing.edge_control import EdgeUnreachable
from tests.unit.app_calls.world import BUYER, NUMBER, OPERATOR, SELLER, World, make_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path)
    with made.exchange.app.app_context():
        yield made
        db.session.close()
        db.engine.dispose()


def test_a_call_is_quoted_at_the_longest_code_and_the_most_it_may_cost_is_set_aside(world: World) -> None:
    now, who = utc_now(), world.actor(BUYER)
    (call,) = order_calls(
        db.session, world.settings, who, Wanted("+44 20 7946 0123", [world.product]), now=now
    )
    db.session.commit()
    assert (call.number, call.code, call.destination, call.currency) == (
        NUMBER,
        "4420",
        "United Kingdom London",
        "USD",
    )
    # 15 s and what may come on top are one increment of 60 s at 0.06 a minute
    assert call.reserved == Decimal("0.06")
    row = spend_of(db.session, who.company_id, day_of(now))
    assert (row.reserved, row.spent, row.calls) == (Decimal("0.06"), Decimal(0), 1)
    assert left_of(db.session, world.settings, who.company_id, now) == Decimal("4.94")
    assert db.session.scalar(sa.select(AuditEvent.action).order_by(AuditEvent.id.desc())) == "test_call.order"


def test_what_cannot_be_called_is_said_before_anything_is_ordered(world: World) -> None:
    now, who = utc_now(), world.actor(BUYER)

    def order(number: str, products: list[int] | None = None, **more: object) -> list[TestCall]:
        ids = [world.product] if products is None else products
        return order_calls(db.session, world.settings, who, Wanted(number, ids, **more), now=now)  # type: ignore[arg-type]

    with pytest.raises(Invalid, match="not an international number"):
        order("020 7946 0123")
    with pytest.raises(NotCallable, match="no price"):
        order("33199001234")
    with pytest.raises(NotCallable, match="closed"):
        order("881612345678")
    with pytest.raises(NotCallable, match="closed to test calls"):
        order("254712345678")  # 0.90 a minute is dear
    with pytest.raises(NotFound):
        order(NUMBER, [world.product + 999])
    with pytest.raises(Invalid, match="1 to 120 seconds"):
        order(NUMBER, seconds=121)
    with pytest.raises(Invalid, match="Keys"):
        order(NUMBER, keys="12x")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(TestCall)) == 0


def test_a_dear_destination_is_opened_by_the_operator_for_a_while_and_closed_again(world: World) -> None:
    now, who, boss = utc_now(), world.actor(BUYER), world.actor(OPERATOR)
    opened = open_code(
        db.session, boss, who.company_id, "254", until=now + timedelta(days=1), reason="NOC asked", now=now
    )
    wanted = Wanted("254712345678", [world.product])
    assert order_calls(db.session, world.settings, who, wanted, now=now)[0].reserved == Decimal("0.9")
    with pytest.raises(NotCallable):
        order_calls(db.session, world.settings, who, wanted, now=now + timedelta(days=1))
    close_code(db.session, boss, opened.id, now=now)
    with pytest.raises(NotCallable):
        order_calls(db.session, world.settings, who, wanted, now=now)


def test_the_cap_of_a_day_holds_to_the_last_nano_and_begins_anew_at_midnight(world: World) -> None:
    now, who = utc_now(), world.actor(BUYER)
    set_cap(db.session, world.actor(OPERATOR), who.company_id, Decimal("0.12"), now=now)
    wanted = Wanted(NUMBER, [world.product])
    order_calls(db.session, world.settings, who, wanted, now=now)
    order_calls(db.session, world.settings, who, wanted, now=now)
    with pytest.raises(CapReached, match=r"0\.06 USD; of today's 0\.12 USD for test calls 0 USD are left"):
        order_calls(db.session, world.settings, who, wanted, now=now)
    assert order_calls(db.session, world.settings, who, wanted, now=now + timedelta(days=1))
    set_cap(db.session, world.actor(OPERATOR), who.company_id, None, now=now)
    assert left_of(db.session, world.settings, who.company_id, now) == Decimal("4.88")


def test_only_so_many_calls_of_a_company_are_under_way_at_once(world: World) -> None:
    settings = msgspec.structs.replace(world.settings, calls=Calls(max_at_once=1))
    who = world.actor(BUYER)
    order_calls(db.session, settings, who, Wanted(NUMBER, [world.product]), now=utc_now())
    with pytest.raises(TooManyCalls):
        order_calls(db.session, settings, who, Wanted(NUMBER, [world.product]), now=utc_now())


def test_a_cancelled_call_gives_back_what_was_set_aside_once(world: World) -> None:
    now, who = utc_now(), world.actor(BUYER)
    (call,) = order_calls(db.session, world.settings, who, Wanted(NUMBER, [world.product]), now=now)
    assert cancel_call(db.session, who, call.id, now=now).state == "cancelled"
    assert spend_of(db.session, who.company_id, day_of(now)).reserved == 0
    with pytest.raises(Conflict):
        cancel_call(db.session, who, call.id, now=now)
    with pytest.raises(NotFound):
        cancel_call(db.session, world.actor(SELLER), call.id, now=now)


def test_a_call_waits_for_an_edge_that_is_away_and_fails_when_it_stays_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, who = utc_now(), world.actor(BUYER)
    (call,) = order_calls(db.session, world.settings, who, Wanted(NUMBER, [world.product]), now=now)
    db.session.commit()

    def away(*_: object) -> dict[str, object]:
        raise EdgeUnreachable("nobody there")

    monkeypatch.setattr(edge, "order", away)
    assert place_call(db.session, world.settings, call.id, now=now) == "queued"
    assert call.why == "nobody there"
    assert place_call(db.session, world.settings, call.id, now=now + PATIENCE) == "failed"
    assert spend_of(db.session, who.company_id, day_of(now)).reserved == 0


def test_a_refusal_of_the_edge_is_told_and_costs_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, who = utc_now(), world.actor(BUYER)
    (call,) = order_calls(
        db.session, world.settings, who, Wanted(NUMBER, [world.product], caller="441632960001"), now=now
    )
    db.session.commit()

    def refuse(_settings: object, words: dict[str, object]) -> dict[str, object]:
        assert words == words_of(call)
        assert words["from"] == "441632960001"
        raise edge.EdgeRefused("offer_without_address", "the product has no address", 409, 5)

    monkeypatch.setattr(edge, "order", refuse)
    assert place_call(db.session, world.settings, call.id, now=now) == "refused"
    db.session.refresh(call)
    assert (call.state, call.why) == ("refused", "the product has no address")
    assert spend_of(db.session, who.company_id, day_of(now)).reserved == 0


def test_our_own_number_waits_for_one_call_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.own_number()
    now, who = utc_now(), world.actor(BUYER)
    calls = [
        order_calls(db.session, world.settings, who, Wanted(NUMBER, [world.product]), now=now)[0]
        for _ in range(2)
    ]
    db.session.commit()
    assert all(call.own for call in calls)
    monkeypatch.setattr(edge, "order", lambda *_: {"state": "accepted", "far_end": True})
    assert [place_call(db.session, world.settings, call.id, now=now) for call in calls] == [
        "placed",
        "queued",
    ]
    assert db.session.scalars(sa.select(OwnNumber.busy_ref)).one() == calls[0].ref
    late = now + timedelta(minutes=5)  # what never ended is not waited for beyond its longest time
    assert place_call(db.session, world.settings, calls[1].id, now=late) == "placed"


def test_a_schedule_orders_once_a_time_and_says_why_it_could_not(world: World) -> None:
    now, who = utc_now(), world.actor(BUYER)
    plan = Plan(Wanted(NUMBER, [world.product]), 30)
    with pytest.raises(Invalid, match="Every 5 minutes"):
        keep_schedule(db.session, world.settings, who, Plan(plan.wanted, 4), now=now)
    row = keep_schedule(db.session, world.settings, who, plan, now=now)
    db.session.commit()
    assert due_schedules(db.session, now) == [row.id]
    first = run_schedule(db.session, world.settings, row.id, now=now)
    db.session.commit()
    assert first == row.last_batch != ""
    assert run_schedule(db.session, world.settings, row.id, now=now) == ""
    assert row.next_at == now + timedelta(minutes=30)
    # A worker that was away for two hours orders one test, not four.
    assert run_schedule(db.session, world.settings, row.id, now=now + timedelta(minutes=125))
    assert (row.runs, row.next_at) == (2, now + timedelta(minutes=150))
    set_cap(db.session, world.actor(OPERATOR), who.company_id, Decimal(0), now=now)
    assert run_schedule(db.session, world.settings, row.id, now=now + timedelta(minutes=150)) == ""
    assert "This call may cost" in db.session.get_one(TestSchedule, row.id).last_fault


def test_amounts_in_the_base_currency_are_exact_and_bounds_are_rounded_up(world: World) -> None:
    assert to_base(Decimal("0.000000001"), "1.0795") == Decimal("0.000000001")
    assert to_base(Decimal("0.000000001"), "1.0795", up=True) == Decimal("0.000000002")
    found = quote(db.session, world.settings, world.product, "447700900123", now=utc_now())
    assert (found.code, found.cost(8_001), found.most(15)) == (
        "44",
        Decimal("0.0006"),
        Decimal("0.001133333"),
    )
