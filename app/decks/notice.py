"""Days of notice that increases of a product need: its own, or more where an agreement with one of its buyers says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from app.carriers.models import Product

# (session, product id, instant) → days. Agreements live on a floor above, which puts its answer here.
NoticeDays = Callable[[Session, int, datetime], int]
asked_by: list[NoticeDays] = []


def notice_days_of(session: Session, product: Product, now: datetime) -> int:
    return max([product.notice_days, *(ask(session, product.id, now) for ask in asked_by)])
