"""What a record calls a trunk or a product → ours. A name that fits two is none: nothing is guessed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Company, CustomerTrunk, Product
from app.carriers.sight import sight_of
from app.market.models import Purchase
from app.market.private import private_word


@dataclass(frozen=True)
class Trunk:
    id: int
    company_id: int
    card_key: str | None


@dataclass(frozen=True)
class Offer:
    id: int
    seller_id: int
    timeline_key: str | None
    lrn_rated: bool


class Names:
    """Trunks of one company (all for the operator) and all products, with who bought what when."""

    def __init__(self, session: Session, company_id: int | None) -> None:
        self._trunks: dict[str, set[Trunk]] = defaultdict(set)
        self._offers: dict[str, set[Offer]] = defaultdict(set)
        self._bought: dict[tuple[int, int], list[tuple[datetime, datetime | None]]] = defaultdict(list)
        trunks = sa.select(
            CustomerTrunk.id, CustomerTrunk.company_id, CustomerTrunk.rate_card_key, CustomerTrunk.name
        )
        if company_id is not None:
            trunks = trunks.where(CustomerTrunk.company_id == company_id)
        for id_, company, card, name in session.execute(trunks):
            trunk = Trunk(id_, company, card)
            self._trunks[str(id_)].add(trunk)
            self._trunks[name.casefold()].add(trunk)
        products = sa.select(
            Product.id,
            Product.company_id,
            Product.timeline_key,
            Product.lrn_rated,
            Product.name,
            Company.slug,
            Product.outside_vendor,
        ).join(Company, Company.id == Product.company_id)
        if company_id is not None:
            # A name that finds a product only in secret would tell that there is one.
            products = products.where(Product.id.not_in(sight_of(session, company_id).unnamed))
        for id_, seller, key, lrn_rated, name, company_slug, outside in session.execute(products):
            if outside is not None and company_id is not None and seller != company_id:
                continue
            slug = company_slug if outside is None else private_word(outside)
            offer = Offer(id_, seller, key, lrn_rated)
            for text in (str(id_), name.casefold(), slug, f"{slug}/{name.casefold()}"):
                self._offers[text].add(offer)
        bought = sa.select(Purchase).where(
            Purchase.state.in_(("accepted", "ended")), Purchase.effective_from.is_not(None)
        )
        for one in session.scalars(bought):
            if one.effective_from is not None:
                self._bought[one.trunk_id, one.product_id].append((one.effective_from, one.effective_until))

    def trunk(self, text: str, default: int | None) -> Trunk | None:
        """By id or name; without one the default."""
        wanted = text.casefold() if text else str(default)
        found = self._trunks.get(wanted, set())
        return next(iter(found)) if len(found) == 1 else None

    def offer(self, text: str, default: int | None, trunk: Trunk) -> Offer | None:
        """By id, `carrier/product`, product or carrier; of several, the one this trunk ever bought."""
        found = self._offers.get(text.casefold() if text else str(default), set())
        if len(found) > 1:
            found = {one for one in found if (trunk.id, one.id) in self._bought}
        return next(iter(found)) if len(found) == 1 else None

    def had_bought(self, trunk: Trunk, offer: Offer, at: datetime) -> bool:
        return any(
            begun <= at and (ended is None or at < ended) for begun, ended in self._bought[trunk.id, offer.id]
        )
