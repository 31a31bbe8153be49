"""What a person keeps: searches under a name, and starred offers. Both belong to one person of one company."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.market.models import SavedSearch
from app.security.actor import Actor


@dataclass(frozen=True)
class Kept:
    """One saved search; `query` is the page's query string."""

    id: int
    name: str
    query: str
    created_at: datetime


def saved_searches(session: Session, who: Actor) -> list[Kept]:
    """By name."""
    rows = session.scalars(_mine(who, "search").order_by(SavedSearch.name, SavedSearch.id))
    return [Kept(row.id, row.name, row.query, row.created_at) for row in rows]


def watched_keys(session: Session, who: Actor) -> list[str]:
    """Keys of starred offers, oldest first."""
    return [row.query for row in session.scalars(_mine(who, "watch").order_by(SavedSearch.id))]


def _mine(who: Actor, kind: str) -> sa.Select[SavedSearch]:
    return sa.select(SavedSearch).where(
        SavedSearch.kind == kind, SavedSearch.user_id == who.user_id, SavedSearch.company_id == who.company_id
    )
