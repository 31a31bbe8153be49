"""The months of an agreement, and one of them as statement: read anew while records may still come, as kept once closed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.billing.calls import above, measured, spans, usage
from app.billing.peered import peered
from app.billing.statement import Statement, read_statement, statement
from app.deals.models import Agreement, AgreementMonth
from app.deals.queries import version_at
from app.deals.terms import read_terms
from app.errors import NotFound

A_MOMENT = timedelta(microseconds=1)


def months_of(agreement: Agreement, now: datetime) -> list[date]:
    """First days of the calendar months (UTC) in which it was in force until `now`, the newest first."""
    begun = agreement.effective_from
    if begun is None or now < begun:
        return []
    end = min(now, (agreement.effective_until or now) - A_MOMENT)
    found, month = [], begun.date().replace(day=1)
    while month <= end.date():
        found.append(month)
        month = next_month(month)
    return found[::-1]


def month_of(session: Session, agreement: Agreement, month: date, now: datetime) -> Statement:
    """What was kept when the month was closed, else as it stands `now`. Raises NotFound for a month it was not in force in."""
    if month not in months_of(agreement, now):
        raise NotFound("The agreement was not in force in that month.")
    kept = session.scalar(
        sa.select(AgreementMonth.statement).where(
            AgreementMonth.agreement_id == agreement.id, AgreementMonth.month == month
        )
    )
    return read_statement(kept) if kept is not None else draw_up(session, agreement, month, now)


def draw_up(session: Session, agreement: Agreement, month: date, now: datetime) -> Statement:
    """Out of the call records there are. The terms are those of the version in force at the month's last instant."""
    begun = agreement.effective_from
    first, last = midnight(month), midnight(next_month(month))
    if begun is None:
        raise NotFound("The agreement was not in force in that month.")
    start, end = max(first, begun), min(last, agreement.effective_until or last)
    version = version_at(session, agreement.id, min(end - A_MOMENT, now))
    if version is None:
        raise NotFound("The agreement was not in force in that month.")
    terms = read_terms(version.terms)
    boundaries = [tier.from_minutes * 60 for tier in terms.volume.tiers]
    if terms.volume.tier_kind == "retroactive":
        boundaries = []
    sent = usage(session, agreement, start, end)
    return statement(
        terms, month=month, number=(month.year - begun.year) * 12 + month.month - begun.month + 1,
        share=Fraction((end - start) // A_MOMENT, (last - first) // A_MOMENT), closed=end <= now,
        usage=sent, peered=peered(session, agreement, terms.peering, sent, start, end),
        above=above(session, agreement, start, end, boundaries),
        measured=measured(session, agreement, start, end), up=spans(session, agreement, start, min(end, max(now, start))),
    )  # fmt: skip


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def next_month(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)
