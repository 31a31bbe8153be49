"""Purchase: a buyer's request and the seller's answer (the accepted one is the grant); rate notice; saved search."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.carriers.models import Company, CustomerTrunk, Product
from app.db import Base, Timestamped, UtcDateTime


class Purchase(Base, Timestamped):
    """requested -> accepted | declined | withdrawn; accepted -> ended. Active in `[effective_from, effective_until)`."""

    __tablename__ = "purchase"
    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), index=True)
    seller_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    buyer_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    trunk_id: Mapped[int] = mapped_column(sa.ForeignKey("customer_trunk.id"), index=True)
    state: Mapped[str] = mapped_column(sa.String(12), default="requested", index=True)
    note: Mapped[str] = mapped_column(sa.Text, default="")
    answer: Mapped[str] = mapped_column(sa.Text, default="")
    requested_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    decided_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    effective_from: Mapped[datetime | None] = mapped_column(UtcDateTime())
    effective_until: Mapped[datetime | None] = mapped_column(UtcDateTime())
    # Of the agreement that made it (app/deals): begins, changes and ends with it only.
    agreement_id: Mapped[int | None] = mapped_column(index=True)

    product: Mapped[Product] = relationship()
    seller: Mapped[Company] = relationship(foreign_keys=[seller_id])
    buyer: Mapped[Company] = relationship(foreign_keys=[buyer_id])
    trunk: Mapped[CustomerTrunk] = relationship()


class RateNotice(Base, Timestamped):
    """What a new deck version changes for one buyer of the product: told by mail and page, acknowledged by the buyer."""

    __tablename__ = "rate_notice"
    __table_args__ = (sa.UniqueConstraint("product_id", "version", "buyer_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), index=True)
    seller_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    buyer_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    version: Mapped[int]
    changes_key: Mapped[str] = mapped_column(sa.String(80))  # Arrow table of rates.schema.DIFF
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    first_change: Mapped[datetime | None] = mapped_column(UtcDateTime())
    acknowledged_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    answer: Mapped[str] = mapped_column(sa.Text, default="")

    product: Mapped[Product] = relationship()
    seller: Mapped[Company] = relationship(foreign_keys=[seller_id])
    buyer: Mapped[Company] = relationship(foreign_keys=[buyer_id])


class SavedSearch(Base, Timestamped):
    """A market search kept under a name; the state is the page's query string."""

    __tablename__ = "saved_search"
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    query: Mapped[str] = mapped_column(sa.Text)
    kind: Mapped[str] = mapped_column(sa.String(12), default="search")
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
