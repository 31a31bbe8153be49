"""A signed agreement drives purchases: granted for trunks from an instant, cut off at another. The caller announces them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import Product
from app.market.models import Purchase
from app.market.service.move import move
from app.security.actor import Actor


def grant_by_agreement(
    session: Session, actor: Actor, *, agreement_id: int, product: Product, buyer_id: int, trunk_ids: Iterable[int],
    start: datetime, until: datetime | None, now: datetime,
) -> list[Purchase]:  # fmt: skip
    """One accepted purchase a trunk for `[start, until)`."""
    made = []
    for trunk_id in trunk_ids:
        purchase = Purchase(
            product_id=product.id, seller_id=product.company_id, buyer_id=buyer_id, trunk_id=trunk_id, state="accepted",
            note=f"Agreement {agreement_id}", decided_at=now, decided_by=actor.user_id, effective_from=start,
            effective_until=until, agreement_id=agreement_id, created_at=now,
        )  # fmt: skip
        session.add(purchase)
        session.flush()
        after = {"state": "accepted", "product_id": product.id, "trunk_id": trunk_id, "agreement_id": agreement_id,
                 "effective_from": start, "effective_until": until}  # fmt: skip
        record(session, actor, action="purchase.grant", obj=purchase, before={}, after=after, now=now)
        made.append(purchase)
    return made


def cut_off(
    session: Session, actor: Actor, *, at: datetime, now: datetime, agreement_id: int | None = None,
    product_id: int | None = None, trunk_ids: Iterable[int] = (),
) -> int:  # fmt: skip
    """End, at `at`, the purchases of an agreement, or what these trunks bought of a product without one. How many."""
    wanted = sa.select(Purchase).where(
        Purchase.state == "accepted",
        sa.or_(Purchase.effective_until.is_(None), Purchase.effective_until > at),
    )
    if agreement_id is not None:
        wanted = wanted.where(Purchase.agreement_id == agreement_id)
    else:
        wanted = wanted.where(
            Purchase.agreement_id.is_(None),
            Purchase.product_id == product_id,
            Purchase.trunk_id.in_(list(trunk_ids)),
        )
    found = list(session.scalars(wanted.order_by(Purchase.id)))
    for purchase in found:
        move(session, actor, purchase, from_state="accepted", to_state="ended", now=now, effective_until=at)
    return len(found)


def reschedule(
    session: Session, actor: Actor, *, agreement_id: int, until: datetime | None, now: datetime
) -> int:
    """Another end for the agreement's standing purchases (an amended term). How many."""
    wanted = sa.select(Purchase).where(Purchase.agreement_id == agreement_id, Purchase.state == "accepted")
    changed = 0
    for purchase in session.scalars(wanted.order_by(Purchase.id)):
        if purchase.effective_until == until:
            continue
        before = {"effective_until": purchase.effective_until}
        purchase.effective_until = until
        record(session, actor, action="purchase.reschedule", obj=purchase, before=before,
               after={"effective_until": until}, now=now)  # fmt: skip
        changed += 1
    return changed
