"""Reads of accounts: invitations, papers, the approval queue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.models import Invitation, Paper, Review
from app.carriers.models import Company
from app.security.models import User


@dataclass(frozen=True)
class InvitationRow:
    """`state`: open, accepted, revoked or expired at the instant asked for."""

    id: int
    email: str
    role: str
    invited_by: str
    created_at: datetime
    expires_at: datetime
    state: str


def invitations(session: Session, company_id: int, *, now: datetime) -> list[InvitationRow]:
    rows = session.execute(
        sa.select(Invitation, User.email)
        .outerjoin(User, User.id == Invitation.invited_by)
        .where(Invitation.company_id == company_id)
        .order_by(Invitation.id.desc())
        .limit(200)
    )
    return [
        InvitationRow(i.id, i.email, i.role, email or "", i.created_at, i.expires_at, state_of(i, now)) for i, email in rows
    ]  # fmt: skip


def state_of(invitation: Invitation, now: datetime) -> str:
    if invitation.accepted_at is not None:
        return "accepted"
    if invitation.revoked_at is not None:
        return "revoked"
    return "expired" if invitation.expires_at <= now else "open"


def waiting_for(session: Session, email: str, *, now: datetime) -> list[tuple[Invitation, Company]]:
    """Open invitations to a confirmed address, with the company each is of."""
    rows = session.execute(
        sa.select(Invitation, Company)
        .join(Company, Company.id == Invitation.company_id)
        .where(
            Invitation.email == email.lower(), Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None),
            Invitation.expires_at > now,
        )
        .order_by(Invitation.id)
    )  # fmt: skip
    return [(invitation, company) for invitation, company in rows]


@dataclass(frozen=True)
class PaperRow:
    id: int
    kind: str
    filename: str
    media_type: str
    size_bytes: int
    sha256: str
    created_at: datetime


def papers(session: Session, company_id: int) -> list[PaperRow]:
    rows = session.scalars(sa.select(Paper).where(Paper.company_id == company_id).order_by(Paper.id))
    return [
        PaperRow(p.id, p.kind, p.filename, p.media_type, p.size_bytes, p.sha256, p.created_at) for p in rows
    ]


@dataclass(frozen=True)
class QueueRow:
    """A company of the approval queue; `since`: when it asked, or came."""

    id: int
    name: str
    country: str
    status: str
    since: datetime
    papers: int
    owner: str


def approval_queue(session: Session) -> list[QueueRow]:
    """Companies not approved yet, those that wait first, the longest wait first. For the operator's pages only."""
    counted = (
        sa.select(sa.func.count()).select_from(Paper).where(Paper.company_id == Company.id).scalar_subquery()
    )
    asked = (
        sa.select(sa.func.max(Review.submitted_at)).where(Review.company_id == Company.id).scalar_subquery()
    )
    owner = sa.select(sa.func.min(User.email)).where(User.company_id == Company.id).scalar_subquery()
    rows = session.execute(
        sa.select(Company, counted, sa.type_coerce(asked, Review.submitted_at.type), owner).where(
            Company.status.in_(("sandbox", "submitted", "refused"))
        )
    )
    found = [
        QueueRow(c.id, c.name, c.country, c.status, since or c.created_at, papers, email or "")
        for c, papers, since, email in rows
    ]
    return sorted(found, key=lambda row: (row.status != "submitted", row.since))


def reviews(session: Session, company_id: int) -> list[Review]:
    return list(
        session.scalars(sa.select(Review).where(Review.company_id == company_id).order_by(Review.id.desc()))
    )
