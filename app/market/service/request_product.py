"""A buyer asks for a product for one of its trunks."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.queries import customer_trunk_of
from app.errors import Conflict
from app.market.models import Purchase
from app.market.purchases import buyable_product, offered
from app.security.actor import Actor


def request_product(
    session: Session, actor: Actor, *, product_id: int, trunk_id: int, note: str, now: datetime
) -> Purchase:
    """Returns the request (flushed). Raises NotFound, Conflict when the trunk asked for or has it already."""
    product = buyable_product(session, product_id, actor.company_id)
    name = offered(session, product, actor.company_id).name
    trunk = customer_trunk_of(session, trunk_id, actor.company_id)
    if not product.enabled or product.timeline_key is None:
        raise Conflict(f"{name} takes no calls at present.", hint="Choose another offer, or ask the seller.")
    standing = session.scalar(
        sa.select(Purchase).where(
            Purchase.product_id == product.id,
            Purchase.trunk_id == trunk.id,
            Purchase.state.in_(("requested", "accepted")),
        )
    )
    if standing is not None:
        words = "is waiting for the seller's answer" if standing.state == "requested" else "is bought already"
        raise Conflict(f"{name} {words} for trunk {trunk.name}.", hint="See Requests.")
    asked = Purchase(
        product_id=product.id,
        seller_id=product.company_id,
        buyer_id=actor.company_id,
        trunk_id=trunk.id,
        state="requested",
        note=note,
        requested_by=actor.user_id,
        created_at=now,
    )
    session.add(asked)
    session.flush()
    after = {"state": "requested", "product_id": product.id, "trunk_id": trunk.id}
    record(session, actor, action="purchase.request", obj=asked, before={}, after=after, now=now)
    return asked
