"""Reads for the pages of products, trunks and keys; always of one company."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Company, CustomerTrunk, Product, VendorTrunk
from app.errors import NotFound
from app.security.models import ApiKey


@dataclass(frozen=True)
class ProductRow:
    id: int
    name: str
    company: str
    route_class: str
    currency: str
    version: int
    enabled: bool
    listed: bool
    visibility: str
    notice_days: int
    trunk: str | None
    has_deck: bool


@dataclass(frozen=True)
class KeyRow:
    """`state`: active, expired or revoked at the instant asked for."""

    id: int
    name: str
    prefix: str
    scopes: list[str]
    trunk: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    state: str
    networks: list[str]


def products(session: Session, company_id: int | None) -> list[ProductRow]:
    """Products of one company, or of all (operator)."""
    wanted = (
        sa.select(Product, Company.name, VendorTrunk.name)
        .join(Company, Company.id == Product.company_id)
        .outerjoin(VendorTrunk, VendorTrunk.id == Product.vendor_trunk_id)
        .where(Product.derived_from.is_(None), Product.outside_vendor.is_(None))
        .order_by(Company.name, Product.name)
    )
    if company_id is not None:
        wanted = wanted.where(Product.company_id == company_id)
    return [
        ProductRow(
            p.id, p.name, company, p.route_class, p.currency, p.version, p.enabled, p.listed, p.visibility, p.notice_days, trunk,
            p.timeline_key is not None,
        )
        for p, company, trunk in session.execute(wanted)
    ]  # fmt: skip


def product_of(session: Session, product_id: int, company_id: int | None) -> Product:
    """One product; another company's is not found."""
    found = session.get(Product, product_id)
    foreign = found is not None and company_id is not None and found.company_id != company_id
    own_kind = found is not None and found.derived_from is None and found.outside_vendor is None
    if found is None or foreign or not own_kind:
        raise NotFound("There is no such product.")
    return found


def vendor_trunks(session: Session, company_id: int | None) -> list[VendorTrunk]:
    wanted = sa.select(VendorTrunk).order_by(VendorTrunk.name)
    if company_id is not None:
        wanted = wanted.where(VendorTrunk.company_id == company_id)
    return list(session.scalars(wanted))


def vendor_trunk_of(session: Session, trunk_id: int, company_id: int | None) -> VendorTrunk:
    found = session.get(VendorTrunk, trunk_id)
    if found is None or (company_id is not None and found.company_id != company_id):
        raise NotFound("There is no such vendor trunk.")
    return found


def customer_trunks(session: Session, company_id: int | None) -> list[CustomerTrunk]:
    wanted = sa.select(CustomerTrunk).order_by(CustomerTrunk.name)
    if company_id is not None:
        wanted = wanted.where(CustomerTrunk.company_id == company_id)
    return list(session.scalars(wanted))


def company_names(session: Session) -> dict[int, str]:
    """Name by id, for the operator's tables."""
    return {company.id: company.name for company in session.scalars(sa.select(Company))}


def company_names_by_slug(session: Session) -> dict[str, str]:
    """Name by slug: answers of the core name a vendor by its slug."""
    return {company.slug: company.name for company in session.scalars(sa.select(Company))}


def customer_trunk_of(session: Session, trunk_id: int, company_id: int | None) -> CustomerTrunk:
    found = session.get(CustomerTrunk, trunk_id)
    if found is None or (company_id is not None and found.company_id != company_id):
        raise NotFound("There is no such trunk.")
    return found


def api_keys(session: Session, company_id: int, now: datetime) -> list[KeyRow]:
    rows = session.execute(
        sa.select(ApiKey, CustomerTrunk.name)
        .outerjoin(CustomerTrunk, CustomerTrunk.id == ApiKey.trunk_id)
        .where(ApiKey.company_id == company_id)
        .order_by(ApiKey.created_at.desc(), ApiKey.id.desc())
    )
    return [
        KeyRow(
            key.id, key.name, key.prefix, list(key.scopes), trunk, key.created_at, key.expires_at, key.last_used_at,
            _state(key, now), list(key.ip_list),
        )
        for key, trunk in rows
    ]  # fmt: skip


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= now else "active"


def sample_companies(session: Session) -> list[int]:
    """The invented companies of a demo; none on a real exchange."""
    return list(session.scalars(sa.select(Company.id).where(Company.sample)))
