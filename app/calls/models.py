"""Test calls with their evidence, tickets, schedules, our own numbers, and what companies may spend on tests."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.carriers.models import Company, CustomerTrunk, Product
from app.db import Base, Timestamped, UtcDateTime

OPEN_STATES = ("queued", "placed")
NONE = Decimal(0)


class TestTicket(Base, Timestamped):
    """What a buyer's switch may call through one product by way of the edge. Whoever issued it may revoke it.

    `code` is dialled before the number or sent as a header; `codes` empty: every destination that is not closed.
    Money is of the exchange's base currency. `used_*` come from the records.
    """

    __test__ = False
    __tablename__ = "test_ticket"
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    seller_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    issuer_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), index=True)
    trunk_id: Mapped[int] = mapped_column(sa.ForeignKey("customer_trunk.id"))
    code: Mapped[str] = mapped_column(sa.String(12), unique=True)
    codes: Mapped[list[str]] = mapped_column(default=list)
    max_calls: Mapped[int]
    max_concurrent: Mapped[int] = mapped_column(default=2)
    max_seconds: Mapped[int]  # of one call
    total_seconds: Mapped[int]
    max_rate: Mapped[Decimal | None]
    spend: Mapped[Decimal]
    used_calls: Mapped[int] = mapped_column(default=0)
    used_seconds: Mapped[int] = mapped_column(default=0)
    used_spend: Mapped[Decimal] = mapped_column(default=NONE)
    # The switch must prove a password (app/calls/passwords.py).
    guarded: Mapped[bool] = mapped_column(default=False)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime())
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime(), index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    note: Mapped[str] = mapped_column(sa.String(200), default="")
    created_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))

    product: Mapped[Product] = relationship()
    company: Mapped[Company] = relationship(foreign_keys=[company_id])
    trunk: Mapped[CustomerTrunk] = relationship()

    def state(self, now: datetime) -> str:
        """active | waiting | revoked | expired | used_up."""
        if self.revoked_at is not None:
            return "revoked"
        if now >= self.expires_at:
            return "expired"
        if (
            self.used_calls >= self.max_calls
            or self.used_seconds >= self.total_seconds
            or self.used_spend >= self.spend
        ):
            return "used_up"
        return "waiting" if now < self.starts_at else "active"


class TestSchedule(Base, Timestamped):
    """The same test again and again. `next_at` is when the next one is due."""

    __test__ = False
    __tablename__ = "test_schedule"
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    product_ids: Mapped[list[Any]] = mapped_column(sa.JSON())
    number: Mapped[str] = mapped_column(sa.String(15))
    caller: Mapped[str] = mapped_column(sa.String(15), default="")
    seconds: Mapped[int]
    every_minutes: Mapped[int]
    next_at: Mapped[datetime] = mapped_column(UtcDateTime(), index=True)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime())
    enabled: Mapped[bool] = mapped_column(default=True)
    runs: Mapped[int] = mapped_column(default=0)
    last_batch: Mapped[str] = mapped_column(sa.String(32), default="")
    last_fault: Mapped[str] = mapped_column(sa.String(300), default="")
    created_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))


class TestCall(Base, Timestamped):
    """One call: queued → placed (the edge has it) → done | refused | cancelled | failed.

    `ref` is its name at the edge. `batch`: ordered together, the same number through several products. Money: `terms` is what
    the product asked when it was ordered, `reserved` and `cost_base` are of the base currency, `cost` of `currency`.
    Times are ms after the INVITE. `record` is what the edge wrote, whole.
    """

    __test__ = False
    __tablename__ = "test_call"
    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(sa.String(64), unique=True)
    batch: Mapped[str] = mapped_column(sa.String(32), default="", index=True)
    mode: Mapped[str] = mapped_column(sa.String(12), default="originated")  # originated | forwarded | far_end
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    seller_id: Mapped[int | None] = mapped_column(sa.ForeignKey("company.id"), index=True)
    product_id: Mapped[int | None] = mapped_column(sa.ForeignKey("product.id"), index=True)
    ticket_id: Mapped[int | None] = mapped_column(sa.ForeignKey("test_ticket.id"), index=True)
    schedule_id: Mapped[int | None] = mapped_column(sa.ForeignKey("test_schedule.id", ondelete="SET NULL"))
    ordered_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    number: Mapped[str] = mapped_column(sa.String(15), index=True)
    code: Mapped[str] = mapped_column(sa.String(15), default="")
    destination: Mapped[str] = mapped_column(sa.String(120), default="")
    caller: Mapped[str] = mapped_column(sa.String(15), default="")
    own: Mapped[bool] = mapped_column(default=False)  # to a number of ours: both ends are seen
    wishes: Mapped[dict[str, Any]] = mapped_column(default=dict)  # max_seconds, keys, withhold, sign …
    state: Mapped[str] = mapped_column(sa.String(10), default="queued", index=True)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    why: Mapped[str] = mapped_column(sa.String(300), default="")  # of refused, cancelled, failed
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime())

    currency: Mapped[str] = mapped_column(sa.String(3), default="")
    terms: Mapped[dict[str, Any]] = mapped_column(default=dict)
    day: Mapped[date] = mapped_column(sa.Date)  # whose cap it counts against
    reserved: Mapped[Decimal] = mapped_column(default=NONE)
    cost: Mapped[Decimal | None]
    cost_base: Mapped[Decimal | None]

    placed_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    begun_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), index=True)
    outcome: Mapped[str] = mapped_column(sa.String(12), default="")
    sip_code: Mapped[int | None]
    phrase: Mapped[str] = mapped_column(sa.String(80), default="")
    cause: Mapped[int | None]
    released_by: Mapped[str] = mapped_column(sa.String(16), default="")
    pdd_ms: Mapped[int | None]
    ringing_ms: Mapped[int | None]
    answered_ms: Mapped[int | None]
    talk_ms: Mapped[int | None]
    mos_milli: Mapped[int | None]
    mos_estimated: Mapped[bool] = mapped_column(default=False)
    loss_ppm: Mapped[int | None]
    jitter_us: Mapped[int | None]
    cli: Mapped[str] = mapped_column(sa.String(12), default="")  # exact, withheld, …; "" where nobody saw it
    verdict: Mapped[str] = mapped_column(sa.String(12), default="")  # honest | suspect | unanswered
    finding: Mapped[str] = mapped_column(sa.String(20), default="")  # the weightiest
    findings: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    record: Mapped[dict[str, Any]] = mapped_column(default=dict)

    company: Mapped[Company] = relationship(foreign_keys=[company_id])
    product: Mapped[Product | None] = relationship()

    @property
    def live(self) -> bool:
        return self.state in OPEN_STATES


class TestEvent(Base):
    """What happened in a call, in order: rows of the ladder. `fields` as docs/test-calls.md has them."""

    __test__ = False
    __tablename__ = "test_event"
    __table_args__ = (sa.UniqueConstraint("call_id", "n"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(sa.ForeignKey("test_call.id", ondelete="CASCADE"), index=True)
    n: Mapped[int]
    at_us: Mapped[int] = mapped_column(sa.BigInteger)
    event: Mapped[str] = mapped_column(sa.String(16))
    side: Mapped[str] = mapped_column(sa.String(1), default="")
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)


class TestMedia(Base):
    """What was received from one side: figures of the whole call and of each second."""

    __test__ = False
    __tablename__ = "test_media"
    __table_args__ = (sa.UniqueConstraint("call_id", "side"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(sa.ForeignKey("test_call.id", ondelete="CASCADE"), index=True)
    side: Mapped[str] = mapped_column(sa.String(1))  # a | b | f
    figures: Mapped[dict[str, Any]]
    seconds: Mapped[list[Any]] = mapped_column(
        sa.JSON()
    )  # [second, packets, expected, lost, discarded, jitter_us, level]


class TestFile(Base):
    """Audio or packets of a call, below the evidence directory by content."""

    __test__ = False
    __tablename__ = "test_file"
    __table_args__ = (sa.UniqueConstraint("call_id", "side", "kind"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(sa.ForeignKey("test_call.id", ondelete="CASCADE"), index=True)
    side: Mapped[str] = mapped_column(sa.String(1))  # b: the call's own, f: of our far end
    kind: Mapped[str] = mapped_column(sa.String(4))  # wav | pcap
    size_bytes: Mapped[int] = mapped_column(sa.BigInteger)
    sha256: Mapped[str] = mapped_column(sa.String(64))


class OwnNumber(Base, Timestamped):
    """A number of the exchange that ends at the edge. `busy_ref`: the one call it waits for, until `busy_until` at the latest."""

    __tablename__ = "own_number"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(15), unique=True)
    country: Mapped[str] = mapped_column(sa.String(3))  # country code, as the edge writes numbers there
    national_prefix: Mapped[str] = mapped_column(sa.String(4), default="0")
    international_prefix: Mapped[str] = mapped_column(sa.String(4), default="00")
    ring_ms: Mapped[int] = mapped_column(default=2000)
    talk_seconds: Mapped[int] = mapped_column(default=30)
    enabled: Mapped[bool] = mapped_column(default=True)
    busy_ref: Mapped[str | None] = mapped_column(sa.String(64))
    busy_until: Mapped[datetime | None] = mapped_column(UtcDateTime())


class SpendDay(Base):
    """What a company's test calls of one UTC day cost, and what is set aside for those under way. Base currency."""

    __tablename__ = "test_spend_day"
    __table_args__ = (sa.UniqueConstraint("company_id", "day"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    day: Mapped[date] = mapped_column(sa.Date)
    reserved: Mapped[Decimal] = mapped_column(default=NONE)
    spent: Mapped[Decimal] = mapped_column(default=NONE)
    calls: Mapped[int] = mapped_column(default=0)


class SpendCap(Base, Timestamped):
    """Another cap than the exchange's default for one company. Base currency a day."""

    __tablename__ = "test_spend_cap"
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), unique=True)
    day_cap: Mapped[Decimal]
    reason: Mapped[str] = mapped_column(sa.String(200), default="")


class OpenedCode(Base, Timestamped):
    """A dear destination that the operator opened for one company's test calls, until `until`."""

    __tablename__ = "test_opened_code"
    __table_args__ = (sa.UniqueConstraint("company_id", "code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    code: Mapped[str] = mapped_column(sa.String(15))
    until: Mapped[datetime] = mapped_column(UtcDateTime())
    reason: Mapped[str] = mapped_column(sa.String(200))


class LogCursor(Base):
    """How far the edge's record log was read: file, byte after the last whole line, its `seq`."""

    __tablename__ = "test_log_cursor"
    id: Mapped[int] = mapped_column(primary_key=True)
    directory: Mapped[str] = mapped_column(sa.String(400), unique=True)
    file: Mapped[str] = mapped_column(sa.String(80), default="")
    offset: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    seq: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    faults: Mapped[int] = mapped_column(default=0)
