"""Deck, deck version, carrier's template and rules, arrivals by mail and folder, traffic by day and code."""

from __future__ import annotations

from datetime import date, datetime
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
    source: Mapped[str] = mapped_column(sa.String(8))  # web | cli | api | mail | folder | demo
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
    # Traffic a person pasted for the money impact: [{"what", "minutes", "calls", "sell"}]; empty = recorded traffic.
    profile: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    # What an earlier file taught (app.decks.remembered): template, answers, each with who and when; `declined`: asked again.
    remembered: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")

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
    seconded_by: Mapped[int | None]  # user id of the first of two persons
    rule: Mapped[str] = mapped_column(
        sa.Text, default=""
    )  # the auto-accept rule's words, where no person approved


class DeckTemplate(Base, Timestamped):
    """What a carrier confirmed for a shape of file; offered by itself next time."""

    __tablename__ = "deck_template"
    __table_args__ = (sa.UniqueConstraint("company_id", "fingerprint"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    fingerprint: Mapped[str] = mapped_column(
        sa.String(64), index=True
    )  # hash of the header row, or of the shape
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    columns: Mapped[list[str]] = mapped_column(default=list)  # headings in the carrier's own order
    used: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    kept_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))  # who confirmed it last, and when
    kept_at: Mapped[datetime | None] = mapped_column(UtcDateTime())


class DeckPolicy(Base, Timestamped):
    """What one carrier's decks are held to. A company without a row has the defaults."""

    __tablename__ = "deck_policy"
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), unique=True)
    thresholds: Mapped[dict[str, Any]] = mapped_column(default=dict)  # rates.thresholds.Thresholds
    auto_accept: Mapped[dict[str, Any]] = mapped_column(default=dict)  # app.decks.auto_accept.AutoAccept
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict)  # question -> what was answered last
    answered: Mapped[dict[str, Any]] = mapped_column(
        default=dict, server_default="{}"
    )  # question -> {"by", "at"}
    senders: Mapped[list[str]] = mapped_column(
        default=list
    )  # mail addresses, or @domain, that may send decks
    acd_seconds: Mapped[int] = mapped_column(default=180)  # length of a call where the traffic gives none


class Arrival(Base, Timestamped):
    """One file that came by mail or folder, whether or not it became a deck. Unknown senders wait with the operator."""

    __tablename__ = "arrival"
    __table_args__ = (sa.UniqueConstraint("way", "mark"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    way: Mapped[str] = mapped_column(sa.String(8))  # mail | folder
    mark: Mapped[str] = mapped_column(sa.String(64))  # SHA-256 of message id and part, or of path and bytes
    sender: Mapped[str] = mapped_column(sa.String(254), default="")
    subject: Mapped[str] = mapped_column(sa.String(255), default="")
    message_id: Mapped[str] = mapped_column(sa.String(255), default="")
    filename: Mapped[str] = mapped_column(sa.String(255), default="")
    size_bytes: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    file_key: Mapped[str | None] = mapped_column(sa.String(120))
    state: Mapped[str] = mapped_column(sa.String(12), index=True)  # taken | quarantined | refused | dropped
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    deck_id: Mapped[int | None] = mapped_column(sa.ForeignKey("deck.id"), index=True)
    replied_at: Mapped[datetime | None] = mapped_column(UtcDateTime())


class TrafficDay(Base):
    """Answered calls of one product towards one dial code on one day (UTC); what a deck's money impact is worked out on.

    `buyer_id` names the company whose call records they were summed from; 0 = an imported aggregate, buyers not told apart."""

    __tablename__ = "traffic_day"
    __table_args__ = (sa.UniqueConstraint("product_id", "day", "code", "buyer_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), index=True)
    buyer_id: Mapped[int] = mapped_column(default=0, server_default="0")
    code: Mapped[str] = mapped_column(sa.String(15))
    day: Mapped[date] = mapped_column(sa.Date)
    calls: Mapped[int] = mapped_column(sa.BigInteger)
    seconds: Mapped[int] = mapped_column(sa.BigInteger)
