"""Add a person, change a role, switch an account off. The last owner stays."""

from __future__ import annotations

import secrets
from datetime import datetime

import sqlalchemy as sa
from flask_security import hash_password
from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.directory import person_of
from app.carriers.models import Company
from app.errors import Conflict, Invalid
from app.security.actor import Actor
from app.security.models import Role, User
from app.security.permissions import OPERATOR, ROLES
from app.security.sessions import renew_identity


def add_person(
    session: Session, actor: Actor, *, company_id: int, email: str, name: str, role: str, now: datetime
) -> User:  # fmt: skip
    """The new account, with a password that nobody knows: the person sets the first one by a link that works once
    and not for long (Flask-Security's of a forgotten password). Needs an application context (hashing)."""
    if company_id != actor.company_id and not actor.is_operator:
        raise Invalid("People are added to your own company only.")
    address = email.strip().lower()
    if session.scalar(sa.select(User.id).where(User.email == address)) is not None:
        raise Conflict("This e-mail address already has an account.", hint="Each address has one account.")
    user = User(
        email=address, name=name, company_id=company_id, active=True, fs_uniquifier=secrets.token_hex(16),
        password=hash_password(secrets.token_urlsafe(32)), confirmed_at=now,
    )  # fmt: skip
    user.roles = [role_named(session, role, session.get_one(Company, company_id))]
    session.add(user)
    session.flush()
    record(session, actor, action="user.add", obj=user, after={"email": address, "role": role}, now=now,
           company_id=company_id)  # fmt: skip
    return user


def set_role(session: Session, actor: Actor, user_id: int, role: str, *, now: datetime) -> User:
    """The person signs in again: every session they had ends with its next request."""
    user = person_of(session, user_id, actor)
    before = sorted(r.name for r in user.roles)
    if "owner" in before and role != "owner":
        _keep_an_owner(session, user)
    user.roles = [role_named(session, role, session.get_one(Company, user.company_id))]
    renew_identity(session, user, "role changed", now=now)
    session.flush()
    record(session, actor, action="user.role", obj=user, before={"roles": before}, after={"roles": [role]}, now=now,
           company_id=user.company_id)  # fmt: skip
    return user


def end_sessions_of(session: Session, actor: Actor, user_id: int, *, now: datetime) -> User:
    """The person signs in again everywhere: a lost laptop, a doubt. Raises NotFound."""
    user = person_of(session, user_id, actor)
    renew_identity(session, user, "ended by an owner", now=now)
    session.flush()
    record(session, actor, action="user.end_sessions", obj=user, after={"email": user.email}, now=now,
           company_id=user.company_id)  # fmt: skip
    return user


def drop_second_factor(session: Session, actor: Actor, user_id: int, *, now: datetime) -> User:
    """For somebody who lost the telephone and the recovery codes, after whoever does this has seen who asks: the
    authenticator, the passkeys that are second factors and the codes are gone, every session ends, the person sets
    up anew after the password. Raises NotFound, Conflict for oneself (change it at one's own account)."""
    user = person_of(session, user_id, actor)
    if user.id == actor.user_id:
        raise Conflict("This is your own account.", hint="Change the second factor at “Your account”.")
    keys = [key for key in user.webauthn if key.usage == "secondary"]
    before = {"authenticator": user.tf_primary_method is not None, "passkeys": [key.name for key in keys]}
    user.tf_primary_method = user.tf_totp_secret = user.tf_last_counter = None
    user.mf_recovery_codes = []
    for key in keys:
        session.delete(key)
    renew_identity(session, user, "second factor reset", now=now)
    session.flush()
    record(session, actor, action="user.two_factor_reset", obj=user, before=before, now=now,
           company_id=user.company_id)  # fmt: skip
    return user


def set_active(session: Session, actor: Actor, user_id: int, active: bool, *, now: datetime) -> User:
    """Switching an account off ends its sessions with their next request."""
    user = person_of(session, user_id, actor)
    if not active and any(r.name == "owner" for r in user.roles):
        _keep_an_owner(session, user)
    if not active and user.id == actor.user_id:
        raise Conflict("You cannot switch your own account off.")
    before, user.active = user.active, active
    renew_identity(session, user, "switched off" if not active else "switched on", now=now)
    session.flush()
    record(session, actor, action="user.active", obj=user, before={"active": before}, after={"active": active},
           now=now, company_id=user.company_id)  # fmt: skip
    return user


def remove_person(session: Session, actor: Actor, user_id: int, *, now: datetime) -> User:
    """Out of the company: no role, no session. The account stays the person's own and may join another company."""
    user = person_of(session, user_id, actor)
    if user.id == actor.user_id:
        raise Conflict("You cannot remove yourself.", hint="Another owner can.")
    before = sorted(r.name for r in user.roles)
    company_id = user.company_id
    if "owner" in before:
        _keep_an_owner(session, user)
    user.company_id, user.roles = None, []
    renew_identity(session, user, "removed from the company", now=now)
    session.flush()
    record(session, actor, action="user.remove", obj=user, before={"email": user.email, "roles": before}, now=now,
           company_id=company_id)  # fmt: skip
    return user


def role_named(session: Session, name: str, company: Company) -> Role:
    """The role. Raises Invalid for one that this company has not."""
    if name not in ROLES or (name == OPERATOR and not company.is_operator):
        raise Invalid(f"There is no role {name} in this company.")
    return session.scalars(sa.select(Role).where(Role.name == name)).one()


def _keep_an_owner(session: Session, leaving: User) -> None:
    # Two owners who take each other's role at once: the company's row is the one both must have first.
    session.execute(
        sa.update(Company)
        .where(Company.id == leaving.company_id)
        .values(slug=Company.slug)
        .execution_options(synchronize_session=False)
    )
    owners = session.scalars(
        sa.select(User.id).where(
            User.company_id == leaving.company_id, User.active.is_(True), User.id != leaving.id,
            User.roles.any(Role.name == "owner"),
        )
    )  # fmt: skip
    if owners.first() is None:
        raise Conflict("A company keeps at least one owner.", hint="Make somebody else owner first.")
