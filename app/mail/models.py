"""A message that is to leave the house, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Timestamped, UtcDateTime

MAIL_STATES = ("queued", "sent", "kept", "failed")


class OutboxMail(Base, Timestamped):
    """queued -> sent | failed; kept: no server was configured, so a person reads it here. `mark` makes writing idempotent."""

    __tablename__ = "outbox_mail"
    id: Mapped[int] = mapped_column(primary_key=True)
    # Null: a private message (links that sign in or reset); shown to nobody, its text is dropped once it is sent.
    company_id: Mapped[int | None] = mapped_column(sa.ForeignKey("company.id"), index=True)
    mark: Mapped[str] = mapped_column(sa.String(120), unique=True)
    recipient: Mapped[str] = mapped_column(sa.String(254))
    subject: Mapped[str] = mapped_column(sa.String(255))
    text: Mapped[str] = mapped_column(sa.Text)
    # [{"name", "type", "text"}]: small text files that go along
    attachments: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    message_id: Mapped[str] = mapped_column(sa.String(255))
    in_reply_to: Mapped[str] = mapped_column(sa.String(255), default="")
    state: Mapped[str] = mapped_column(sa.String(8), index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    error: Mapped[str] = mapped_column(sa.Text, default="")
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
