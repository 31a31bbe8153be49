"""Invitations, a company's papers, the operator's reviews, acceptances of the exchange's terms."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Timestamped, UtcDateTime


class Invitation(Base, Timestamped):
    """An offer to one address to join one company in one role; the mail carries the token, this row its hash."""

    __tablename__ = "invitation"
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    email: Mapped[str] = mapped_column(sa.String(254), index=True)
    role: Mapped[str] = mapped_column(sa.String(40))
    token_sha256: Mapped[str] = mapped_column(sa.String(64), unique=True)
    invited_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime())
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    accepted_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime())


class Paper(Base, Timestamped):
    """One document a company handed in to be known; bytes by SHA-256 in the papers' store."""

    __tablename__ = "company_paper"
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(24))  # see app.accounts.papers.KINDS
    filename: Mapped[str] = mapped_column(sa.String(200))
    media_type: Mapped[str] = mapped_column(sa.String(40))  # found in the bytes, never believed
    size_bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(sa.String(64))
    uploaded_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))


class Review(Base):
    """One time a company asked to be approved, and what the operator said."""

    __tablename__ = "company_review"
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime())
    submitted_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    decided_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    verdict: Mapped[str] = mapped_column(sa.String(8), default="")  # approved | refused
    note: Mapped[str] = mapped_column(sa.Text, default="")


class TermsAcceptance(Base):
    """Who accepted which text of the exchange's terms for the company."""

    __tablename__ = "terms_acceptance"
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    version: Mapped[str] = mapped_column(sa.String(16))
    text_sha256: Mapped[str] = mapped_column(sa.String(64))
    typed_name: Mapped[str] = mapped_column(sa.String(120))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"))
    ip: Mapped[str] = mapped_column(sa.String(64), default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime())
