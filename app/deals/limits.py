"""What agreements limit: channels and calls a second in the snapshot, minutes a month in the routing state."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Product
from app.deals.models import Agreement
from app.deals.queries import version_at
from app.deals.terms import Volume, read_terms
from app.decks.models import TrafficDay

NO_LIMITS = Volume()


def limits_of(session: Session, now: datetime) -> dict[int, Volume]:
    """Volume of the version in force, by the agreement's own product; for agreements that are not over.

    A peering's holds for each direction by itself."""
    living = (
        sa.select(Agreement)
        .join(Product, Product.id == Agreement.product_id)
        .where(
            Product.derived_from.is_not(None),
            sa.or_(Agreement.effective_until.is_(None), Agreement.effective_until > now),
        )
    )
    found: dict[int, Volume] = {}
    for agreement in session.scalars(living):
        version = version_at(session, agreement.id, now)
        if version is not None and agreement.product_id is not None:
            found[agreement.product_id] = read_terms(version.terms).volume
            if agreement.back_product_id is not None:
                found[agreement.back_product_id] = found[agreement.product_id]
    return found


def capped_products(session: Session, now: datetime) -> set[int]:
    """Products whose agreement's minutes of this calendar month (UTC) are used up."""
    caps = {id_: v.cap_minutes for id_, v in limits_of(session, now).items() if v.cap_minutes is not None}
    if not caps:
        return set()
    used = minutes_used(session, set(caps), now)
    return {id_ for id_, cap in caps.items() if used.get(id_, 0) >= cap}


def minutes_used(session: Session, product_ids: set[int], now: datetime) -> dict[int, int]:
    """Whole minutes of answered calls this month, by product."""
    first = now.date().replace(day=1)
    rows = session.execute(
        sa.select(TrafficDay.product_id, sa.func.sum(TrafficDay.seconds))
        .where(TrafficDay.product_id.in_(product_ids), TrafficDay.day >= first, TrafficDay.day <= now.date())
        .group_by(TrafficDay.product_id)
    )
    return {row[0]: int(row[1]) // 60 for row in rows}


def least(one: int | None, two: int | None) -> int | None:
    """The smaller limit; None is no limit."""
    given = [limit for limit in (one, two) if limit is not None]
    return min(given) if given else None
