"""Companies, products and vendor trunks of the demo."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.carriers.models import Company, Product, VendorTrunk
from app.demo.companies import BUYERS, CARRIERS, OPERATOR, CarrierPlan
from app.demo.history import unlisted_rule
from app.routing.models import FxRate

# Where the demo's vendors are played (app/demo/vendors): one port a carrier.
VENDORS_HOST, VENDORS_PORT = "127.0.0.1", 15_080

FX = {"EUR": ("1.0795", "1.0842", "1.0861"), "GBP": ("1.2648", "1.2703", "1.2719")}

_ABOUT = {
    "premium": "Direct and one-hop interconnects. The caller's number is delivered; no false answer supervision.",
    "standard": "Blended routes of several hops; the caller's number normally arrives.",
    "non_cli": "Lowest cost. The caller's number may be replaced or dropped on the way.",
}


@dataclass
class Catalogue:
    """Rows of the demo by slug, flushed, with ids. `products`: one entry per product, with its plan."""

    companies: dict[str, Company] = field(default_factory=dict)
    products: list[tuple[CarrierPlan, int, Product]] = field(default_factory=list)


def add_catalogue(session: Session, *, today: datetime) -> Catalogue:
    """Add companies, vendor trunks, products and exchange rates; flushes."""
    made = Catalogue()
    began = today - timedelta(days=120)
    made.companies[OPERATOR.slug] = Company(
        slug=OPERATOR.slug, name=OPERATOR.name, country=OPERATOR.country, currency=OPERATOR.currency,
        is_operator=True, created_at=began, facts={"web": "https://tandem.example", "noc": "noc@tandem.example"},
    )  # fmt: skip
    for number, carrier in enumerate(CARRIERS):
        made.companies[carrier.slug] = Company(
            slug=carrier.slug, name=carrier.name, country=carrier.country, currency=carrier.currency, sells=True, sample=True,
            created_at=began + timedelta(days=number % 9), facts=_facts(carrier.slug),
        )  # fmt: skip
    for number, buyer in enumerate(BUYERS):
        made.companies[buyer.slug] = Company(
            slug=buyer.slug, name=buyer.name, country=buyer.country, currency=buyer.currency, buys=True,
            created_at=began + timedelta(days=10 + number), facts=_facts(buyer.slug),
        )  # fmt: skip
    session.add_all(made.companies.values())
    session.flush()
    for number, carrier in enumerate(CARRIERS):
        company = made.companies[carrier.slug]
        trunk = VendorTrunk(
            company_id=company.id, name="Main gateway", host=VENDORS_HOST, port=VENDORS_PORT + number, channels=carrier.channels,
            cps=carrier.channels // 40, created_at=company.created_at,
        )  # fmt: skip
        session.add(trunk)
        session.flush()
        for index, plan in enumerate(carrier.products):
            product = Product(
                company_id=company.id, vendor_trunk_id=trunk.id, name=plan.name, route_class=plan.route_class,
                currency=carrier.currency, tech_prefix=f"{7700 + number * 10 + index}", priority=100 - carrier.skill // 2 + index * 10,
                unlisted_rule=unlisted_rule(carrier, index), description=_ABOUT[plan.route_class],
                created_at=company.created_at + timedelta(days=1),
            )  # fmt: skip
            session.add(product)
            made.products.append((carrier, index, product))
    for currency, rates in FX.items():
        for weeks, rate in zip((18, 6, 1), rates, strict=True):
            at = today - timedelta(weeks=weeks)
            session.add(FxRate(currency=currency, rate=rate, valid_from=at, created_at=at))
    session.flush()
    return made


def _facts(slug: str) -> dict[str, str]:
    return {
        "web": f"https://{slug}.example",
        "rates": f"rates@{slug}.example",
        "noc": f"noc@{slug}.example",
        "billing": f"billing@{slug}.example",
    }
