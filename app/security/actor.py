"""Who is asking: a frozen view of the signed-in person or the API key, read once per request."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import Base
from app.security.models import ApiKey, User
from app.security.permissions import OPERATOR, permissions_of

KEY_PREFIX = "tk_"
# States of a company before the operator has approved it.
SANDBOX_STATES = ("sandbox", "submitted", "refused")


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
    # Not approved yet: nothing of the company is visible to others, nothing is routed.
    sandbox: bool = False

    def may(self, *permissions: str) -> bool:
        return all(permission in self.permissions for permission in permissions)


@dataclass(frozen=True)
class _Side:
    name: str
    sells: bool
    buys: bool
    shut: bool
    sandbox: bool
    runs_exchange: bool


def _side(session: Session, company_id: int) -> _Side:
    # `company` belongs to a floor above; its table is read by name.
    table = Base.metadata.tables["company"]
    row = session.execute(sa.select(table).where(table.c.id == company_id)).one()
    shut = row.status not in ("active", *SANDBOX_STATES)
    return _Side(row.name, row.sells, row.buys, shut, row.status in SANDBOX_STATES, row.is_operator)


def hash_key(secret: str) -> str:
    """Keys are 256 random bits, so a plain SHA-256 is enough (nothing to guess)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def actor_of_user(session: Session, user: User, ip: str | None) -> Actor | None:
    """The person as an actor; None without a company, or when the account or the company is switched off."""
    if user.company_id is None:
        return None
    side = _side(session, user.company_id)
    if not user.active or side.shut:
        return None
    roles = frozenset(role.name for role in user.roles)
    if not side.runs_exchange:
        roles -= {OPERATOR}
    permissions = permissions_of(roles, sells=side.sells, buys=side.buys, sandbox=side.sandbox)
    return Actor(
        user_id=user.id, company_id=user.company_id, email=user.email, roles=roles, permissions=permissions,
        is_operator=OPERATOR in permissions, ip=ip, name=user.name, company_name=side.name, sells=side.sells,
        buys=side.buys, sandbox=side.sandbox,
    )  # fmt: skip


def allows(networks: list[str], ip: str | None) -> bool:
    """Whether the address lies in one of the networks; an empty list allows every address."""
    if not networks:
        return True
    try:
        address = ipaddress.ip_address(ip or "")
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in ipaddress.ip_network(network) for network in networks)


def actor_of_key(session: Session, secret: str, now: datetime, ip: str | None) -> Actor | None:
    """The key as an actor; None when it is unknown, revoked, expired, used from elsewhere, or its company is shut."""
    key = session.scalar(sa.select(ApiKey).where(ApiKey.key_sha256 == hash_key(secret)))
    if key is None or key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
        return None
    side = _side(session, key.company_id)
    if side.shut or not allows(key.ip_list, ip):
        return None
    if key.last_used_at is None or now - key.last_used_at > timedelta(minutes=1):
        key.last_used_at = now
        session.commit()
    permissions = permissions_of(
        frozenset({"owner"}), sells=side.sells, buys=side.buys, sandbox=side.sandbox
    ) & frozenset(key.scopes)
    return Actor(
        user_id=None, company_id=key.company_id, email=f"key {key.prefix}…", roles=frozenset(),
        permissions=permissions, is_operator=False, key_id=key.id, ip=ip, name=key.name, company_name=side.name,
        sells=side.sells, buys=side.buys, sandbox=side.sandbox,
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
