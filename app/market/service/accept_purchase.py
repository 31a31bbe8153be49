"""The seller accepts: from the start instant on the buyer's trunk may use the product."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.carriers.service.announce import announce_rights
from app.errors import Invalid, NotFound
from app.market.models import Purchase
from app.market.purchases import purchase_of
from app.market.service.move import move
from app.security.actor import Actor

FARTHEST = timedelta(days=366)


def accept_purchase(
    session: Session,
    actor: Actor,
    purchase_id: int,
    *,
    effective_from: datetime | None,
    answer: str,
    now: datetime,
) -> Purchase:
    """`effective_from` None = now. Raises NotFound for anyone but the seller, Invalid, Conflict."""
    purchase = purchase_of(session, purchase_id, actor.company_id)
    if purchase.seller_id != actor.company_id:
        raise NotFound("There is no such request.")
    start = effective_from or now
    if start < now - timedelta(minutes=1) or start > now + FARTHEST:
        raise Invalid(
            "The start lies in the past, or more than a year ahead.", hint="Leave it empty to start now."
        )
    move(
        session, actor, purchase, from_state="requested", to_state="accepted", now=now, effective_from=max(start, now),
        decided_by=actor.user_id, decided_at=now, answer=answer,
    )  # fmt: skip
    announce_rights(session, f"purchase {purchase.id} accepted", now=now)
    return purchase
