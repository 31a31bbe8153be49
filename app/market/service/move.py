"""One step of a purchase's life, taken by exactly one of those who try at the same time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.errors import Conflict
from app.market.models import Purchase
from app.security.actor import Actor


def move(
    session: Session,
    actor: Actor,
    purchase: Purchase,
    *,
    from_state: str,
    to_state: str,
    now: datetime,
    **values: Any,
) -> Purchase:
    """Compare and set: raises Conflict when the purchase is no longer in `from_state`. Audited in the same transaction."""
    result = session.execute(
        sa.update(Purchase)
        .where(Purchase.id == purchase.id, Purchase.state == from_state)
        .values(state=to_state, **values)
        .execution_options(synchronize_session=False)
    )
    session.refresh(purchase)
    if result.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(
            f"This request is {purchase.state}, not {from_state}.",
            hint="Reload the page to see how it stands.",
        )
    action = {"accepted": "accept", "declined": "decline", "withdrawn": "withdraw", "ended": "end"}[to_state]
    record(
        session, actor, action=f"purchase.{action}", obj=purchase, before={"state": from_state},
        after={"state": to_state, **values}, now=now,
    )  # fmt: skip
    return purchase
