"""Who is asking: a frozen view of the signed-in person or the API key, read once per request."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import Base
from app.security.models import ApiKey, User
from app.security.permissions import OPERATOR, permissions_of

KEY_PREFIX = "tk_"


@dataclass(frozen=True)
class Actor:
    """The tenant comes from here only, never from a parameter."""

    user_id: int | None
    company_id: int
    email: str
    roles: frozenset[str]
    permissions: frozenset[str]
    is_operator: bool
    key_id: int | None = None
    ip: str | None = None
    name: str = ""
    company_name: str = ""
    sells: bool = False
    buys: bool = False

    def may(self, *permissions: str) -> bool:
        return all(permission in self.permissions for permission in permissions)


@dataclass(frozen=True)
class _Side:
    name: str
    sells: bool
    buys: bool
    active: bool
    runs_exchange: bool


def _side(session: Session, company_id: int) -> _Side:
    # `company` belongs to a floor above; its table is read by name.
    table = Base.metadata.tables["company"]
    row = session.execute(sa.select(table).where(table.c.id == company_id)).one()
    return _Side(row.name, row.sells, row.buys, row.status == "active", row.is_operator)


def hash_key(secret: str) -> str:
    """Keys are 256 random bits, so a plain SHA-256 is enough (nothing to guess)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def actor_of_user(session: Session, user: User, ip: str | None) -> Actor | None:
    """The person as an actor; None when the account or the company is switched off."""
    side = _side(session, user.company_id)
    if not user.active or not side.active:
        return None
    roles = frozenset(role.name for role in user.roles)
    if not side.runs_exchange:
        roles -= {OPERATOR}
    permissions = permissions_of(roles, sells=side.sells, buys=side.buys)
    return Actor(
        user_id=user.id, company_id=user.company_id, email=user.email, roles=roles, permissions=permissions,
        is_operator=OPERATOR in permissions, ip=ip, name=user.name, company_name=side.name, sells=side.sells,
        buys=side.buys,
    )  # fmt: skip


def actor_of_key(session: Session, secret: str, now: datetime, ip: str | None) -> Actor | None:
    """The key as an actor; None when it is unknown, revoked, expired or its company is switched off."""
    key = session.scalar(sa.select(ApiKey).where(ApiKey.key_sha256 == hash_key(secret)))
    if key is None or key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
        return None
    side = _side(session, key.company_id)
    if not side.active:
        return None
    if key.last_used_at is None or now - key.last_used_at > timedelta(minutes=1):
        key.last_used_at = now
        session.commit()
    permissions = permissions_of(frozenset({"owner"}), sells=side.sells, buys=side.buys) & frozenset(
        key.scopes
    )
    return Actor(
        user_id=None, company_id=key.company_id, email=f"key {key.prefix}…", roles=frozenset(),
        permissions=permissions, is_operator=False, key_id=key.id, ip=ip, name=key.name, company_name=side.name,
        sells=side.sells, buys=side.buys,
    )  # fmt: skip


def system_actor(company_id: int, name: str = "worker") -> Actor:
    """The worker or the command line acting for a company: everything but a person."""
    return Actor(
        None,
        company_id,
        name,
        frozenset(),
        permissions_of(frozenset({"owner"}), sells=True, buys=True),
        False,
    )
