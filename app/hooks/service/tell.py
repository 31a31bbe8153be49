"""Something happened that a company should know of; goes out in the transaction of the change it tells of."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import plain
from app.hooks.kinds import wanted
from app.hooks.models import Delivery, Happening, Webhook


def tell(
    session: Session, company_id: int, kind: str, text: str, *, now: datetime, href: str = "",
    data: dict[str, Any] | None = None, user_id: int | None = None,
) -> Happening:  # fmt: skip
    """A row for the page and the mail, and one delivery to each webhook that is kept for the kind. The caller commits."""
    row = Happening(
        company_id=company_id, user_id=user_id, kind=kind, text=text[:300], href=href[:200], data=plain(data or {}), created_at=now
    )  # fmt: skip
    session.add(row)
    session.flush()
    for hook in session.scalars(sa.select(Webhook).where(Webhook.company_id == company_id, Webhook.enabled)):
        if wanted(hook.kinds, kind):
            session.add(
                Delivery(
                    webhook_id=hook.id,
                    happening_id=row.id,
                    state="waiting",
                    tries=0,
                    next_at=now,
                    created_at=now,
                )
            )
    session.flush()
    return row
