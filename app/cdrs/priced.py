"""A record placed and rated on both sides, before it is a row; and the exchange rates of its day."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.cdrs.names import Offer, Trunk
from app.clock import from_micros
from app.deals.rounding import Roundings
from app.routing.models import FxRate
from rates.records.attempt import Attempt
from rates.settle.exact import NANOS, convert
from rates.settle.rate import Rated, rate
from rates.settle.tariff import Tariffs

CARD = 1_000_000_000
"""Rate cards stand among the timelines of products under this number plus their trunk's."""


@dataclass(frozen=True)
class Priced:
    """Ready to be stored. Amounts of `*_base_nanos` are in the base currency at the exchange of the call's day."""

    record: Attempt
    trunk_id: int
    company_id: int
    product_id: int
    seller_id: int
    cost: Rated
    cost_base_nanos: int
    sell: Rated | None
    sell_base_nanos: int | None

    @property
    def margin_nanos(self) -> int | None:
        return None if self.sell_base_nanos is None else self.sell_base_nanos - self.cost_base_nanos


class Exchange:
    """Nanos of the base currency for one unit, as it stood at the begin of a call's UTC day."""

    def __init__(self, base: str, rates: Iterable[tuple[str, str, datetime]]) -> None:
        self._base = base
        self._from: dict[str, list[datetime]] = defaultdict(list)
        self._rate: dict[str, list[int]] = defaultdict(list)
        for currency, text, since in sorted(rates, key=lambda row: row[2]):
            self._from[currency].append(since)
            self._rate[currency].append(int(Decimal(text).scaleb(9)))

    @staticmethod
    def load(session: Session, base: str) -> Exchange:
        rows = session.execute(sa.select(FxRate.currency, FxRate.rate, FxRate.valid_from).order_by(FxRate.id))
        return Exchange(base, [(row.currency, row.rate, row.valid_from) for row in rows])

    def base_nanos(self, amount: int, currency: str, at_us: int) -> int | None:
        """None without a rate of that day: the first known one stands for the days before it."""
        if currency == self._base:
            return amount
        day = from_micros(at_us).replace(hour=0, minute=0, second=0, microsecond=0)
        known = self._rate.get(currency)
        if not known:
            return None
        place = max(0, bisect_right(self._from[currency], day) - 1)
        return convert(amount, known[place], NANOS)


def price(
    record: Attempt, trunk: Trunk, offer: Offer, tariffs: Tariffs, exchange: Exchange, roundings: Roundings
) -> Priced | str:
    """The record on both sides, or the reason why it has no price. Without a rate card there is no sell side.

    The cost is rounded as the agreement says under which the product was used."""
    match = tariffs.match(offer.id, record)
    if match is None:
        return "no_rate"
    cost = rate(record, match, roundings.at(offer.id, record.start_us))
    cost_base = exchange.base_nanos(cost.amount_nanos, match.currency, record.start_us)
    if cost_base is None:
        return "no_exchange"
    sell, sell_base = None, None
    sold = tariffs.match(CARD + trunk.id, record) if trunk.card_key else None
    if sold is not None:
        sell = rate(record, sold)
        sell_base = exchange.base_nanos(sell.amount_nanos, sold.currency, record.start_us)
        if sell_base is None:
            return "no_exchange"
    return Priced(
        record, trunk.id, trunk.company_id, offer.id, offer.seller_id, cost, cost_base, sell, sell_base
    )
