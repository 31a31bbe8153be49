"""A delivery report is put down on the message that it is about."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.mail.bounces import Bounce
from app.mail.models import OutboxMail

RETURNED = "Returned by the receiving server: "


def note_bounce(session: Session, bounce: Bounce) -> OutboxMail | None:
    """The message, `failed` where the report gives it up; None where it is none of ours, or was sent to somebody else.

    Reports are not signed: they change what is shown of a sent message, and nothing else."""
    if not bounce.message_ids:
        return None
    mail = session.scalar(
        sa.select(OutboxMail).where(OutboxMail.message_id.in_(bounce.message_ids)).limit(1).with_for_update()
    )
    if mail is None or (bounce.recipient and bounce.recipient != mail.recipient.lower()):
        return None
    if mail.state == "sent":
        mail.error = (RETURNED if bounce.final else "Delivery is late: ") + bounce.words
        if bounce.final:
            mail.state = "failed"
        session.flush()
    return mail
