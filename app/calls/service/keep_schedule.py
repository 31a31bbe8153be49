"""The same test again and again: keep, switch, remove a schedule, and order what is due."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.calls.models import TestSchedule
from app.calls.price import check_dear, quote
from app.calls.products import testable_product
from app.calls.queries import schedule_of
from app.calls.service.order_calls import SIDE_BY_SIDE, Wanted, order_calls, read_number
from app.carriers.models import Company
from app.config import Settings
from app.errors import DomainError, Invalid
from app.security.actor import Actor, actor_of_user, system_actor
from app.security.models import User

SHORTEST, LONGEST = 5, 7 * 24 * 60
SCHEDULES_MAX = 50


@dataclass(frozen=True)
class Plan:
    """`every_minutes` from `starts_at` (None: now) on, until `until` (None: for good)."""

    wanted: Wanted
    every_minutes: int
    starts_at: datetime | None = None
    until: datetime | None = None


RINGS_S = Wanted.ring_seconds


def keep_schedule(
    session: Session, settings: Settings, who: Actor, plan: Plan, *, now: datetime
) -> TestSchedule:
    """Checked as an order is, so that nothing is kept that could never be called. Raises as order_calls does."""
    wanted = plan.wanted
    if not SHORTEST <= plan.every_minutes <= LONGEST:
        raise Invalid(f"Every {SHORTEST} minutes at most, once a week at least.", field="every_minutes")
    if plan.until is not None and plan.until <= now:
        raise Invalid("The schedule must end after now.", field="until")
    ids = list(dict.fromkeys(wanted.product_ids))
    if not 1 <= len(ids) <= SIDE_BY_SIDE:
        raise Invalid(f"Choose 1 to {SIDE_BY_SIDE} products.", field="products")
    if not 1 <= wanted.seconds <= settings.calls.max_seconds:
        raise Invalid(f"A test call talks for 1 to {settings.calls.max_seconds} seconds.", field="seconds")
    if wanted.keys.strip() or wanted.withhold or wanted.ring_seconds != RINGS_S:
        raise Invalid(
            f"Calls of a schedule ring for {RINGS_S} seconds, press no keys and show the caller's number.",
            hint="Order a call with such wishes by itself.", field="every_minutes",
        )  # fmt: skip
    number = read_number(wanted.number, "Number")
    caller = read_number(wanted.caller, "Caller") if wanted.caller.strip() else ""
    for product_id in ids:
        testable_product(session, who, product_id)
        check_dear(
            session, settings, who.company_id, quote(session, settings, product_id, number, now=now), now=now
        )
    kept = session.scalar(
        sa.select(sa.func.count()).select_from(TestSchedule).where(TestSchedule.company_id == who.company_id)
    )
    if (kept or 0) >= SCHEDULES_MAX:
        raise Invalid(f"At most {SCHEDULES_MAX} schedules a company.", hint="Remove one first.")
    row = TestSchedule(
        company_id=who.company_id, product_ids=ids, number=number, caller=caller, seconds=wanted.seconds,
        every_minutes=plan.every_minutes, next_at=max(plan.starts_at or now, now), until=plan.until, enabled=True,
        created_by=who.user_id, created_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    after = {"product_ids": ids, "number": number, "every_minutes": row.every_minutes, "until": row.until}
    record(session, who, action="test_schedule.keep", obj=row, after=after, now=now)
    return row


def switch_schedule(
    session: Session, who: Actor, schedule_id: int, *, enabled: bool, now: datetime
) -> TestSchedule:
    """Switched on again it begins now. Raises NotFound."""
    row = schedule_of(session, who, schedule_id)
    if row.enabled != enabled:
        record(
            session, who, action="test_schedule.switch", obj=row, before={"enabled": row.enabled}, after={"enabled": enabled}, now=now
        )  # fmt: skip
        row.enabled, row.last_fault = enabled, ""
        row.next_at = max(row.next_at, now)
        session.flush()
    return row


def remove_schedule(session: Session, who: Actor, schedule_id: int, *, now: datetime) -> None:
    """Its calls stay. Raises NotFound."""
    row = schedule_of(session, who, schedule_id)
    record(session, who, action="test_schedule.remove", obj=row, before={"number": row.number}, now=now)
    session.delete(row)
    session.flush()


def due_schedules(session: Session, now: datetime) -> list[int]:
    wanted = sa.select(TestSchedule.id).where(TestSchedule.enabled, TestSchedule.next_at <= now)
    return list(session.scalars(wanted.order_by(TestSchedule.next_at, TestSchedule.id).limit(100)))


def run_schedule(session: Session, settings: Settings, schedule_id: int, *, now: datetime) -> str:
    """Order once and move on; a fault is written on the schedule, not raised. The batch ordered, "" where none was.

    In one transaction with `next_at`: run again after a kill it orders nothing twice. The caller commits."""
    row = session.get(TestSchedule, schedule_id, populate_existing=True)
    if row is None or not row.enabled or row.next_at > now:
        return ""
    missed = (now - row.next_at) // timedelta(minutes=row.every_minutes)
    row.next_at += timedelta(minutes=row.every_minutes) * (missed + 1)
    if row.until is not None and now >= row.until:
        row.enabled = False
        return ""
    wanted = Wanted(row.number, tuple(row.product_ids), caller=row.caller, seconds=row.seconds)
    try:
        with session.begin_nested():
            calls = order_calls(
                session, settings, _orderer(session, row), wanted, now=now, schedule_id=row.id
            )
    except DomainError as fault:
        row.last_fault = fault.message[:300]
        return ""
    row.runs, row.last_batch, row.last_fault = row.runs + 1, calls[0].batch, ""
    session.flush()
    return row.last_batch


def _orderer(session: Session, row: TestSchedule) -> Actor:
    """Whoever made the schedule, while they may still order; raises DomainError else."""
    company = session.get_one(Company, row.company_id)
    if company.status != "active":
        raise Invalid(f"{company.name} may not order test calls at present.")
    person = session.get(User, row.created_by) if row.created_by is not None else None
    found = actor_of_user(session, person, None) if person is not None else None
    if person is not None and (found is None or not found.may("test:order")):
        raise Invalid("Whoever made this schedule may not order test calls any more.")
    if found is None:
        return replace(system_actor(row.company_id, "schedule"), is_operator=company.is_operator)
    return replace(found, email=f"schedule of {found.email}")
