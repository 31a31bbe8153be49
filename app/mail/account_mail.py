"""Flask-Security's mails as private rows of the outbox, in the transaction of what they tell of."""

from __future__ import annotations

import secrets
from typing import Any

from flask import current_app, request
from flask_security import MailUtil

from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.mail.service.write_mail import write_mail


class OutboxMailUtil(MailUtil):
    """Written at once, sent by the worker: how long a server takes tells nobody whether an address is known."""

    def send_mail(
        self, template: str, subject: str, recipient: Any, sender: Any, body: str | None, html: str | None, **kwargs: Any
    ) -> None:  # fmt: skip
        settings: Settings = current_app.config["TANDEM"]
        write_mail(
            db.session, settings.mail, company_id=None, mark=f"account-{secrets.token_hex(16)}", recipient=str(recipient),
            subject=str(subject), text=with_public_links(body or "", settings), now=utc_now(),
        )  # fmt: skip
        db.session.commit()


def with_public_links(body: str, settings: Settings) -> str:
    """Links lead to the configured address; a Host header of somebody's choice never reaches a mail then."""
    public = settings.web.public_url.rstrip("/")
    return body.replace(request.host_url.rstrip("/"), public) if public else body
