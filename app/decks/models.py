"""Deck (one received file), deck version (one state of a product's timeline), carrier's template."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.carriers.models import Product
from app.db import Base, Timestamped, UtcDateTime

# received -> checking -> needs_mapping | rejected | review -> approved | discarded | failed
DECK_STATES = (
    "received", "checking", "needs_mapping", "rejected", "review", "approved", "discarded", "failed",
)  # fmt: skip


class Deck(Base, Timestamped):
    """One received file and how far it got. Bytes are immutable; the same bytes for the same product are the same deck."""

    __tablename__ = "deck"
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), index=True)
    filename: Mapped[str] = mapped_column(sa.String(255))
    size_bytes: Mapped[int] = mapped_column(sa.BigInteger)
    sha256: Mapped[str] = mapped_column(sa.String(64), index=True)
    file_key: Mapped[str] = mapped_column(sa.String(120))
    source: Mapped[str] = mapped_column(sa.String(8))  # web | cli | api | demo
    state: Mapped[str] = mapped_column(sa.String(16), default="received", index=True)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime())
    uploaded_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    job_id: Mapped[str | None] = mapped_column(sa.String(64))
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)  # rates.options.DeckOptions
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)  # rates.deckcheck.CheckReport without paths
    base_version: Mapped[int | None]  # product version the diff was made against
    problems_key: Mapped[str | None] = mapped_column(sa.String(80))
    rows_key: Mapped[str | None] = mapped_column(sa.String(80))
    diff_key: Mapped[str | None] = mapped_column(sa.String(80))
    timeline_key: Mapped[str | None] = mapped_column(sa.String(80))
    template_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("deck_template.id")
    )  # offered by itself, taken
    # The first of two persons, where the report asks for a second one; a new check clears it.
    seconded_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    seconded_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    approved_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    error: Mapped[str | None] = mapped_column(sa.Text)

    product: Mapped[Product] = relationship()


class DeckVersion(Base, Timestamped):
    """An accepted state of a product's timeline. Never edited, never deleted."""

    __tablename__ = "deck_version"
    __table_args__ = (sa.UniqueConstraint("product_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), index=True)
    number: Mapped[int]
    deck_id: Mapped[int | None] = mapped_column(sa.ForeignKey("deck.id"))
    timeline_key: Mapped[str] = mapped_column(sa.String(80))
    codes: Mapped[int]
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # label -> codes
    effective_from: Mapped[datetime | None] = mapped_column(UtcDateTime())
    created_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    note: Mapped[str] = mapped_column(sa.Text, default="")
    rollback_of: Mapped[int | None] = mapped_column(sa.ForeignKey("deck_version.id"))


class DeckTemplate(Base, Timestamped):
    """What a carrier confirmed for a shape of file; offered by itself next time."""

    __tablename__ = "deck_template"
    __table_args__ = (sa.UniqueConstraint("company_id", "fingerprint"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    fingerprint: Mapped[str] = mapped_column(sa.String(64), index=True)  # hash of the header row
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
