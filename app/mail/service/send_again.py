"""A message that failed, or was kept for want of a server, gets its attempts once more."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.config import Mail
from app.errors import Conflict, NotFound
from app.jobs.service import enqueue
from app.mail.models import OutboxMail
from app.security.actor import Actor


def send_mail_again(
    session: Session, settings: Mail, who: Actor, mail_id: int, *, now: datetime
) -> OutboxMail:
    """Raises NotFound for another company's message, Conflict while no server is configured or it is sent or waiting.

    The caller records it."""
    query = sa.select(OutboxMail).where(OutboxMail.id == (mail_id if 0 <= mail_id < 2**31 else 0))
    if not who.is_operator:
        query = query.where(OutboxMail.company_id == who.company_id)
    mail = session.scalar(query.with_for_update())
    if mail is None:
        raise NotFound(f"There is no message {mail_id}.", hint="The outbox lists your company's.")
    if not settings.smtp_host:
        raise Conflict("No mail server is configured.", hint="Set mail.smtp_host first.")
    if mail.state not in ("failed", "kept"):
        raise Conflict(f"The message is {mail.state}.", hint="Only failed or kept messages are sent again.")
    mail.state, mail.attempts, mail.error = "queued", 0, ""
    enqueue(session, "mail.send", title=f"Send “{mail.subject}”"[:200], company_id=mail.company_id, now=now,
            arguments={"mail_id": mail.id})  # fmt: skip
    session.flush()
    return mail
