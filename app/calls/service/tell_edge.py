"""What the edge is told of tests: tickets, what companies may still spend, our own numbers, trunks to look after."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.calls.limits import cap_of, day_ends, day_of, spend_of
from app.calls.models import OwnNumber, SpendDay, TestCall, TestSchedule, TestTicket
from app.calls.passwords import login_of
from app.carriers.models import Company, CustomerTrunk, Product, VendorTrunk
from app.clock import to_micros
from app.config import Settings

TELL = "calls.tell"
TESTED_LATELY = timedelta(days=7)
HEALTH_EVERY_S = 60
HEALTH_MAX = 500
COMPANY_CALLS, COMPANY_SECONDS = 100_000, 10_000_000
"""Only money limits a company's day; these two are far away."""


def lists_for(session: Session, settings: Settings, now: datetime) -> dict[str, Any]:
    """The whole document of POST /v1/control/sip (docs/test-calls.md); what is left out there stays, so nothing is left out."""
    tickets = _tickets(session, settings, now)
    holders = {one["company_id"] for one in tickets} | set(
        session.scalars(sa.select(SpendDay.company_id).where(SpendDay.day == day_of(now)))
    )
    return {
        "tickets": tickets,
        "companies": [_company(session, settings, company_id, now) for company_id in sorted(holders)],
        "own_numbers": _numbers(session),
        "health": _health(session, now),
    }


def digest(lists: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(lists, sort_keys=True).encode()).hexdigest()[:32]


def _tickets(session: Session, settings: Settings, now: datetime) -> list[dict[str, Any]]:
    rows = session.scalars(
        sa.select(TestTicket)
        .join(CustomerTrunk, CustomerTrunk.id == TestTicket.trunk_id)
        .join(Company, Company.id == TestTicket.company_id)
        .join(Product, Product.id == TestTicket.product_id)
        .where(
            TestTicket.revoked_at.is_(None), TestTicket.expires_at > now, CustomerTrunk.enabled, Company.status == "active",
            Product.enabled,
        )
        .order_by(TestTicket.id)
    )  # fmt: skip
    return [
        {
            "ticket_id": row.id, "code": row.code, "company_id": row.company_id, "trunk_id": row.trunk_id,
            "offer_id": row.product_id, "codes": list(row.codes), "from_us": to_micros(row.starts_at),
            "until_us": to_micros(row.expires_at), "max_calls": row.max_calls, "max_concurrent": row.max_concurrent,
            "max_seconds": row.max_seconds, "total_seconds": row.total_seconds, "max_rate_nanos": _nanos(row.max_rate),
            "spend_nanos": _nanos(row.spend), "record": True, "pcap": True,
            **_login(settings, row),
        }
        for row in rows
    ]  # fmt: skip


def _login(settings: Settings, ticket: TestTicket) -> dict[str, Any]:
    login = login_of(settings, ticket)
    return {} if login is None else asdict(login)


def _company(session: Session, settings: Settings, company_id: int, now: datetime) -> dict[str, Any]:
    """What is left of its day. Calls that still wait here are not taken off: the edge counts them when they come."""
    row = spend_of(session, company_id, day_of(now))
    waiting = session.scalar(
        sa.select(sa.func.coalesce(sa.func.sum(TestCall.reserved), Decimal(0))).where(
            TestCall.company_id == company_id, TestCall.day == day_of(now), TestCall.state == "queued"
        )
    )
    left = cap_of(session, settings, company_id) - row.spent - row.reserved + Decimal(waiting or 0)
    return {
        "company_id": company_id, "until_us": to_micros(day_ends(now)), "calls": COMPANY_CALLS, "seconds": COMPANY_SECONDS,
        "spend_nanos": _nanos(max(left, Decimal(0))),
    }  # fmt: skip


def _numbers(session: Session) -> list[dict[str, Any]]:
    rows = session.scalars(sa.select(OwnNumber).where(OwnNumber.enabled).order_by(OwnNumber.number))
    return [
        {
            "number": row.number, "country": row.country, "national_prefix": row.national_prefix,
            "international_prefix": row.international_prefix, "ring_ms": row.ring_ms, "talk_seconds": row.talk_seconds,
        }
        for row in rows
    ]  # fmt: skip


def _health(session: Session, now: datetime) -> list[dict[str, Any]]:
    """Trunks of products under test: of tickets, schedules, and tested in the last week."""
    wanted = set(
        session.scalars(
            sa.select(TestTicket.product_id).where(
                TestTicket.revoked_at.is_(None), TestTicket.expires_at > now
            )
        )
    )
    wanted |= set(
        session.scalars(
            sa.select(TestCall.product_id).where(TestCall.created_at > now - TESTED_LATELY).distinct()
        )
    )
    for product_ids in session.scalars(sa.select(TestSchedule.product_ids).where(TestSchedule.enabled)):
        wanted |= set(product_ids)
    reachable = session.scalars(
        sa.select(Product.id)
        .join(VendorTrunk, VendorTrunk.id == Product.vendor_trunk_id)
        .where(Product.id.in_(wanted - {None}), Product.enabled, VendorTrunk.enabled)
        .order_by(Product.id)
        .limit(HEALTH_MAX)
    )
    return [{"offer_id": product_id, "every_s": HEALTH_EVERY_S} for product_id in reachable]


def _nanos(amount: Decimal | None) -> int | None:
    return None if amount is None else int(amount.scaleb(9))
