"""`mail.send`: one message to the SMTP server; a timer asks again for those that wait after a temporary fault."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app

from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.jobs.progress import Progress
from app.jobs.registry import job, timer
from app.jobs.service import enqueue
from app.mail.models import OutboxMail
from app.mail.service.send_mail import send_mail

AGAIN_AFTER = timedelta(minutes=2)


@job("mail.send")
def send(job_id: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Send one message of the outbox. Running it again sends only what was not sent."""
    settings: Settings = current_app.config["TANDEM"]
    mail = send_mail(db.session, settings.mail, int(arguments["mail_id"]), now=utc_now())
    db.session.commit()
    return {
        "mail_id": arguments["mail_id"],
        "state": mail.state if mail else "gone",
        "error": mail.error if mail else "",
    }


@timer("mail.again", seconds=30.0)
def try_again() -> None:
    """Messages still queued whose last attempt lies two minutes back (longer with each attempt) get another job."""
    settings: Settings = current_app.config["TANDEM"]
    if not settings.mail.smtp_host:
        return
    now = utc_now()
    waiting = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.state == "queued")).all()
    for mail in waiting:
        if now - (mail.tried_at or mail.created_at) > AGAIN_AFTER * max(1, mail.attempts):
            mail.tried_at = now
            enqueue(db.session, "mail.send", title=f"Send “{mail.subject}”"[:200], company_id=mail.company_id, now=now,
                    arguments={"mail_id": mail.id}, coalesce=True)  # fmt: skip
    db.session.commit()
