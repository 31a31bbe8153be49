"""Hand one message to the SMTP server. A refusal for good is `failed`; anything else is tried again by the job."""

from __future__ import annotations

import smtplib
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from sqlalchemy.orm import Session

from app.config import Mail
from app.mail.models import OutboxMail

MAX_ATTEMPTS = 8


def send_mail(session: Session, settings: Mail, mail_id: int, *, now: datetime) -> OutboxMail | None:
    """Send it unless it was sent; None when it does not exist. After `MAX_ATTEMPTS` temporary faults it is `failed`.

    The server's acceptance and our commit cannot be one act: after a kill in between it is sent again, under the same
    Message-ID, which receivers drop as a duplicate."""
    mail = session.get(OutboxMail, mail_id, with_for_update=True, populate_existing=True)
    if mail is None or mail.state != "queued":
        return mail
    mail.attempts, mail.tried_at = mail.attempts + 1, now
    try:
        _deliver(settings, message_of(mail, settings.sender, now))
    except smtplib.SMTPRecipientsRefused as fault:
        code, words = next(iter(fault.recipients.values()))
        _note(mail, code >= 500, f"{code} {words.decode(errors='replace')}")
    except smtplib.SMTPResponseException as fault:
        _note(mail, fault.smtp_code >= 500, f"{fault.smtp_code} {_text(fault.smtp_error)}")
    except (OSError, smtplib.SMTPException) as fault:
        _note(mail, False, f"{type(fault).__name__}: {fault}")
    else:
        mail.state, mail.sent_at, mail.error = "sent", now, ""
        if mail.company_id is None:
            mail.text = ""
    session.flush()
    return mail


def message_of(mail: OutboxMail, sender: str, now: datetime) -> EmailMessage:
    """The row as a message."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, mail.recipient, mail.subject
    message["Message-ID"], message["Date"] = mail.message_id, format_datetime(now)
    if mail.in_reply_to:
        message["In-Reply-To"] = message["References"] = mail.in_reply_to
    message["Auto-Submitted"] = "auto-generated"  # keeps out-of-office answers from answering back
    message.set_content(mail.text)
    for part in mail.attachments:
        kind, _, sub = str(part["type"]).partition("/")
        message.add_attachment(
            str(part["text"]).encode(), maintype=kind, subtype=sub or "plain", filename=str(part["name"])
        )
    return message


def _deliver(settings: Mail, message: EmailMessage) -> None:
    context = ssl.create_default_context()
    timeout = settings.timeout_seconds
    server: smtplib.SMTP
    if settings.smtp_security == "tls":
        server = smtplib.SMTP_SSL(settings.smtp_host, settings.smtp_port, timeout=timeout, context=context)
    else:
        server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=timeout)
    with server:
        if settings.smtp_security == "starttls":
            server.starttls(context=context)
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password)
        server.send_message(message)


def _note(mail: OutboxMail, for_good: bool, words: str) -> None:
    mail.error = words[:500]
    if for_good or mail.attempts >= MAX_ATTEMPTS:
        mail.state = "failed"


def _text(raw: bytes | str) -> str:
    return raw.decode(errors="replace") if isinstance(raw, bytes) else raw
