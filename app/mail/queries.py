"""What the outbox page shows."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.mail.models import OutboxMail
from app.security.actor import Actor

SHOWN = 200


def outbox(session: Session, who: Actor, *, limit: int = SHOWN) -> list[OutboxMail]:
    """The company's newest messages; the operator sees everybody's, private ones apart."""
    query = sa.select(OutboxMail).where(OutboxMail.company_id.is_not(None))
    if not who.is_operator:
        query = query.where(OutboxMail.company_id == who.company_id)
    return list(
        session.scalars(query.order_by(OutboxMail.created_at.desc(), OutboxMail.id.desc()).limit(limit))
    )
