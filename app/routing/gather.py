"""What the core is told: reads the database and the store, decides nothing.

`index_inputs` names what the merged index is compiled from (its hash says whether a new one is needed);
`access_document` is the access JSON of docs/decision.md 8.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.carriers.models import Company, CustomerTrunk, Product, QualityCounter, VendorTrunk
from app.clock import to_micros
from app.config import Lcr
from app.deals.limits import NO_LIMITS, least, limits_of
from app.market.models import Purchase
from app.market.private import private_word
from app.routing.durations import durations
from app.routing.models import FxRate, NumberFile
from app.security.models import ApiKey
from app.security.permissions import CONTROL_SCOPE

# Words of an offer that a product holds as they are (docs/decision.md 10).
ROUTING_WORDS = (
    "weight", "keeps_cli", "keeps_identity", "min_digits", "max_digits", "schedule", "no_reply_ms", "ringing_ms",
    "hunt_stop", "hunt_next",
)  # fmt: skip


# The layout of index files (FORMAT_VERSION of lcr_core/src/index/container.rs): an index of another one is compiled anew.
INDEX_LAYOUT = 4


@dataclass(frozen=True)
class OfferDeck:
    """One product with an accepted deck; `timeline_key` in the Arrow store."""

    offer_id: int
    carrier_id: int
    timeline_key: str


# A private deck's vendor is nobody on the exchange: a carrier of its own, so that its buyer's loop guard lets it through.
PRIVATE_CARRIERS = 10**12


def carrier_of(product: Product) -> int:
    """The core's carrier_id."""
    return product.company_id if product.outside_vendor is None else PRIVATE_CARRIERS + product.id


def vendor_word(product: Product, company: Company) -> str:
    """What answers call the vendor: the company's short name, or a private one made of the outside vendor's name."""
    return company.slug if product.outside_vendor is None else private_word(product.outside_vendor)


@dataclass(frozen=True)
class IndexInputs:
    """Everything the merged index depends on, the epoch apart."""

    base_currency: str
    reference_seconds: int
    fx: dict[str, str]
    offers: tuple[OfferDeck, ...]
    layout: int = INDEX_LAYOUT

    def digest(self) -> str:
        parts = [self.layout, self.base_currency, self.reference_seconds, sorted(self.fx.items())]
        parts.append([(o.offer_id, o.carrier_id, o.timeline_key) for o in self.offers])
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def offers_json(self, rules: Mapping[int, Mapping[str, Any] | None]) -> str:
        """`rules`: offer id → what its origin groups and jurisdictions mean (docs/decision.md 8)."""
        offers = [
            {"offer_id": o.offer_id, "carrier_id": o.carrier_id, "rules": rules.get(o.offer_id)}
            for o in self.offers
        ]
        return json.dumps(
            {
                "base_currency": self.base_currency,
                "fx": self.fx,
                "reference_seconds": self.reference_seconds,
                "offers": offers,
            }
        )


@dataclass(frozen=True)
class Card:
    """A trunk's rate card, compiled like a deck; `card_id` is the trunk's id."""

    card_id: int
    timeline_key: str


def fx_rates(session: Session, base: str, now: datetime) -> dict[str, str]:
    """Units of the base currency for one unit of each currency, the latest valid at `now`."""
    rows = session.execute(
        sa.select(FxRate.currency, FxRate.rate)
        .where(FxRate.valid_from <= now)
        .order_by(FxRate.valid_from, FxRate.id)
    )
    return {row.currency: row.rate for row in rows if row.currency != base}


def index_inputs(session: Session, lcr: Lcr, now: datetime) -> IndexInputs:
    """All products that ever had a deck accepted; switched-off ones too, so that switching on needs no build."""
    rows = sa.select(Product).where(Product.timeline_key.is_not(None)).order_by(Product.id)
    offers = tuple(
        OfferDeck(one.id, carrier_of(one), one.timeline_key or "") for one in session.scalars(rows)
    )
    return IndexInputs(
        lcr.base_currency, lcr.reference_seconds, fx_rates(session, lcr.base_currency, now), offers
    )


def number_file(session: Session, kind: str) -> str | None:
    """The newest file of number blocks (`blocks`) or ported numbers (`lrn`), by name below `indexes`."""
    found = sa.select(NumberFile.file).where(NumberFile.kind == kind).order_by(NumberFile.id.desc()).limit(1)
    return session.scalars(found).first()


