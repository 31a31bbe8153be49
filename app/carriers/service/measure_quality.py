"""Measured quality of products by code, as the market shows it: the sums of the last thirty days, put in place of those before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import QualityCounter


@dataclass(frozen=True)
class Counts:
    """Of one product at one code over the whole window."""

    product_id: int
    code: str
    attempts: int
    answered: int
    effective: int
    short_calls: int
    talk_ms: int
    pdd_ms_sum: int
    pdd_samples: int


def measure_quality(
    session: Session, counts: Iterable[Counts], *, window_from: datetime, window_until: datetime
) -> None:
    """Counters from call records (`calls`) of these products and codes; those of test calls stay."""
    for one in counts:
        session.execute(
            sa.delete(QualityCounter).where(
                QualityCounter.product_id == one.product_id,
                QualityCounter.code == one.code,
                QualityCounter.source == "calls",
            )
        )
        session.add(
            QualityCounter(
                product_id=one.product_id, code=one.code, source="calls", window_from=window_from, window_until=window_until,
                attempts=one.attempts, answered=one.answered, effective=one.effective, short_calls=one.short_calls,
                talk_ms=one.talk_ms, pdd_ms_sum=one.pdd_ms_sum, pdd_samples=one.pdd_samples,
            )
        )  # fmt: skip
    session.flush()
