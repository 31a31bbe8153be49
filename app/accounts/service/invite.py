"""Invite an address into the company, and take an invitation back."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.models import Invitation
from app.audit.record import record
from app.carriers.models import Company
from app.carriers.service.manage_people import role_named
from app.config import Mail
from app.errors import Conflict, NotFound
from app.mail.service.write_mail import write_mail
from app.security.actor import Actor
from app.security.models import User

HOLDS = timedelta(days=7)
MOST_OPEN = 50


def token_hash(token: str) -> str:
    """Tokens are 256 random bits: a plain SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def invite(
    session: Session, actor: Actor, *, email: str, role: str, link: Callable[[str], str], settings: Mail, now: datetime
) -> Invitation:  # fmt: skip
    """The invitation (flushed), its mail in the outbox. An open one to the same address is replaced.

    Whether the address has an account elsewhere is not said. Raises Conflict for one of our own people."""
    company = session.get_one(Company, actor.company_id)
    role_named(session, role, company)
    address = email.strip().lower()
    ours = sa.select(User.id).where(sa.func.lower(User.email) == address, User.company_id == company.id)
    if session.scalar(ours) is not None:
        raise Conflict("This person is in your company already.")
    standing = session.scalars(
        sa.select(Invitation).where(
            Invitation.company_id == company.id, Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None),
            Invitation.expires_at > now,
        )
    ).all()  # fmt: skip
    if len(standing) >= MOST_OPEN:
        raise Conflict(f"{MOST_OPEN} invitations are open.", hint="Take some back first.")
    for old in standing:
        if old.email == address:
            old.revoked_at = now
    token = secrets.token_urlsafe(32)
    made = Invitation(
        company_id=company.id, email=address, role=role, token_sha256=token_hash(token), invited_by=actor.user_id,
        expires_at=now + HOLDS, created_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    write_mail(
        session, settings, company_id=None, mark=f"invitation-{made.id}", recipient=address,
        subject=f"{company.name} invites you to Tandem", now=now,
        text=f"{actor.name or actor.email} invites you to join {company.name} on Tandem as {role}.\n\n"
        f"Accept here, before {made.expires_at:%Y-%m-%d %H:%M} UTC; the link works once:\n{link(token)}\n\n"
        "If you do not know them, do nothing: without the link nobody can act in your name.\n",
    )  # fmt: skip
    record(session, actor, action="user.invite", obj=made, after={"email": address, "role": role}, now=now)
    return made


def revoke_invitation(session: Session, actor: Actor, invitation_id: int, *, now: datetime) -> Invitation:
    """Raises NotFound for another company's, Conflict for one that is used or taken back."""
    found = session.get(Invitation, invitation_id)
    if found is None or found.company_id != actor.company_id:
        raise NotFound("There is no such invitation.")
    taken = session.execute(
        sa.update(Invitation)
        .where(Invitation.id == found.id, Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(Invitation.id)
        .execution_options(synchronize_session=False)
    ).first()
    if taken is None:
        raise Conflict("This invitation was used or taken back already.")
    session.refresh(found)
    record(
        session,
        actor,
        action="user.uninvite",
        obj=found,
        before={"email": found.email, "role": found.role},
        now=now,
    )
    return found