def rate_cards(session: Session) -> list[Card]:
    rows = session.execute(
        sa.select(CustomerTrunk.id, CustomerTrunk.rate_card_key)
        .where(CustomerTrunk.rate_card_key.is_not(None))
        .order_by(CustomerTrunk.id)
    )
    return [Card(row.id, row.rate_card_key) for row in rows]


def access_document(
    session: Session, lcr: Lcr, now: datetime, *, cards: Sequence[tuple[int, str]]
) -> dict[str, Any]:
    """Who may ask and what applies to them. `cards`: (card id, compiled index file)."""
    known_cards = {card_id for card_id, _ in cards}
    return {
        "base_currency": lcr.base_currency,
        "fx": fx_rates(session, lcr.base_currency, now),
        "reference_seconds": lcr.reference_seconds,
        "max_seconds": lcr.max_seconds,
        "closed_codes": list(lcr.closed_codes),
        "offers": _offers(session, now),
        "trunks": _trunks(session, now, timedelta(days=lcr.history_days), known_cards),
        "keys": _keys(session, now),
        "cards": [{"card_id": card_id, "index": file} for card_id, file in cards],
        "quality": _quality(session),
        "durations": durations(session, now),
        "nanp": number_file(session, "blocks"),
        "lrn": number_file(session, "lrn"),
    }


def _offers(session: Session, now: datetime) -> list[dict[str, Any]]:
    """A product derived by an agreement is routed as the one it is derived from, within the agreement's limits."""
    sold = aliased(Product)
    rows = session.execute(
        sa.select(Product, sold, Company, VendorTrunk)
        .join(sold, sold.id == sa.func.coalesce(Product.derived_from, Product.id))
        .join(Company, Company.id == Product.company_id)
        .outerjoin(VendorTrunk, VendorTrunk.id == sold.vendor_trunk_id)
        .order_by(Product.id)
    )
    limits = limits_of(session, now)
    return [
        {
            "offer_id": own.id,
            "carrier_id": carrier_of(own),
            "vendor": vendor_word(own, company),
            "product": product.name,
            "class": product.route_class,
            "priority": product.priority,
            "enabled": bool(
                product.enabled
                and own.enabled
                and company.status == "active"
                and (trunk is None or trunk.enabled)
            ),
            # What is not approved is nobody else's to see, not even as one that takes no calls.
            "public": own.listed and own.visibility == "public" and company.status == "active",
            "uri_host": trunk.host if trunk else None,
            "uri_port": trunk.port if trunk else None,
            "uri_user_prefix": product.tech_prefix,
            "transport": trunk.transport if trunk else "udp",
            "timeout_ms": product.timeout_ms,
            "max_channels": least(trunk.channels if trunk else None, limits.get(own.id, NO_LIMITS).channels),
            "max_cps": least(trunk.cps if trunk else None, limits.get(own.id, NO_LIMITS).calls_per_second),
            **{word: product.routing[word] for word in ROUTING_WORDS if word in product.routing},
            "lrn_rated": product.lrn_rated,
        }
        for own, product, company, trunk in rows
    ]


def _relatives(session: Session) -> dict[int, list[int]]:
    """Companies a company's calls must not go back to: those of its group, and the upstreams it named.

    `facts.group` is a name several companies share, `facts.upstreams` a list of slugs.
    """
    companies = session.execute(sa.select(Company.id, Company.slug, Company.facts)).all()
    by_slug = {row.slug: row.id for row in companies}
    groups: dict[str, list[int]] = {}
    for row in companies:
        if row.facts.get("group"):
            groups.setdefault(str(row.facts["group"]).casefold(), []).append(row.id)
    found: dict[int, list[int]] = {}
    for row in companies:
        never = set(groups.get(str(row.facts.get("group") or "").casefold(), []))
        never |= {by_slug[slug] for slug in row.facts.get("upstreams") or () if slug in by_slug}
        found[row.id] = sorted(never - {row.id})
    return found


def control_key(token: str) -> dict[str, Any]:
    """The worker's own key at the edge; no key of the database has the number 0."""
    sha256 = hashlib.sha256(token.encode()).hexdigest()
    return {"key_id": 0, "sha256": sha256, "trunk_id": None, "company_id": None, "scopes": ["lcr:control"]}


