"""The seller declines, or the buyer withdraws, what was not yet accepted."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.errors import NotFound
from app.market.models import Purchase
from app.market.purchases import purchase_of
from app.market.service.move import move
from app.security.actor import Actor


def decline_purchase(
    session: Session, actor: Actor, purchase_id: int, *, answer: str, now: datetime
) -> Purchase:
    """Raises NotFound for anyone but the seller, Conflict when it is decided already."""
    purchase = purchase_of(session, purchase_id, actor.company_id)
    if purchase.seller_id != actor.company_id:
        raise NotFound("There is no such request.")
    return move(
        session, actor, purchase, from_state="requested", to_state="declined", now=now, decided_by=actor.user_id,
        decided_at=now, answer=answer,
    )  # fmt: skip


def withdraw_purchase(session: Session, actor: Actor, purchase_id: int, *, now: datetime) -> Purchase:
    """Raises NotFound for anyone but the buyer, Conflict when it is decided already."""
    purchase = purchase_of(session, purchase_id, actor.company_id)
    if purchase.buyer_id != actor.company_id:
        raise NotFound("There is no such request.")
    return move(session, actor, purchase, from_state="requested", to_state="withdrawn", now=now)
