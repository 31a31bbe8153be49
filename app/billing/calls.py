"""The calls of one agreement in one span of time, summed by the database: what they cost and how well they went."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import QualityCounter
from app.cdrs.models import CallDay, CallRecord
from app.deals.models import Agreement

SPAN_S, SPAN_ATTEMPTS = 300, 5
"""A span of five minutes says something about uptime from so many attempts on."""


@dataclass(frozen=True)
class Usage:
    """Calls of one code at one rate. Amounts are nanos of the product's currency, exact sums of the rated calls."""

    code: str
    destination: str
    rate_nanos: int
    attempts: int
    calls: int
    billed_seconds: int
    amount_nanos: int


@dataclass(frozen=True)
class Counts:
    """Of one code. Sums, never ratios."""

    attempts: int = 0
    answered: int = 0
    effective: int = 0
    talk_ms: int = 0
    pdd_ms_sum: int = 0
    pdd_samples: int = 0
    mos_milli_sum: int = 0
    mos_samples: int = 0

    def plus(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, n) + getattr(other, n) for n in self.__dataclass_fields__))


@dataclass(frozen=True)
class Spans:
    """Five minutes each: those there were, those with enough attempts to tell, and of these those in which every one failed."""

    whole: int = 0
    seen: int = 0
    down: int = 0


def usage(
    session: Session, agreement: Agreement, start: datetime, end: datetime, *, back: bool = False
) -> list[Usage]:
    """By destination, code and rate; attempts that were not answered are counted and cost nothing.

    `back`: of a peering the calls its seller sent to its buyer."""
    r = CallRecord
    rows = session.execute(
        sa.select(r.code, r.destination, r.cost_rate_nanos, sa.func.count(), sa.func.sum(sa.cast(r.answered, sa.Integer)),
                  sa.func.sum(r.cost_billed), sa.func.sum(r.cost_nanos))
        .where(*_of(agreement, start, end, back=back))
        .group_by(r.code, r.destination, r.cost_rate_nanos)
        .order_by(r.destination, r.code, r.cost_rate_nanos)
    )  # fmt: skip
    return [Usage(row[0], row[1], *(int(value) for value in row[2:])) for row in rows]


def above(
    session: Session, agreement: Agreement, start: datetime, end: datetime, seconds: Iterable[int]
) -> dict[int, Fraction]:
    """By volume in billed seconds: what the part of the calls beyond it cost, in the order of their starts.

    A call that crosses the boundary counts with its share of seconds beyond it."""
    r = CallRecord
    after = sa.func.sum(r.cost_billed).over(order_by=(r.start_at, r.id))
    calls = (
        sa.select(r.cost_billed.label("billed"), r.cost_nanos.label("nanos"), after.label("after"))
        .where(*_of(agreement, start, end), r.cost_billed > 0)
        .subquery()
    )
    found = {}
    for boundary in seconds:
        beyond = sa.select(sa.func.coalesce(sa.func.sum(calls.c.nanos), 0)).where(
            calls.c.after - calls.c.billed >= boundary
        )
        across = sa.select(calls.c.billed, calls.c.nanos, calls.c.after).where(
            calls.c.after > boundary, calls.c.after - calls.c.billed < boundary
        )
        total = Fraction(int(session.scalar(beyond) or 0))
        for billed, nanos, reached in session.execute(across):
            total += Fraction(int(nanos) * (int(reached) - boundary), int(billed))
        found[boundary] = total
    return found


def measured(session: Session, agreement: Agreement, start: datetime, end: datetime) -> dict[str, Counts]:
    """Quality by code, from the sums of whole UTC days; MOS from test calls, the only ones whose voice is listened to."""
    d = CallDay
    columns = (d.attempts, d.answered, d.effective, d.talk_ms, d.pdd_ms_sum, d.pdd_samples)
    rows = session.execute(
        sa.select(d.code, *(sa.func.sum(column) for column in columns))
        .where(
            d.company_id == agreement.buyer_id, d.product_id.in_(_products(agreement)), d.day >= start.date(),
            d.day <= (end - timedelta(microseconds=1)).date(),
        )
        .group_by(d.code)
    )  # fmt: skip
    found = {row[0]: Counts(*(int(value) for value in row[1:])) for row in rows}
    for heard in session.execute(_tested(agreement, start, end)):
        counts = Counts(mos_milli_sum=int(heard[1]), mos_samples=int(heard[2]))
        found[heard[0]] = found.get(heard[0], Counts()).plus(counts)
    return found


def _tested(agreement: Agreement, start: datetime, end: datetime) -> sa.Select[str, int, int]:
    """Counters of test calls made within the span."""
    q = QualityCounter
    return (
        sa.select(q.code, sa.func.sum(q.mos_milli_sum), sa.func.sum(q.mos_samples))
        .where(
            q.product_id.in_(_products(agreement)), q.source == "tested", q.mos_samples > 0, q.window_from >= start,
            q.window_until <= end,
        )
        .group_by(q.code)
    )  # fmt: skip


def spans(session: Session, agreement: Agreement, start: datetime, end: datetime) -> Spans:
    """How long the route was down: five minutes in which no attempt got past the carrier (no reply, 408, any 5xx)."""
    r = CallRecord
    number = sa.cast(sa.extract("epoch", r.start_at), sa.BigInteger) // SPAN_S
    lost = sa.and_(r.answered.is_(False), sa.or_(r.sip_code.in_((0, 408)), r.sip_code.between(500, 599)))
    each = (
        sa.select(sa.func.min(sa.case((lost, 1), else_=0)).label("down"))
        .where(*_of(agreement, start, end))
        .group_by(number)
        .having(sa.func.count() >= SPAN_ATTEMPTS)
        .subquery()
    )
    seen, down = session.execute(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(each.c.down), 0)).select_from(each)
    ).one()
    return Spans(max(1, int((end - start).total_seconds()) // SPAN_S), int(seen), int(down))


def _products(agreement: Agreement) -> list[int]:
    """Its own and the one it came from, which it may have begun with; a peering stands beside that one."""
    if agreement.back_product_id is not None and agreement.product_id is not None:
        return [agreement.product_id]
    return sorted({agreement.deal.product_id, agreement.product_id or agreement.deal.product_id})


def _of(
    agreement: Agreement, start: datetime, end: datetime, *, back: bool = False
) -> list[sa.ColumnElement[bool]]:
    r = CallRecord
    products = [agreement.back_product_id] if back else _products(agreement)
    return [
        r.current.is_(True),
        r.company_id == (agreement.seller_id if back else agreement.buyer_id),
        r.product_id.in_(products),
        r.trunk_id.in_(agreement.back_trunk_ids if back else agreement.trunk_ids),
        r.start_at >= start,
        r.start_at < end,
    ]
