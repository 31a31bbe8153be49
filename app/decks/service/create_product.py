"""A product that a deck is imported for and that does not exist yet."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import ROUTE_CLASSES, Company, Product
from app.errors import Invalid
from app.security.actor import Actor


def create_product(
    session: Session,
    who: Actor,
    company: Company,
    name: str,
    *,
    route_class: str,
    currency: str,
    now: datetime,
) -> Product:
    """Raises Invalid for an unknown class or currency, or a company that does not sell."""
    if route_class not in ROUTE_CLASSES:
        raise Invalid(f"There is no class {route_class}.", hint=f"Use one of {', '.join(ROUTE_CLASSES)}.")
    if len(currency) != 3 or not currency.isalpha() or not currency.isascii():
        raise Invalid(f"{currency} is not a currency.", hint="Use three letters, for example USD.")
    if not company.sells:
        raise Invalid(
            f"{company.name} does not sell on the exchange.", hint="Let the operator open its seller side."
        )
    product = Product(
        company_id=company.id, name=name, route_class=route_class, currency=currency.upper(), created_at=now
    )
    session.add(product)
    session.flush()
    record(
        session, who, action="product.create", obj=product, now=now, company_id=company.id,
        after={"name": name, "class": route_class, "currency": product.currency},
    )  # fmt: skip
    return product
