"""What was published when, and what was refused."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Timestamped, UtcDateTime


class SnapshotRecord(Base, Timestamped):
    """One published (or failed) snapshot."""

    __tablename__ = "snapshot_record"
    id: Mapped[int] = mapped_column(primary_key=True)
    snapshot_id: Mapped[str | None] = mapped_column(sa.String(80), index=True)
    index_file: Mapped[str | None] = mapped_column(sa.String(120))
    index_inputs: Mapped[str | None] = mapped_column(sa.String(64))  # hash of what the index was built from
    reason: Mapped[str] = mapped_column(sa.String(200))
    state: Mapped[str] = mapped_column(sa.String(12))  # published | failed
    offers: Mapped[int] = mapped_column(default=0)
    rates: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    epoch_until: Mapped[datetime | None] = mapped_column(UtcDateTime())
    build_ms: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(sa.Text)


class FxRate(Base, Timestamped):
    """Units of the base currency for one unit of `currency`, valid from an instant."""

    __tablename__ = "fx_rate"
    id: Mapped[int] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(sa.String(3), index=True)
    rate: Mapped[str] = mapped_column(sa.String(24))  # exact decimal text
    valid_from: Mapped[datetime] = mapped_column(UtcDateTime())


STOP_KINDS = ("switch", "block", "cap", "vendor_credit", "company_credit", "trunk_credit")


class RoutingStop(Base, Timestamped):
    """Something that is stopped without a new snapshot: what the edge is told to (docs/state.md).

    `target_id`: a product for switch, block and cap, a company for vendor_credit and company_credit, else a trunk.
    """

    __tablename__ = "routing_stop"
    __table_args__ = (sa.UniqueConstraint("kind", "target_id", "code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(16))
    target_id: Mapped[int] = mapped_column(index=True)
    code: Mapped[str] = mapped_column(sa.String(15), default="")  # of a block
    reason: Mapped[str] = mapped_column(sa.String(200))
    set_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))


class NumberFile(Base, Timestamped):
    """A file of number blocks (`blocks`) or ported numbers (`lrn`) as it was packed; the newest of a kind is in force."""

    __tablename__ = "number_file"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(8))
    file: Mapped[str] = mapped_column(sa.String(80))
    # The rows as they were read, in the Arrow store: decks priced by OCN or LATA are spread out by the newest blocks.
    table_key: Mapped[str | None] = mapped_column(sa.String(80))
    source: Mapped[str] = mapped_column(sa.String(200))
    rows: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    problems: Mapped[list[dict[str, Any]]] = mapped_column(default=list)


class TalkDay(Base):
    """Answered calls towards one dial code on one UTC day by class of length (rates.records.mixes): the real duration mix."""

    __tablename__ = "talk_day"
    __table_args__ = (sa.UniqueConstraint("day", "code", "length_class"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(sa.Date, index=True)
    code: Mapped[str] = mapped_column(sa.String(15))
    length_class: Mapped[int]
    calls: Mapped[int] = mapped_column(sa.BigInteger)
    seconds: Mapped[int] = mapped_column(sa.BigInteger)


class QualityDelta(Base):
    """Counts of recent calls that the edge has not been told yet; they go when it has taken them."""

    __tablename__ = "quality_delta"
    __table_args__ = (sa.UniqueConstraint("product_id", "code", "minute"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), index=True)
    code: Mapped[str] = mapped_column(sa.String(15))
    minute: Mapped[datetime] = mapped_column(UtcDateTime())  # the calls' own: how far they have faded
    attempts: Mapped[int]
    answered: Mapped[int]
    effective: Mapped[int]
    talk_ms: Mapped[int] = mapped_column(sa.BigInteger)
    pdd_ms_sum: Mapped[int] = mapped_column(sa.BigInteger)
    pdd_samples: Mapped[int]
