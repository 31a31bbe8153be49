"""Company, product (the *offer* of the core), vendor trunk, customer trunk."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, Timestamped, UtcDateTime

ROUTE_CLASSES = ("premium", "standard", "non_cli", "tdm", "cc", "grey")
VISIBILITIES = ("public", "invited", "anonymous")


class Company(Base, Timestamped):
    """A carrier or a buyer; may be both. The operator runs the exchange."""

    __tablename__ = "company"
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(sa.String(40), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    country: Mapped[str] = mapped_column(sa.String(2))
    currency: Mapped[str] = mapped_column(sa.String(3))
    sells: Mapped[bool] = mapped_column(default=False)
    buys: Mapped[bool] = mapped_column(default=False)
    is_operator: Mapped[bool] = mapped_column(default=False)
    # sandbox -> submitted -> active | refused; suspended
    status: Mapped[str] = mapped_column(sa.String(16), default="active")
    # Invented by the demo: what companies see of the market before they are approved.
    sample: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)


class VendorTrunk(Base, Timestamped):
    """Where calls for a seller's products are sent."""

    __tablename__ = "vendor_trunk"
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    host: Mapped[str] = mapped_column(sa.String(253))
    port: Mapped[int] = mapped_column(default=5060)
    transport: Mapped[str] = mapped_column(sa.String(4), default="udp")
    channels: Mapped[int | None]
    cps: Mapped[int | None]
    enabled: Mapped[bool] = mapped_column(default=True)


class Product(Base, Timestamped):
    """A seller's offer: one class, one deck timeline, one price list in time. `id` is the core's offer_id."""

    __tablename__ = "product"
    __table_args__ = (sa.UniqueConstraint("company_id", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    vendor_trunk_id: Mapped[int | None] = mapped_column(sa.ForeignKey("vendor_trunk.id"))
    name: Mapped[str] = mapped_column(sa.String(80))
    route_class: Mapped[str] = mapped_column(sa.String(16))
    currency: Mapped[str] = mapped_column(sa.String(3))
    tech_prefix: Mapped[str] = mapped_column(sa.String(16), default="")
    priority: Mapped[int] = mapped_column(default=100)
    unlisted_rule: Mapped[str] = mapped_column(sa.String(20), default="parent")
    notice_days: Mapped[int] = mapped_column(default=7)
    timeout_ms: Mapped[int] = mapped_column(default=6000)
    enabled: Mapped[bool] = mapped_column(default=True)
    listed: Mapped[bool] = mapped_column(default=True)
    # Who sees the listing, and whose it is (app/carriers/sight.py).
    visibility: Mapped[str] = mapped_column(
        sa.String(12), default="public", server_default="public", index=True
    )
    # Matched by the LRN of a ported number where it is known.
    lrn_rated: Mapped[bool] = mapped_column(default=False)
    description: Mapped[str] = mapped_column(sa.Text, default="")
    # What its routes can do, in the words of docs/decision.md 10: weight, keeps_cli, min_digits, schedule, hunt_stop …
    routing: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    # What the seller promises in figures (app/carriers/claims.py), shown beside what is measured.
    claims: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    # Content key of the current timeline in the Arrow store; null until the first deck is approved.
    timeline_key: Mapped[str | None] = mapped_column(sa.String(80))
    version: Mapped[int] = mapped_column(default=0)
    # Set for a buyer's own deck of a vendor outside the market: that vendor's name. Never listed (app/market/private.py).
    outside_vendor: Mapped[str | None] = mapped_column(sa.String(80))
    # Set for what one buyer has under an agreement: this product's deck with negotiated prices over it (app/deals).
    derived_from: Mapped[int | None] = mapped_column(index=True)

    company: Mapped[Company] = relationship()
    vendor_trunk: Mapped[VendorTrunk | None] = relationship()


class ListingInvitation(Base, Timestamped):
    """A company that sees an `invited` listing."""

    __tablename__ = "listing_invitation"
    __table_args__ = (sa.UniqueConstraint("product_id", "company_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), index=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)


class CustomerTrunk(Base, Timestamped):
    """One technical connection of a buyer; its key or source address identifies it at the edge.

    `policy` is the policy object of docs/decision.md 5 and 6.
    """

    __tablename__ = "customer_trunk"
    __table_args__ = (sa.UniqueConstraint("company_id", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    tech_prefix: Mapped[str] = mapped_column(sa.String(16), default="")
    source_ips: Mapped[list[str]] = mapped_column(default=list)
    # How the trunk writes numbers (docs/decision.md 9); null = E.164.
    normalise: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON())
    # How the customer wants its calls hunted (docs/decision.md 8); null = as the products say.
    hunt: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON())
    # query, file, dip (docs/decision.md 8); null = all of them.
    lrn_sources: Mapped[list[str] | None] = mapped_column(sa.JSON())
    policy: Mapped[dict[str, Any]] = mapped_column(default=dict)
    max_routes: Mapped[int] = mapped_column(default=5)
    blocked_codes: Mapped[list[str]] = mapped_column(default=list)
    opened_codes: Mapped[list[str]] = mapped_column(default=list)
    rate_card_key: Mapped[str | None] = mapped_column(sa.String(80))
    enabled: Mapped[bool] = mapped_column(default=True)

    company: Mapped[Company] = relationship()


class QualityCounter(Base):
    """Counts of one product towards one dial code over a window; ratios are divided when shown."""

    __tablename__ = "quality_counter"
    __table_args__ = (sa.UniqueConstraint("product_id", "code", "source"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), index=True)
    code: Mapped[str] = mapped_column(sa.String(15))
    source: Mapped[str] = mapped_column(sa.String(8), default="calls")  # calls | tested
    window_from: Mapped[datetime] = mapped_column(UtcDateTime())
    window_until: Mapped[datetime] = mapped_column(UtcDateTime())
    attempts: Mapped[int] = mapped_column(sa.BigInteger)
    answered: Mapped[int] = mapped_column(sa.BigInteger)
    effective: Mapped[int] = mapped_column(sa.BigInteger)
    short_calls: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    talk_ms: Mapped[int] = mapped_column(sa.BigInteger)
    pdd_ms_sum: Mapped[int] = mapped_column(sa.BigInteger)
    pdd_samples: Mapped[int] = mapped_column(sa.BigInteger)
    mos_milli_sum: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    mos_samples: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    # Only of test calls: answers that were suspected of being false, and callers' numbers that arrived as sent.
    suspected: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
    cli_samples: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
    cli_kept: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
