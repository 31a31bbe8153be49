"""Margin traps of a deck: sell codes of rate cards that earn less than the deck's codes below them will cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Company, CustomerTrunk
from app.config import Settings
from app.decks.exchange import exchange_rates
from app.decks.impact import Card, rate_cards
from app.decks.models import Deck
from app.decks.policy import policy_of
from app.decks.report import report_of
from app.decks.timelines import at_instant
from app.errors import Invalid
from app.security.actor import Actor
from rates.book import Book
from rates.diff import MissingRateOfExchange
from rates.options import SellCard
from rates.sold import rate_text, traps_of
from rates.store import Store

SHOWN_CODES = 6
COLUMNS = (
    "rate_card", "sell_code", "sell_destination", "sell_rate_per_minute", "sell_currency", "cost_code",
    "cost_destination", "cost_rate_per_minute", "cost_currency",
)  # fmt: skip


@dataclass(frozen=True)
class Below:
    """A cost code below a sell code; the rate is per minute of a call of 180 s, as text."""

    code: str
    destination: str
    rate: str
    currency: str


@dataclass(frozen=True)
class Trapped:
    """One sell code and what costs more below it, dearest first."""

    card: str
    code: str
    destination: str
    rate: str
    currency: str
    below: list[Below]


@dataclass(frozen=True)
class Traps:
    """`at`: the instant both sides are priced at; `missing`: cards that could not be compared, and why."""

    found: list[Trapped]
    cards: list[Card]
    card: Card | None
    at: datetime
    over_pct: int
    missing: list[str]


def cards_for_check(session: Session, settings: Settings, company_id: int) -> tuple[SellCard, ...]:
    """Rate cards a deck of this company is checked against: its own trunks' cards; for the operator's products everybody's.

    What the check finds is shown to the deck's company, so no other company's sell rates may take part."""
    company = session.get_one(Company, company_id)
    query = (
        sa.select(CustomerTrunk.name, Company.name, CustomerTrunk.rate_card_key)
        .join(Company, Company.id == CustomerTrunk.company_id)
        .where(CustomerTrunk.rate_card_key.is_not(None), CustomerTrunk.enabled.is_(True))
        .order_by(CustomerTrunk.id)
    )
    if not company.is_operator:
        query = query.where(CustomerTrunk.company_id == company_id)
    store = Store(str(settings.store_dir))
    by_key: dict[str, str] = {}
    for trunk, owner, key in session.execute(query):
        by_key.setdefault(str(key), f"{owner} · {trunk}" if company.is_operator else trunk)
    return tuple(SellCard(name=name, path=store.path(key)) for key, name in by_key.items())


def traps_of_deck(
    session: Session, settings: Settings, who: Actor, deck: Deck, *, now: datetime, card_id: int | None = None
) -> Traps:
    """All codes in force once all of the deck applies, against each rate card the asker may see, or against one.
    Raises Invalid for a card that is not the asker's."""
    cards = rate_cards(session, who)
    chosen = next((one for one in cards if one.trunk_id == card_id), None)
    if card_id is not None and chosen is None:
        raise Invalid("There is no such rate card.", hint="Choose one of the list.")
    report, over = report_of(deck), policy_of(session, deck.company_id).thresholds.trap_pct
    last = datetime.fromisoformat(report.effective_last) if report and report.effective_last else now
    at = max(last, now)
    found, missing = [], []
    if deck.timeline_key is not None and cards:
        store = Store(str(settings.store_dir))
        fx = exchange_rates(session, settings.lcr.base_currency, now)
        costs = Book.of(at_instant(store.open(deck.timeline_key), at))
        everything = np.flatnonzero(costs.status == 0)
        when = np.full(len(everything), int(at.timestamp() * 1_000_000), np.int64)
        for card in [chosen] if chosen else cards:
            sold = Book.of(store.open(card.key), costs.layers)
            try:
                traps = traps_of(costs, everything, when, sold, fx, over)
            except MissingRateOfExchange as fault:
                missing.append(f"{card.name}: there is no exchange rate for {fault}")
                continue
            currency = costs.table["currency"]
            found += [
                Trapped(
                    card.name, trap.sell_code, trap.sell_name, trap.sell_rate, trap.currency,
                    [
                        Below(
                            costs.codes[row].as_py(), costs.destination[row].as_py() or "", rate_text(costs, row),
                            currency[row].as_py(),
                        )
                        for row in trap.rows.tolist()
                    ],
                )
                for trap in traps
            ]  # fmt: skip
    return Traps(found, cards, chosen, at, over, missing)


def trap_rows(traps: Traps) -> Iterator[tuple[str, ...]]:
    """One row a dearer cost code, in the order of COLUMNS."""
    for one in traps.found:
        for below in one.below:
            yield (
                one.card, one.code, one.destination, one.rate, one.currency, below.code, below.destination, below.rate,
                below.currency,
            )  # fmt: skip
