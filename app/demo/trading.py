"""Buyers' trunks with their policies, and the purchases that let them use products."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from app.carriers.models import CustomerTrunk
from app.demo.catalogue import Catalogue
from app.market.models import Purchase
from app.security.models import User

_PREMIUM: Final = ("premium",)


@dataclass(frozen=True, slots=True)
class TrunkPlan:
    """A buyer's trunk. `buys`: (carrier, product) accepted; `card`: priced by the demo rate card."""

    company: str
    name: str
    ips: tuple[str, ...]
    policy: dict[str, Any]
    buys: tuple[tuple[str, str], ...]
    card: bool = False
    blocked: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


def _each(product: str, *carriers: str) -> tuple[tuple[str, str], ...]:
    return tuple((carrier, product) for carrier in carriers)


TRUNKS: Final = (
    TrunkPlan(
        "halcyon", "East gateway", ("203.0.113.10", "127.0.0.1"), {"kind": "cost"},
        (*_each("Premium CLI", "marlowe", "fjordlink", "rhenus", "lusovoz", "qasr", "kitahama", "laurentide", "pearlriver"),
         *_each("Standard", "marlowe", "deccanwave", "savanna", "teranga", "altiplano", "tradewind", "steppegate"),
         *_each("Non-CLI", "deccanwave", "lusovoz")),
        blocked=("88213",),
    ),
    TrunkPlan(
        "halcyon", "Retail quality", ("203.0.113.11",),
        {"kind": "quality", "classes": ["premium", "standard"], "floor_asr_ppm": 420_000, "floor_acd_ms": 120_000,
         "ceiling_pdd_ms": 4_500, "floor_mos_milli": 3_800},
        _each("Premium CLI", "marlowe", "fjordlink", "rhenus", "thamesbank", "laurentide", "kitahama", "altiplano", "savanna"),
    ),
    TrunkPlan(
        "halcyon", "Resale with margin", ("203.0.113.12",),
        {"kind": "cost", "guard": "min_margin", "min_pct_ppm": 50_000, "min_abs_nanos": 100_000},
        (*_each("Standard", "marlowe", "rhenus", "lusovoz", "deccanwave", "savanna", "pearlriver", "laurentide", "steppegate"),
         *_each("Premium CLI", "marlowe", "fjordlink", "altiplano")),
        card=True,
    ),
    TrunkPlan(
        "brightwater", "Amsterdam", ("203.0.113.40",), {"kind": "cost_delta", "delta_ppm": 50_000},
        _each("Premium CLI", "fjordlink", "rhenus", "marlowe", "lusovoz", "teranga", "qasr", "thamesbank"),
    ),
    TrunkPlan(
        "copperleaf", "Singapore", ("203.0.113.70",),
        {"kind": "score", "w_cost_ppm": 500_000, "w_asr_ppm": 200_000, "w_acd_ppm": 100_000, "w_pdd_ppm": 200_000,
         "asr_target_ppm": 550_000, "acd_target_ms": 180_000, "pdd_max_ms": 8_000},
        (*_each("Premium CLI", "kitahama", "pearlriver", "deccanwave", "qasr"), *_each("Standard", "pearlriver", "steppegate", "savanna")),
        opened=("8816",),
    ),
)  # fmt: skip

PENDING: Final = (
    (
        "halcyon",
        "East gateway",
        "thamesbank",
        "Standard",
        "Looking for UK mobile in volume, about 400,000 minutes a month.",
    ),
    ("halcyon", "East gateway", "marlowe", "Non-CLI", "Dialler traffic; short calls expected."),
    ("brightwater", "Amsterdam", "marlowe", "Standard", "Overflow for our evening peak."),
    ("copperleaf", "Singapore", "marlowe", "Premium CLI", "UK and Ireland, premium only."),
)
DECLINED: Final = (
    (
        "copperleaf",
        "Singapore",
        "teranga",
        "Non-CLI",
        "We open Non-CLI to new partners after a month of premium traffic.",
    ),
)


def add_trading(
    session: Session, made: Catalogue, users: dict[str, User], *, today: datetime
) -> dict[str, CustomerTrunk]:
    """Trunks by name, with accepted, pending and declined purchases; flushes."""
    trunks: dict[str, CustomerTrunk] = {}
    products = {(carrier.slug, product.name): product for carrier, _, product in made.products}
    slugs = {company.id: slug for slug, company in made.companies.items()}

    def person(company_id: int, *who: str) -> int | None:
        found = (users.get(f"{name}@{slugs[company_id]}.example") for name in who)
        return next((user.id for user in found if user), None)

    for number, plan in enumerate(TRUNKS):
        began = today - timedelta(days=80 - number * 6)
        trunk = CustomerTrunk(
            company_id=made.companies[plan.company].id, name=plan.name, source_ips=list(plan.ips), policy=plan.policy,
            max_routes=5, blocked_codes=list(plan.blocked), opened_codes=list(plan.opened), created_at=began,
        )  # fmt: skip
        session.add(trunk)
        session.flush()
        trunks[plan.name] = trunk
        for position, key in enumerate(plan.buys):
            product = products[key]
            asked = began + timedelta(days=position % 6, hours=9)
            session.add(
                Purchase(
                    product_id=product.id,
                    seller_id=product.company_id,
                    buyer_id=trunk.company_id,
                    trunk_id=trunk.id,
                    state="accepted",
                    decided_at=asked + timedelta(hours=5),
                    effective_from=asked + timedelta(hours=5),
                    created_at=asked,
                    requested_by=person(trunk.company_id, "trader", "owner"),
                    decided_by=person(product.company_id, "owner"),
                )
            )
    for state, plans in (("requested", PENDING), ("declined", DECLINED)):
        for position, (buyer, trunk_name, seller, name, words) in enumerate(plans):
            asked = today - timedelta(days=2 + position, hours=-10)
            session.add(
                Purchase(
                    product_id=products[seller, name].id,
                    seller_id=made.companies[seller].id,
                    buyer_id=made.companies[buyer].id,
                    trunk_id=trunks[trunk_name].id,
                    state=state,
                    note=words if state == "requested" else "",
                    answer="" if state == "requested" else words,
                    created_at=asked,
                    decided_at=None if state == "requested" else asked + timedelta(hours=3),
                    requested_by=person(made.companies[buyer].id, "trader", "owner"),
                )
            )
    session.flush()
    return trunks
