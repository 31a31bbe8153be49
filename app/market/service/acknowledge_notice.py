"""The buyer has read a rate notice; once, with a name and a time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.audit.record import record
from app.errors import NotFound
from app.market.models import RateNotice
from app.market.notices import notice_of
from app.security.actor import Actor


def acknowledge_notice(
    session: Session, who: Actor, notice_id: int, *, answer: str = "", now: datetime
) -> RateNotice:
    """Only the buyer can; a second time changes nothing. Raises NotFound for anyone else."""
    notice = notice_of(session, who, notice_id)
    if notice.buyer_id != who.company_id:
        raise NotFound(
            f"There is no rate notice {notice_id}.", hint="The list shows those sent to your company."
        )
    if notice.acknowledged_at is None:
        notice.acknowledged_at, notice.acknowledged_by, notice.answer = now, who.user_id, answer[:500]
        record(session, who, action="rate_notice.acknowledge", obj=notice, now=now, company_id=notice.seller_id,
               after={"by": who.email, "answer": notice.answer})  # fmt: skip
    return notice
