"""How agreements round seconds and amounts: what rates their calls reads it by product and instant."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Product
from app.clock import to_micros
from app.deals.models import Agreement, AgreementVersion
from app.deals.terms import Schedule, read_terms
from rates.settle.rate import Rounding

EXCHANGE = Rounding()


def rounding_of(schedule: Schedule) -> Rounding:
    return Rounding(schedule.second_rounding, schedule.amount_places, schedule.amount_rounding)


class Roundings:
    """Of agreements with a product of their own; everything else is rounded as the exchange does."""

    def __init__(self, signed: list[tuple[int, datetime, Rounding]]) -> None:
        self._since: dict[int, list[int]] = defaultdict(list)
        self._words: dict[int, list[Rounding]] = defaultdict(list)
        for product_id, since, rounding in sorted(signed, key=lambda one: (one[0], one[1])):
            self._since[product_id].append(to_micros(since))
            self._words[product_id].append(rounding)

    @staticmethod
    def load(session: Session) -> Roundings:
        rows = session.execute(
            sa.select(Product.id, AgreementVersion.effective_from, AgreementVersion.terms)
            .join(Agreement, Agreement.id == AgreementVersion.agreement_id)
            .join(Product, Product.id.in_((Agreement.product_id, Agreement.back_product_id)))
            .where(
                Product.derived_from.is_not(None), AgreementVersion.state == "signed",
                AgreementVersion.effective_from.is_not(None),
            )
            .order_by(AgreementVersion.number)
        )  # fmt: skip
        return Roundings([
            (product, since, rounding_of(read_terms(terms).schedule)) for product, since, terms in rows if product and since
        ])  # fmt: skip

    def at(self, product_id: int, at_us: int) -> Rounding:
        """Of the version in force at the call's instant; before the first, the first's."""
        known = self._words.get(product_id)
        if not known:
            return EXCHANGE
        return known[max(0, bisect_right(self._since[product_id], at_us) - 1)]
