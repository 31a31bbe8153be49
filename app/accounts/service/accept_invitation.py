"""Join a company by the token of an invitation, once."""

from __future__ import annotations

import secrets
from datetime import datetime

import sqlalchemy as sa
from flask_security import hash_password
from sqlalchemy.orm import Session

from app.accounts.models import Invitation
from app.accounts.service.invite import token_hash
from app.audit.record import record
from app.carriers.models import Company
from app.carriers.service.manage_people import role_named
from app.errors import Conflict, NotFound
from app.security.actor import actor_of_user
from app.security.models import User


def open_invitation(session: Session, token: str, *, now: datetime) -> Invitation:
    """Raises NotFound for an unknown, used, revoked or expired token: they look the same."""
    found = session.scalar(sa.select(Invitation).where(Invitation.token_sha256 == token_hash(token)))
    if (
        found is None
        or found.accepted_at is not None
        or found.revoked_at is not None
        or found.expires_at <= now
    ):
        raise NotFound(
            "This invitation does not hold any more.", hint="Ask the person who invited you for a new one."
        )
    return found


def join_with_account(
    session: Session, invitation: Invitation, user: User, *, ip: str | None, now: datetime
) -> User:
    """A signed-in person without a company joins. Raises Conflict for another address or a person who has a company."""
    if user.email.lower() != invitation.email or user.confirmed_at is None:
        raise Conflict(
            "This invitation is for another address.", hint="Sign in with the address it was sent to."
        )
    _use(session, invitation, now)
    taken = session.execute(
        sa.update(User)
        .where(User.id == user.id, User.company_id.is_(None))
        .values(company_id=invitation.company_id)
        .returning(User.id)
        .execution_options(synchronize_session=False)
    ).first()
    if taken is None:
        raise Conflict(
            "You belong to a company already.", hint="Leave it first: one of its owners removes you."
        )
    session.refresh(user)
    return _joined(session, invitation, user, ip, now)


def join_with_new_account(
    session: Session, invitation: Invitation, *, name: str, password: str, ip: str | None, now: datetime
) -> User:
    """A new account; the mail that carried the token has proved the address. Raises Conflict when it has one already."""
    if session.scalar(sa.select(User.id).where(sa.func.lower(User.email) == invitation.email)) is not None:
        raise Conflict("This address has an account.", hint="Sign in, then open the invitation again.")
    _use(session, invitation, now)
    user = User(
        email=invitation.email, name=name, company_id=invitation.company_id, active=True, confirmed_at=now,
        fs_uniquifier=secrets.token_hex(16), password=hash_password(password),
    )  # fmt: skip
    session.add(user)
    session.flush()
    return _joined(session, invitation, user, ip, now)


def _use(session: Session, invitation: Invitation, now: datetime) -> None:
    """One conditional update: of two at once, one gets it."""
    used = session.execute(
        sa.update(Invitation)
        .where(
            Invitation.id == invitation.id, Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None),
            Invitation.expires_at > now,
        )
        .values(accepted_at=now)
        .returning(Invitation.id)
        .execution_options(synchronize_session=False)
    ).first()  # fmt: skip
    if used is None:
        raise Conflict("This invitation was used or taken back already.")


def _joined(session: Session, invitation: Invitation, user: User, ip: str | None, now: datetime) -> User:
    company = session.get_one(Company, invitation.company_id)
    user.roles = [role_named(session, invitation.role, company)]
    session.refresh(invitation)
    invitation.accepted_by = user.id
    session.flush()
    who = actor_of_user(session, user, ip)
    if who is None:
        raise Conflict("This company is closed at present.")
    record(
        session,
        who,
        action="user.join",
        obj=user,
        after={"email": user.email, "role": invitation.role},
        now=now,
    )
    return user
