"""People and API keys of the demo: one login per role, fixed keys. Only ever added in demo mode."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask_security.utils import hash_password
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.carriers.models import CustomerTrunk
from app.demo.catalogue import Catalogue
from app.demo.companies import LOGINS, PASSWORD
from app.security.models import ApiKey, Role, User


@dataclass(frozen=True, slots=True)
class KeyPlan:
    """A fixed demo key. It is public by intent: it opens demo data only."""

    company: str
    trunk: str | None
    name: str
    secret: str
    scopes: tuple[str, ...]


KEYS: Final = (
    KeyPlan("halcyon", "East gateway", "East gateway, switch", "tk_demo_halcyon_east_gateway_0000000001", ("lcr:query",)),
    KeyPlan("halcyon", "Retail quality", "Retail quality, switch", "tk_demo_halcyon_retail_quality_00000002", ("lcr:query",)),
    KeyPlan("brightwater", "Amsterdam", "Amsterdam, switch", "tk_demo_brightwater_amsterdam_00000003", ("lcr:query",)),
    KeyPlan("copperleaf", "Singapore", "Singapore, switch", "tk_demo_copperleaf_singapore_000000004", ("lcr:query",)),
    KeyPlan("marlowe", None, "Rate office", "tk_demo_marlowe_rate_office_00000000005",
            ("deck:read", "deck:write", "deck:approve", "report:read")),
    KeyPlan("halcyon", None, "Reporting", "tk_demo_halcyon_reporting_0000000000006", ("market:read", "report:read", "lcr:simulate")),
)  # fmt: skip


def add_people(session: Session, made: Catalogue, *, now: datetime) -> dict[str, User]:
    """One user per demo login, by e-mail; roles are created where the platform has not seeded them. Needs an app context."""
    users: dict[str, User] = {}
    hashed = hash_password(PASSWORD)
    for plan in LOGINS:
        role = session.scalar(select(Role).where(Role.name == plan.role))
        if role is None:
            role = Role(name=plan.role)
            session.add(role)
        user = User(
            email=plan.email, name=plan.name, company_id=made.companies[plan.company].id, active=True, password=hashed,
            fs_uniquifier=hashlib.sha256(f"demo {plan.email}".encode()).hexdigest()[:32], confirmed_at=now, roles=[role],
        )  # fmt: skip
        session.add(user)
        session.flush()
        users[plan.email] = user
    return users


def add_keys(session: Session, made: Catalogue, trunks: dict[str, CustomerTrunk], *, now: datetime) -> None:
    """Hashed rows of the fixed keys."""
    for plan in KEYS:
        session.add(
            ApiKey(
                company_id=made.companies[plan.company].id,
                trunk_id=trunks[plan.trunk].id if plan.trunk else None,
                name=plan.name,
                prefix=plan.secret[:11],
                key_sha256=hashlib.sha256(plan.secret.encode()).hexdigest(),
                scopes=list(plan.scopes),
                created_at=now,
            )
        )
    session.flush()
