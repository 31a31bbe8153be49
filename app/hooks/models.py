"""Happening, webhook, its deliveries and every attempt of one; how a person wants to be told by mail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, Timestamped, UtcDateTime


class Happening(Base, Timestamped):
    """One thing one company should know of. `user_id`: only this person of it."""

    __tablename__ = "happening"
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(40), index=True)
    text: Mapped[str] = mapped_column(sa.String(300))
    href: Mapped[str] = mapped_column(sa.String(200), default="")
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Webhook(Base, Timestamped):
    """Where a company wants to be told. The secret is derived from `salt` (app.hooks.signing) and stands nowhere."""

    __tablename__ = "webhook"
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    url: Mapped[str] = mapped_column(sa.String(500))
    kinds: Mapped[list[str]]  # empty: everything
    salt: Mapped[str] = mapped_column(sa.String(32))
    enabled: Mapped[bool] = mapped_column(default=True)
    created_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))


class Delivery(Base, Timestamped):
    """One happening on its way to one webhook: waiting → sending → delivered | waiting (again later) | given_up."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (sa.UniqueConstraint("webhook_id", "happening_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[int] = mapped_column(sa.ForeignKey("webhook.id", ondelete="CASCADE"), index=True)
    happening_id: Mapped[int] = mapped_column(sa.ForeignKey("happening.id"))
    state: Mapped[str] = mapped_column(sa.String(12), default="waiting", index=True)
    tries: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime(), index=True)

    webhook: Mapped[Webhook] = relationship()
    happening: Mapped[Happening] = relationship()


class Attempt(Base):
    """One POST: status 0 where no answer came, `fault` says why."""

    __tablename__ = "webhook_attempt"
    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(
        sa.ForeignKey("webhook_delivery.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime] = mapped_column(UtcDateTime())
    status: Mapped[int]
    milliseconds: Mapped[int]
    fault: Mapped[str] = mapped_column(sa.String(200), default="")


class NewsWish(Base):
    """How a person is told by mail: digest (once a day, the default of those who trade), at_once or never."""

    __tablename__ = "news_wish"
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"), primary_key=True)
    mail: Mapped[str] = mapped_column(sa.String(8), default="digest")
    told_until: Mapped[int] = mapped_column(default=0)  # id of the last happening that was mailed
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
