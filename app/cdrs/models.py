"""Imports of call records, the records, those in quarantine, and their sums by day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.carriers.models import Company, CustomerTrunk, Product
from app.db import Base, Timestamped, UtcDateTime

IMPORT_STATES = ("received", "running", "done", "failed")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class CallImport(Base, Timestamped):
    """One received file and what became of it. The same file again is another import whose records are all duplicates."""

    __tablename__ = "call_import"
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    filename: Mapped[str] = mapped_column(sa.String(255))
    size_bytes: Mapped[int] = mapped_column(sa.BigInteger)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    file_key: Mapped[str] = mapped_column(sa.String(120))
    way: Mapped[str] = mapped_column(sa.String(8))  # web | cli | api | demo
    source: Mapped[str] = mapped_column(sa.String(40))  # name of the switch: part of each record's identity
    # For records that name none themselves.
    trunk_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer_trunk.id"))
    product_id: Mapped[int | None] = mapped_column(sa.ForeignKey("product.id"))
    state: Mapped[str] = mapped_column(sa.String(12), default="received")
    # shape, records, new, same, other, unread, quarantined, answered
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[str] = mapped_column(sa.Text, default="")
    uploaded_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    job_id: Mapped[str | None] = mapped_column(sa.String(64))
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime())


class CallRecord(Base):
    """One attempt at one vendor. `company_id` is the buyer whose trunk it came in by; amounts are nanos.

    The cost side is what the product's deck asks (the seller sees it too), the sell side what the trunk's rate card asks (the
    buyer's own secret). `content` tells a correction from a duplicate; rows are never edited: a correction is a new `version`.
    """

    __tablename__ = "call_record"
    __table_args__ = (
        sa.UniqueConstraint("company_id", "identity", "version"),
        sa.Index("ix_call_record_company_start", "company_id", "start_at"),
        sa.Index("ix_call_record_seller_start", "seller_id", "start_at"),
    )
    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"))
    seller_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"))
    import_id: Mapped[int] = mapped_column(sa.ForeignKey("call_import.id"), index=True)
    identity: Mapped[str] = mapped_column(sa.String(64))
    content: Mapped[str] = mapped_column(sa.String(64))
    version: Mapped[int] = mapped_column(default=1)
    current: Mapped[bool] = mapped_column(default=True)  # False: a later version stands for it
    trunk_id: Mapped[int] = mapped_column(sa.ForeignKey("customer_trunk.id"))
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), index=True)
    start_at: Mapped[datetime] = mapped_column(UtcDateTime())  # its answer; unanswered: its setup
    answered: Mapped[bool]
    sip_code: Mapped[int]
    duration_ms: Mapped[int] = mapped_column(sa.BigInteger)
    dnis: Mapped[str] = mapped_column(sa.String(15))
    ani: Mapped[str] = mapped_column(sa.String(64))
    record: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the whole rates.records.attempt.Attempt
    code: Mapped[str] = mapped_column(sa.String(15))
    destination: Mapped[str] = mapped_column(sa.String(160))
    cost_currency: Mapped[str] = mapped_column(sa.String(3))
    cost_nanos: Mapped[int] = mapped_column(sa.BigInteger)
    cost_base_nanos: Mapped[int] = mapped_column(sa.BigInteger)
    cost_rate_nanos: Mapped[int] = mapped_column(sa.BigInteger)
    cost_billed: Mapped[int]
    deck_id: Mapped[int] = mapped_column(sa.BigInteger)
    deck_row: Mapped[int]
    sell_currency: Mapped[str | None] = mapped_column(sa.String(3))
    sell_nanos: Mapped[int | None] = mapped_column(sa.BigInteger)
    sell_rate_nanos: Mapped[int | None] = mapped_column(sa.BigInteger)
    sell_billed: Mapped[int | None]
    margin_nanos: Mapped[int | None] = mapped_column(sa.BigInteger)  # base currency, at the day's exchange

    company: Mapped[Company] = relationship(foreign_keys=[company_id])
    seller: Mapped[Company] = relationship(foreign_keys=[seller_id])
    trunk: Mapped[CustomerTrunk] = relationship()
    product: Mapped[Product] = relationship()


class CallQuarantine(Base, Timestamped):
    """A record that was not taken: why, and all of it. One line a record and reason, however often its file comes."""

    __tablename__ = "call_quarantine"
    __table_args__ = (sa.UniqueConstraint("company_id", "mark"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    import_id: Mapped[int] = mapped_column(sa.ForeignKey("call_import.id"), index=True)
    mark: Mapped[str] = mapped_column(sa.String(64))  # of the content, or of an unreadable line
    reason: Mapped[str] = mapped_column(sa.String(24))  # a key of rates.records.faults.WORDS
    line: Mapped[int] = mapped_column(default=0)
    detail: Mapped[str] = mapped_column(sa.String(240), default="")
    record: Mapped[dict[str, Any]] = mapped_column(default=dict)  # empty for a line that could not be read
    trunk_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer_trunk.id"))
    product_id: Mapped[int | None] = mapped_column(sa.ForeignKey("product.id"))
    settled: Mapped[str] = mapped_column(sa.String(12), default="")  # "" | taken | dropped
    settled_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime())


class CallDay(Base):
    """Counts of one buyer towards one code of one product on one UTC day; ratios are divided when shown. Amounts are nanos."""

    __tablename__ = "call_day"
    __table_args__ = (sa.UniqueConstraint("day", "company_id", "product_id", "code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(sa.Date)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    seller_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), index=True)
    code: Mapped[str] = mapped_column(sa.String(15))
    attempts: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    answered: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    effective: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    short_calls: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    talk_ms: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    pdd_ms_sum: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    pdd_samples: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    talk_seconds: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # each call rounded up
    cost_nanos: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # the product's currency
    cost_base_nanos: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    sell_base_nanos: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    margin_base_nanos: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # of calls that have a sell side
