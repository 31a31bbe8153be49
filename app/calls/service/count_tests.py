"""Quality of a product as test calls saw it: counters `tested`, apart from those of calls, and the edge's view of this moment.

A false answer is no answer here: a suspect call counts as an attempt that failed, and as suspected. A seller's tests of its
own product do not count: they would be its own witness."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.calls.models import TestCall
from app.calls.words import CLI_KEPT
from app.carriers.models import Product, QualityCounter
from app.config import Settings
from app.db import add_up
from app.routing.models import QualityDelta

WINDOW = timedelta(days=30)
MEASURED = ("answered", "busy", "no_answer", "rejected", "bad_number", "failed")
USER_SIDE = ("busy", "no_answer", "rejected")


def count_tests(session: Session, settings: Settings, call: TestCall, *, now: datetime) -> None:
    """Count the call's product and code anew from its rows; idempotent but for the news to the edge, which goes once a record."""
    if call.product_id is None or not call.code or not _counts(call):
        return
    product = session.get_one(Product, call.product_id)
    base_id = product.derived_from or product.id
    family = sa.select(Product.id).where(sa.or_(Product.id == base_id, Product.derived_from == base_id))
    sums = session.execute(
        sa.select(*_sums()).where(
            TestCall.product_id.in_(family), TestCall.code == call.code, TestCall.state == "done",
            TestCall.ended_at > now - WINDOW, TestCall.outcome.in_(MEASURED), TestCall.company_id != TestCall.seller_id,
        )
    ).one()._mapping  # fmt: skip
    session.execute(
        sa.delete(QualityCounter).where(
            QualityCounter.product_id == base_id,
            QualityCounter.code == call.code,
            QualityCounter.source == "tested",
        )
    )
    session.add(
        QualityCounter(
            product_id=base_id, code=call.code, source="tested", window_from=now - WINDOW, window_until=now,
            **{name: int(value or 0) for name, value in sums.items()},
        )
    )  # fmt: skip
    if settings.calls.feed_routing:
        add_up(
            session, QualityDelta.__table__, ("product_id", "code", "minute"), [_delta(call, base_id, now)]
        )
    session.flush()


def _counts(call: TestCall) -> bool:
    return call.outcome in MEASURED and call.company_id != call.seller_id


def _sums() -> list[sa.ColumnElement[Any]]:
    c = TestCall
    honest = sa.and_(c.outcome == "answered", c.verdict != "suspect")
    suspect = c.verdict == "suspect"

    def total(value: Any, where: Any) -> sa.ColumnElement[Any]:
        return sa.func.coalesce(sa.func.sum(sa.case((where, value), else_=0)), 0)

    return [
        sa.func.count().label("attempts"),
        total(1, honest).label("answered"),
        total(1, sa.or_(honest, sa.and_(c.outcome.in_(USER_SIDE), ~suspect))).label("effective"),
        total(1, sa.and_(honest, c.talk_ms <= 6_000)).label("short_calls"),
        total(c.talk_ms, honest).label("talk_ms"),
        total(c.pdd_ms, c.pdd_ms.is_not(None)).label("pdd_ms_sum"),
        total(1, c.pdd_ms.is_not(None)).label("pdd_samples"),
        total(c.mos_milli, c.mos_milli.is_not(None)).label("mos_milli_sum"),
        total(1, c.mos_milli.is_not(None)).label("mos_samples"),
        total(1, suspect).label("suspected"),
        total(1, c.cli != "").label("cli_samples"),
        total(1, c.cli.in_(CLI_KEPT)).label("cli_kept"),
    ]


def _delta(call: TestCall, product_id: int, now: datetime) -> dict[str, Any]:
    suspect = call.verdict == "suspect"
    answered = int(call.outcome == "answered" and not suspect)
    effective = int(answered or (call.outcome in USER_SIDE and not suspect))
    return {
        "product_id": product_id, "code": call.code, "minute": (call.ended_at or now).replace(second=0, microsecond=0),
        "attempts": 1, "answered": answered, "effective": effective, "talk_ms": (call.talk_ms or 0) if answered else 0,
        "pdd_ms_sum": call.pdd_ms or 0, "pdd_samples": int(call.pdd_ms is not None),
    }  # fmt: skip
