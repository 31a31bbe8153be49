"""Make a stored timeline the product's next version and tell the floors above."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.carriers.models import Product
from app.config import Settings
from app.decks.models import DeckVersion
from app.decks.timelines import codes_in_force
from app.jobs.service import enqueue
from app.security.actor import Actor
from rates.store import Store


def activate_version(
    session: Session,
    who: Actor,
    product: Product,
    timeline_key: str,
    *,
    deck_id: int | None,
    counts: dict[str, Any],
    note: str,
    effective_from: datetime | None,
    settings: Settings,
    now: datetime,
    rollback_of: int | None = None,
    seconded_by: int | None = None,
    rule: str = "",
) -> DeckVersion:
    """Add the version, point the product to it, queue `snapshot.build`, `market.build` and `rate.notify`.

    The product row is locked."""
    before = product.timeline_key
    version = DeckVersion(
        company_id=product.company_id, product_id=product.id, number=product.version + 1, deck_id=deck_id,
        timeline_key=timeline_key, codes=codes_in_force(Store(str(settings.store_dir)).open(timeline_key), now),
        counts=counts, effective_from=effective_from, created_by=who.user_id, note=note, rollback_of=rollback_of,
        seconded_by=seconded_by, rule=rule, created_at=now,
    )  # fmt: skip
    session.add(version)
    product.version, product.timeline_key = version.number, timeline_key
    session.flush()
    # Ten approvals in a second need one build: waiting ones of the same arguments are one job.
    for kind, title in (
        ("snapshot.build", "Build the routing snapshot"),
        ("market.build", "Build the market view"),
    ):
        enqueue(session, kind, title=title, arguments={"reason": "deck"}, now=now, coalesce=True)
    if before is not None:  # nobody can have bought a product that never had a price
        enqueue(
            session, "rate.notify", title=f"Tell buyers of {product.name}"[:200], company_id=product.company_id, now=now,
            arguments={"product_id": product.id, "version": version.number, "before": before, "after": timeline_key},
        )  # fmt: skip
    return version
