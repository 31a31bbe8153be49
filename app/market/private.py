"""Reads of vendors outside the market: of one's own company only; for everybody else they are not there."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import CustomerTrunk, Product, VendorTrunk
from app.errors import NotFound
from app.market.models import Purchase


@dataclass(frozen=True)
class PrivateRow:
    """`product_id` is what decks are sent for; `version` of the accepted deck, 0 without one; `trunks` by name."""

    product_id: int
    vendor: str
    route_class: str
    currency: str
    host: str
    port: int
    transport: str
    tech_prefix: str
    channels: int | None
    enabled: bool
    version: int
    trunk_ids: list[int]
    trunks: list[str]

    def document(self) -> dict[str, Any]:
        return asdict(self)


def private_vendors(session: Session, company_id: int, product_id: int | None = None) -> list[PrivateRow]:
    """By name."""
    wanted = (
        sa.select(Product, VendorTrunk)
        .join(VendorTrunk, VendorTrunk.id == Product.vendor_trunk_id)
        .where(Product.company_id == company_id, Product.outside_vendor.is_not(None))
        .order_by(Product.outside_vendor, Product.id)
    )
    if product_id is not None:
        wanted = wanted.where(Product.id == product_id)
    trunks = sa.select(CustomerTrunk.id, CustomerTrunk.name).where(CustomerTrunk.company_id == company_id)
    names = {row.id: row.name for row in session.execute(trunks)}
    found = []
    for product, gateway in session.execute(wanted):
        ids = granted_trunks(session, product.id)
        found.append(
            PrivateRow(
                product.id, product.outside_vendor or "", product.route_class, product.currency, gateway.host, gateway.port,
                gateway.transport, product.tech_prefix, gateway.channels, product.enabled, product.version, ids,
                [names[one] for one in ids if one in names],
            )
        )  # fmt: skip
    return found


def private_word(vendor: str) -> str:
    """What a switch is told: the name in small letters and digits, marked as private."""
    word = re.sub(r"[^a-z0-9]+", "-", vendor.casefold()).strip("-")
    return f"private-{word[:32] or 'vendor'}"


def private_of(session: Session, product_id: int, company_id: int) -> Product:
    """Raises NotFound."""
    found = session.get(Product, product_id)
    if found is None or found.company_id != company_id or found.outside_vendor is None:
        raise NotFound("There is no such private vendor.")
    return found


def granted_trunks(session: Session, product_id: int) -> list[int]:
    wanted = sa.select(Purchase.trunk_id).where(
        Purchase.product_id == product_id, Purchase.state == "accepted"
    )
    return sorted(set(session.scalars(wanted)))
