"""Put a message into the outbox: queued for the SMTP server, or kept to be read where none is configured."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.config import Mail
from app.jobs.service import enqueue
from app.mail.models import OutboxMail


@dataclass(frozen=True)
class Attachment:
    """A small text file, for example a CSV of changes."""

    name: str
    type: str
    text: str


def write_mail(
    session: Session, settings: Mail, *, company_id: int | None, mark: str, recipient: str, subject: str, text: str,
    attachments: Sequence[Attachment] = (), in_reply_to: str = "", now: datetime,
) -> OutboxMail:  # fmt: skip
    """One message (private without `company_id`); the same `mark` again is the same message. Sent by the job `mail.send` after commit."""
    found = session.scalar(sa.select(OutboxMail).where(OutboxMail.mark == mark))
    if found is not None:
        return found
    domain = settings.sender.rpartition("@")[2] or "localhost"
    mail = OutboxMail(
        company_id=company_id, mark=mark, recipient=recipient, subject=one_line(subject)[:255], text=text,
        attachments=[{"name": a.name, "type": a.type, "text": a.text} for a in attachments],
        message_id=f"<{hashlib.sha256(mark.encode()).hexdigest()[:32]}@{domain}>", in_reply_to=one_line(in_reply_to)[:255],
        state="queued" if settings.smtp_host else "kept", attempts=0, created_at=now,
    )  # fmt: skip
    session.add(mail)
    session.flush()
    if mail.state == "queued":
        enqueue(session, "mail.send", title=f"Send “{mail.subject}”"[:200], company_id=company_id, now=now,
                arguments={"mail_id": mail.id})  # fmt: skip
    return mail


def one_line(text: str) -> str:
    """Header text without line breaks: nothing from outside may add a header."""
    return " ".join(text.split())
