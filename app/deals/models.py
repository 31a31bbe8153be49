"""RFQ, deal (one buyer, one seller, one product: each offer of it a row of steps), agreement, its versions and signatures."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.carriers.models import Company, Product
from app.db import Base, Money, Timestamped, UtcDateTime


class Moving:
    """Mixin of what has a life: `state` of app.deals.machine; `revision` counts its moves, so that of two at once one wins."""

    state: Mapped[str] = mapped_column(sa.String(12), index=True)
    revision: Mapped[int] = mapped_column(default=0)


class Rfq(Base, Timestamped, Moving):
    """What a buyer asks the market for. `anonymous`: sellers do not learn who asks before a deal is agreed."""

    __tablename__ = "rfq"
    id: Mapped[int] = mapped_column(primary_key=True)
    buyer_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    # [{"code": "4420", "destination": "UK London"}]
    destinations: Mapped[list[dict[str, Any]]]
    route_class: Mapped[str] = mapped_column(sa.String(16), default="")  # empty: any
    minutes_month: Mapped[int] = mapped_column(sa.BigInteger)
    currency: Mapped[str] = mapped_column(sa.String(3))
    target_rate: Mapped[Decimal | None] = mapped_column(Money())
    # Floors in the words of app.deals.terms.Quality.
    floors: Mapped[dict[str, Any]] = mapped_column(default=dict)
    audience: Mapped[str] = mapped_column(sa.String(8), default="public")  # public | invited
    anonymous: Mapped[bool] = mapped_column(default=False)
    deadline: Mapped[datetime] = mapped_column(UtcDateTime(), index=True)
    note: Mapped[str] = mapped_column(sa.Text, default="")
    created_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))

    buyer: Mapped[Company] = relationship()


class RfqInvitation(Base, Timestamped):
    """A seller who may see an RFQ of audience `invited`."""

    __tablename__ = "rfq_invitation"
    __table_args__ = (sa.UniqueConstraint("rfq_id", "seller_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    rfq_id: Mapped[int] = mapped_column(sa.ForeignKey("rfq.id"), index=True)
    seller_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)


class Deal(Base, Timestamped, Moving):
    """A quote on an RFQ, or an order of a listing, and what it became. `terms` is the offer on the table
    (app.deals.terms.Terms as JSON), made by the side that is not in turn."""

    __tablename__ = "deal"
    id: Mapped[int] = mapped_column(primary_key=True)
    rfq_id: Mapped[int | None] = mapped_column(sa.ForeignKey("rfq.id"), index=True)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), index=True)
    seller_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    buyer_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    turn: Mapped[str] = mapped_column(sa.String(6))  # buyer | seller: who may answer
    round: Mapped[int] = mapped_column(default=1)  # counts the offers
    terms: Mapped[dict[str, Any]]
    valid_until: Mapped[datetime] = mapped_column(UtcDateTime(), index=True)
    first_of_two: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    created_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))

    product: Mapped[Product] = relationship()
    rfq: Mapped[Rfq | None] = relationship()
    seller: Mapped[Company] = relationship(foreign_keys=[seller_id])
    buyer: Mapped[Company] = relationship(foreign_keys=[buyer_id])


class PeeringOffer(Base, Timestamped):
    """A listing without a price: the company ends calls to what it brings for whoever does so for what it wants."""

    __tablename__ = "peering_offer"
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    # Its gateway and class, and under its visibility (app/carriers/sight.py) the offer stands.
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), index=True)
    state: Mapped[str] = mapped_column(sa.String(8), default="open", index=True)  # open | closed
    currency: Mapped[str] = mapped_column(sa.String(3))
    # app.deals.peering: settlement, ratio, rate of both directions, places of each side, judged_from_minutes.
    settlement: Mapped[str] = mapped_column(sa.String(16))
    ratio: Mapped[str] = mapped_column(sa.String(12))
    rate: Mapped[str] = mapped_column(sa.String(24), default="0")
    judged_from_minutes: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    brings: Mapped[list[dict[str, Any]]]
    wants: Mapped[list[dict[str, Any]]]
    channels: Mapped[int | None]
    notice_days: Mapped[int] = mapped_column(default=30)
    term_months: Mapped[int] = mapped_column(default=0)
    note: Mapped[str] = mapped_column(sa.Text, default="")
    created_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))

    company: Mapped[Company] = relationship()
    product: Mapped[Product] = relationship()


class Template(Base, Timestamped):
    """One version of an agreement's text and of the schedules it starts from; a published one is never changed."""

    __tablename__ = "agreement_template"
    __table_args__ = (sa.UniqueConstraint("name", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    number: Mapped[int]
    # [{"title": …, "text": …}]; {words} of app.deals.document are filled in.
    clauses: Mapped[list[dict[str, Any]]]
    schedule: Mapped[dict[str, Any]]  # app.deals.terms.Schedule as JSON


class Agreement(Base, Timestamped, Moving):
    """One contract between two companies for one deal; what it says stands in its versions."""

    __tablename__ = "agreement"
    id: Mapped[int] = mapped_column(primary_key=True)
    deal_id: Mapped[int] = mapped_column(sa.ForeignKey("deal.id"), unique=True)
    seller_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    buyer_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    trunk_ids: Mapped[list[int]] = mapped_column(sa.JSON(), default=list)
    # The product that the buyer's trunks get: the seller's own, or one with the negotiated rates laid over it.
    product_id: Mapped[int | None] = mapped_column(sa.ForeignKey("product.id"), index=True)
    effective_from: Mapped[datetime | None] = mapped_column(UtcDateTime())
    effective_until: Mapped[datetime | None] = mapped_column(UtcDateTime())
    trial_until: Mapped[datetime | None] = mapped_column(UtcDateTime(), index=True)
    trial_verdict: Mapped[str] = mapped_column(sa.String(8), default="")  # passed | failed | too_few
    # Base timeline and rates that the product's timeline was made of (app.deals.service.lay_rates).
    built_from: Mapped[str | None] = mapped_column(sa.String(64))
    # Of a peering the other direction: what the seller's trunks get of the buyer, and which of them.
    back_product_id: Mapped[int | None] = mapped_column(sa.ForeignKey("product.id"), index=True)
    back_trunk_ids: Mapped[list[int]] = mapped_column(sa.JSON(), default=list, server_default="[]")

    deal: Mapped[Deal] = relationship()
    seller: Mapped[Company] = relationship(foreign_keys=[seller_id])
    buyer: Mapped[Company] = relationship(foreign_keys=[buyer_id])
    product: Mapped[Product | None] = relationship(foreign_keys=[product_id])
    back_product: Mapped[Product | None] = relationship(foreign_keys=[back_product_id])


class AgreementVersion(Base, Timestamped, Moving):
    """Version 1 is the contract, each later one an amendment. `document` is what is signed, `sha256` of its canonical bytes."""

    __tablename__ = "agreement_version"
    __table_args__ = (sa.UniqueConstraint("agreement_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"), index=True)
    number: Mapped[int]
    template_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement_template.id"))
    terms: Mapped[dict[str, Any]]
    document: Mapped[dict[str, Any]]
    sha256: Mapped[str] = mapped_column(sa.String(64))
    # Null in the document: from the second signature on.
    wished_from: Mapped[datetime | None] = mapped_column(UtcDateTime())
    effective_from: Mapped[datetime | None] = mapped_column(UtcDateTime())
    begun: Mapped[bool] = mapped_column(default=False)  # in force, and its limits told to the routes
    proposed_by: Mapped[int] = mapped_column(sa.ForeignKey("company.id"))
    reason: Mapped[str] = mapped_column(sa.Text, default="")

    agreement: Mapped[Agreement] = relationship()
    template: Mapped[Template] = relationship()


class Signature(Base):
    """One side's signature under one version: what was signed, by whom, how the person proved to be that person."""

    __tablename__ = "agreement_signature"
    __table_args__ = (sa.UniqueConstraint("version_id", "side"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement_version.id"), index=True)
    side: Mapped[str] = mapped_column(sa.String(6))
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"))
    email: Mapped[str] = mapped_column(sa.String(255))
    typed_name: Mapped[str] = mapped_column(sa.String(120))
    proof: Mapped[str] = mapped_column(sa.String(12))  # totp | password
    sha256: Mapped[str] = mapped_column(sa.String(64))
    ip: Mapped[str | None] = mapped_column(sa.String(45))
    signed_at: Mapped[datetime] = mapped_column(UtcDateTime())
    # The first of two persons, where the company asks for two.
    first_user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    first_name: Mapped[str] = mapped_column(sa.String(120), default="")
    first_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    complete: Mapped[bool] = mapped_column(default=True)


class DealStep(Base):
    """Every move of an RFQ, deal, agreement or version, in order. `side` and not the company: an anonymous buyer's too."""

    __tablename__ = "deal_step"
    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(sa.String(20))
    subject_id: Mapped[int]
    action: Mapped[str] = mapped_column(sa.String(16))
    side: Mapped[str] = mapped_column(sa.String(6))  # buyer | seller | system
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    from_state: Mapped[str] = mapped_column(sa.String(12))
    to_state: Mapped[str] = mapped_column(sa.String(12))
    revision: Mapped[int]
    terms: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON())
    note: Mapped[str] = mapped_column(sa.Text, default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime())

    __table_args__ = (sa.UniqueConstraint("subject", "subject_id", "revision"),)


class AgreementMonth(Base, Timestamped):
    """One calendar month (UTC) of an agreement when it was over: statement and whether the promised quality was kept.

    `statement`: app.billing.statement.Statement as JSON; written once, later call records do not change it."""

    __tablename__ = "agreement_month"
    __table_args__ = (sa.UniqueConstraint("agreement_id", "month"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    agreement_id: Mapped[int] = mapped_column(sa.ForeignKey("agreement.id"), index=True)
    month: Mapped[date] = mapped_column(sa.Date)
    verdict: Mapped[str] = mapped_column(sa.String(8))  # kept | missed | too_few
    statement: Mapped[dict[str, Any]]


class TradeRule(Base):
    """A company's own rule: deals worth more a month than this, in its currency, need a second person."""

    __tablename__ = "trade_rule"
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), primary_key=True)
    second_person_above: Mapped[Decimal | None] = mapped_column(Money())
