"""Traffic of each pair of buyer and product out of call records: what a deck's money impact prefers to anything imported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from app.db import add_up
from app.decks.models import TrafficDay


@dataclass(frozen=True)
class PairTraffic:
    """Answered calls to add; negative takes back what a correction replaced."""

    seller_id: int
    buyer_id: int
    product_id: int
    day: date
    code: str
    calls: int
    seconds: int


def record_traffic(session: Session, traffic: Iterable[PairTraffic]) -> None:
    """Add to what is there; the caller has made sure that no call is told twice."""
    rows = [
        {"company_id": t.seller_id, "product_id": t.product_id, "buyer_id": t.buyer_id, "code": t.code, "day": t.day,
         "calls": t.calls, "seconds": t.seconds}
        for t in traffic
    ]  # fmt: skip
    add_up(session, TrafficDay.__table__, ("product_id", "day", "code", "buyer_id"), rows)
