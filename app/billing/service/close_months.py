"""When a month is over and its call records had time to come: its statement is kept, and both sides are told how it went."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.billing.peered import Peered
from app.billing.queries import draw_up, midnight, months_of, next_month
from app.billing.statement import Statement, in_currency
from app.deals.models import Agreement, AgreementMonth
from app.deals.queries import missed_in_a_row
from app.hooks.service.tell import tell
from app.security.actor import system_actor

AFTER = timedelta(days=3)
"""Call records of a month's last hours are imported within these days; later ones change no kept month."""


def close_months(session: Session, *, now: datetime) -> int:
    """How many were kept. Run again it keeps nothing twice. The caller commits."""
    found = due_months(session, now)
    for agreement, month in found:
        _keep(session, agreement, draw_up(session, agreement, month, now), now)
    return len(found)


def due_months(session: Session, now: datetime) -> list[tuple[Agreement, date]]:
    """Months that are over since AFTER, or whose agreement is, and are not kept yet; of each agreement the oldest first."""
    at = now - AFTER
    kept = {
        tuple(row) for row in session.execute(sa.select(AgreementMonth.agreement_id, AgreementMonth.month))
    }
    begun = sa.select(Agreement).where(Agreement.effective_from < at).order_by(Agreement.id)
    found = []
    for agreement in session.scalars(begun):
        ended = agreement.effective_until is not None and agreement.effective_until <= at
        found += [
            (agreement, month)
            for month in reversed(months_of(agreement, at))
            if (ended or midnight(next_month(month)) <= at) and (agreement.id, month) not in kept
        ]
    return found


def _keep(session: Session, agreement: Agreement, found: Statement, now: datetime) -> None:
    row = AgreementMonth(
        agreement_id=agreement.id, month=found.month, verdict=found.verdict, statement=found.document(), created_at=now
    )  # fmt: skip
    session.add(row)
    session.flush()
    record(
        session, system_actor(agreement.buyer_id, "exchange"), action="agreement_month.close", obj=row,
        after={"agreement_id": agreement.id, "month": found.month.isoformat(), "verdict": found.verdict,
               "total": in_currency(found.total_nanos), "currency": found.currency}, now=now,
    )  # fmt: skip
    text = f"Agreement {agreement.id}, {found.month:%Y-%m}: {found.minutes:,} minutes, {in_currency(found.total_nanos)} {found.currency}"
    if found.peered is not None:
        text += _ratio(found.peered, found.currency)
    if found.verdict == "missed":
        places = sorted({promise.destination for promise in found.promises if promise.verdict == "missed"})
        text += f"; promised quality missed to {', '.join(places[:3])}"
        if missed_in_a_row(session, agreement.id) >= 3:
            text += "; the third month in a row"
    for company_id in (agreement.buyer_id, agreement.seller_id):
        tell(
            session, company_id, "agreement.month", text, href=f"/agreements/{agreement.id}/months/{found.month:%Y-%m}",
            data={"agreement_id": agreement.id, "month": f"{found.month:%Y-%m}", "verdict": found.verdict,
                  "total": in_currency(found.total_nanos), "currency": found.currency}, now=now,
        )  # fmt: skip


def _ratio(peered: Peered, currency: str) -> str:
    sent = f"; {peered.to_seller_seconds // 60:,} minutes to the seller, {peered.to_buyer_seconds // 60:,} to the buyer"
    if not peered.payer:
        return f"{sent}, within {peered.ratio} : 1"
    over = f", {peered.over_seconds // 60:,} beyond {peered.ratio} : 1, sent by the {peered.payer}"
    return (
        sent + over + (f", who owes {in_currency(peered.owed_nanos)} {currency}" if peered.owed_nanos else "")
    )