def _trunks(
    session: Session, now: datetime, history: timedelta, known_cards: set[int]
) -> list[dict[str, Any]]:
    grants: dict[int, list[dict[str, Any]]] = {}
    bought = session.scalars(
        sa.select(Purchase)
        .where(
            Purchase.state.in_(("accepted", "ended")),
            Purchase.effective_from.is_not(None),
            sa.or_(Purchase.effective_until.is_(None), Purchase.effective_until > now - history),
        )
        .order_by(Purchase.id)
    )
    for purchase in bought:
        if purchase.effective_from is None:
            continue
        if purchase.effective_until is not None and purchase.effective_until <= purchase.effective_from:
            continue  # ended before it began
        grant = {
            "offer_id": purchase.product_id,
            "from_us": to_micros(purchase.effective_from),
            "until_us": to_micros(purchase.effective_until) if purchase.effective_until else None,
        }
        grants.setdefault(purchase.trunk_id, []).append(grant)
    relatives = _relatives(session)
    known_offers = set(session.scalars(sa.select(Product.id)))
    rows = session.execute(
        sa.select(CustomerTrunk, Company)
        .join(Company, Company.id == CustomerTrunk.company_id)
        .order_by(CustomerTrunk.id)
    )
    return [
        {
            "trunk_id": trunk.id,
            "company_id": company.id,
            "name": trunk.name,
            "source_ips": list(trunk.source_ips),
            "tech_prefix": trunk.tech_prefix or None,
            "normalise": dict(trunk.normalise) if trunk.normalise else None,
            "lrn_sources": None if trunk.lrn_sources is None else list(trunk.lrn_sources),
            "policy": _policy(trunk.policy, known_offers),
            "rate_card_id": trunk.id if trunk.id in known_cards else None,
            "blocked_codes": list(trunk.blocked_codes),
            "opened_codes": list(trunk.opened_codes),
            "never_carriers": relatives[company.id],
            "grants": grants.get(trunk.id, []),
            "max_routes": trunk.max_routes,
            **({"hunt": dict(trunk.hunt)} if trunk.hunt else {}),
            "enabled": bool(trunk.enabled and company.status == "active"),
        }
        for trunk, company in rows
    ]


def _policy(policy: dict[str, Any], known_offers: set[int]) -> dict[str, Any]:
    """The trunk's policy without offers that are gone: the core refuses a document that names one."""
    lists = {word: policy[word] for word in ("only_offers", "first_offers") if policy.get(word) is not None}
    return {**policy, **{word: [id_ for id_ in ids if id_ in known_offers] for word, ids in lists.items()}}


def _keys(session: Session, now: datetime) -> list[dict[str, Any]]:
    rows = session.scalars(
        sa.select(ApiKey)
        .where(
            ApiKey.revoked_at.is_(None),
            sa.or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now),
        )
        .order_by(ApiKey.id)
    )
    return [
        {
            "key_id": key.id,
            "sha256": key.key_sha256,
            "trunk_id": key.trunk_id,
            "company_id": key.company_id,
            "scopes": list(key.scopes),
            "expires_at_us": to_micros(key.expires_at) if key.expires_at else None,
            # Left out where there is none: an edge of the version before refuses words it does not know.
            **({"networks": list(key.ip_list)} if key.ip_list else {}),
        }
        for key in rows
        # Without a trunk a key asks for no routes; one of the operator may command the edge all the same.
        if key.trunk_id is not None or CONTROL_SCOPE in key.scopes
    ]


def _quality(session: Session) -> list[list[Any]]:
    """Counters by product and code; a product and those that agreements derived from it are one route and share theirs."""
    q = QualityCounter
    figures = (
        q.attempts, q.answered, q.effective, q.talk_ms, q.pdd_ms_sum, q.pdd_samples, q.mos_milli_sum, q.mos_samples,
    )  # fmt: skip
    derived = session.execute(
        sa.select(Product.id, Product.derived_from).where(Product.derived_from.is_not(None))
    )
    sold = {row.id: row.derived_from for row in derived}
    family: dict[int, list[int]] = {}
    for own, base in sold.items():
        family.setdefault(base, [base]).append(own)
    rows = session.execute(
        sa.select(q.product_id, q.code, *figures).where(q.source == "calls").order_by(q.product_id, q.code)
    )
    if not sold:
        return [list(row) for row in rows]
    sums: dict[tuple[int, str], list[int]] = {}
    for product_id, code, *counts in rows:
        base = sold.get(product_id, product_id)
        for member in family.get(base, [base]):
            kept = sums.setdefault((member, code), [0] * len(counts))
            sums[member, code] = [one + more for one, more in zip(kept, counts, strict=True)]
    return [[product_id, code, *counts] for (product_id, code), counts in sorted(sums.items())]
