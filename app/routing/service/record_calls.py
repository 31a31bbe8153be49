"""What call records tell routing: how long calls of a destination last, and how each product does right now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from app.db import add_up
from app.routing.models import QualityDelta, TalkDay
from rates.records.figures import Figures


@dataclass(frozen=True)
class Talk:
    """Answered calls of one code and class of length (rates.records.mixes) on one UTC day; negative takes back."""

    day: date
    code: str
    length_class: int
    calls: int
    seconds: int


@dataclass(frozen=True)
class Measured:
    """Figures of one product at one code in one minute, of calls that are new."""

    product_id: int
    code: str
    minute: datetime
    figures: Figures


def record_talk(session: Session, talks: Iterable[Talk]) -> None:
    rows = [
        {"day": t.day, "code": t.code, "length_class": t.length_class, "calls": t.calls, "seconds": t.seconds} for t in talks
    ]  # fmt: skip
    add_up(session, TalkDay.__table__, ("day", "code", "length_class"), rows)


def record_quality(session: Session, measured: Iterable[Measured]) -> None:
    """Kept until the edge has been told (job `quality.push`)."""
    rows = [
        {"product_id": m.product_id, "code": m.code, "minute": m.minute, "attempts": m.figures.attempts,
         "answered": m.figures.answered, "effective": m.figures.effective, "talk_ms": m.figures.talk_ms,
         "pdd_ms_sum": m.figures.pdd_ms_sum, "pdd_samples": m.figures.pdd_samples}
        for m in measured
    ]  # fmt: skip
    add_up(session, QualityDelta.__table__, ("product_id", "code", "minute"), rows)
