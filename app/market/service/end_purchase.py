"""Either side ends an accepted purchase; calls stop being offered the product at that instant."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.carriers.service.announce import announce_rights
from app.errors import Conflict, Invalid
from app.market.models import Purchase
from app.market.purchases import purchase_of
from app.market.service.move import move
from app.security.actor import Actor


def end_purchase(
    session: Session, actor: Actor, purchase_id: int, *, effective_until: datetime | None, now: datetime
) -> Purchase:
    """`effective_until` None = now. Raises NotFound for a third company, Invalid, Conflict."""
    purchase = purchase_of(session, purchase_id, actor.company_id)
    if purchase.agreement_id is not None:
        raise Conflict("This was bought by an agreement.", hint="Give notice on the agreement's page.")
    end = effective_until or now
    if end < now:
        raise Invalid("The end lies in the past.", hint="Leave it empty to end now.")
    move(session, actor, purchase, from_state="accepted", to_state="ended", now=now, effective_until=end)
    announce_rights(session, f"purchase {purchase.id} ended", now=now)
    return purchase
