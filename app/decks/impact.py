"""Money impact of a deck before approval: its product's recent traffic, or a pasted profile, priced before and after."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.carriers.models import Company, CustomerTrunk, Product
from app.config import Settings
from app.decks.exchange import exchange_rates
from app.decks.exports import decimal_text, safe_text
from app.decks.models import Deck, DeckVersion, TrafficDay
from app.decks.policy import policy_of
from app.decks.report import report_of
from app.errors import Invalid
from app.security.actor import Actor
from ratecards.amount import NANOS, Price
from ratecards.impact import Flow, Impact, Line, Prices, impact_of
from rates.store import Store

WINDOWS = (7, 30, 90)
COLUMNS = (
    "Destination", "Codes", "Calls", "Minutes", "Old cost", "New cost", "Change", "Change %", "Revenue", "Old margin",
    "New margin", "Lost minutes", "Lost cost", "New minutes", "New minutes' cost",
)  # fmt: skip


@dataclass(frozen=True)
class Card:
    """A rate card the asker may price against."""

    trunk_id: int
    name: str
    key: str


@dataclass(frozen=True)
class Pair:
    """One buyer's own recent traffic of the product, priced by both decks; `total.delta` is what the deck does to this pair."""

    buyer_id: int
    buyer: str
    total: Line


@dataclass(frozen=True)
class Answer:
    """`source`: traffic | profile | none; `days`: of the traffic; `notes`: what a reader must know to trust the figures.
    `pairs`: buyers whose call records are known, the largest change first; `buyer_id`: the one the figures are of."""

    source: str
    impact: Impact | None
    currency: str
    first: date | None
    last: date | None
    days: int
    acd_seconds: int
    card: Card | None
    cards: list[Card]
    notes: list[str]
    pairs: list[Pair] = field(default_factory=list)
    buyer_id: int | None = None


def impact_of_deck(
    session: Session,
    settings: Settings,
    who: Actor,
    deck: Deck,
    *,
    now: datetime,
    days: int = 30,
    card_id: int | None = None,
    buyer_id: int | None = None,
) -> Answer:
    """Both sides are priced at the instant from which everything in the deck applies, so that what an older deck left
    pending counts on both. Raises Invalid for a card that is not the asker's, or whose currency has no rate."""
    product = session.get_one(Product, deck.product_id)
    policy = policy_of(session, deck.company_id)
    cards = rate_cards(session, who)
    card = next((one for one in cards if one.trunk_id == card_id), None)
    if card_id is not None and card is None:
        raise Invalid("There is no such rate card.", hint="Choose one of the list.")
    report = report_of(deck)
    if deck.timeline_key is None or report is None:
        return Answer("none", None, product.currency, None, None, days, policy.acd_seconds, card, cards, [])
    store = Store(str(settings.store_dir))
    last = datetime.fromisoformat(report.effective_last) if report.effective_last else now
    at = max(last, now)
    before = Prices(store.open(key) if (key := _base_key(session, deck, product)) else None, at)
    after = Prices(store.open(deck.timeline_key), at)
    notes: list[str] = []
    first = until = None
    pairs: list[Pair] = []
    if deck.profile:
        source, flows = "profile", _profile(deck.profile, before, after, policy.acd_seconds, notes)
    else:
        pairs = _pairs(session, product.id, days, before, after, at)
        if buyer_id is not None and buyer_id not in {pair.buyer_id for pair in pairs}:
            raise Invalid("No calls of this buyer are known.", hint="Choose one of the list.")
        flows, first, until = recent(session, product.id, days, buyer_id)
        source = "traffic" if flows else "none"
    sell, to_deck = None, Decimal(1)
    if card is not None:
        sell, to_deck = _sell(session, settings, store, card, product.currency, at, now)
    found = impact_of(flows, before, after, at, card=sell, card_to_deck=to_deck) if flows else None
    return Answer(
        source,
        found,
        report.currency or product.currency,
        first,
        until,
        days,
        policy.acd_seconds,
        card,
        cards,
        notes,
        pairs,
        None if deck.profile else buyer_id,
    )


def recent(
    session: Session, product_id: int, days: int, buyer_id: int | None = None
) -> tuple[list[Flow], date | None, date | None]:
    """Flows of the newest `days` days that have traffic, with the first and last day; of one buyer, or of all.

    Where a buyer's own call records say what went to a code on a day, an imported aggregate of it is left out."""
    if days not in WINDOWS:
        raise Invalid(
            f"Traffic is summed over {', '.join(map(str, WINDOWS))} days.", hint="Choose one of these."
        )
    newest = session.scalar(sa.select(sa.func.max(TrafficDay.day)).where(TrafficDay.product_id == product_id))
    if newest is None:
        return [], None, None
    first = newest - timedelta(days=days - 1)
    other = aliased(TrafficDay)
    recorded = sa.exists().where(
        other.product_id == product_id, other.day == TrafficDay.day, other.code == TrafficDay.code,
        other.buyer_id > 0, other.calls > 0,
    )  # fmt: skip
    of = (
        TrafficDay.buyer_id == buyer_id
        if buyer_id is not None
        else sa.or_(TrafficDay.buyer_id > 0, ~recorded)
    )
    rows = session.execute(
        sa.select(TrafficDay.code, sa.func.sum(TrafficDay.calls), sa.func.sum(TrafficDay.seconds))
        .where(TrafficDay.product_id == product_id, TrafficDay.day >= first, of)
        .group_by(TrafficDay.code)
        .having(sa.func.sum(TrafficDay.calls) > 0)
    )
    return [Flow(code, int(calls), int(seconds)) for code, calls, seconds in rows], first, newest


def _pairs(
    session: Session, product_id: int, days: int, before: Prices, after: Prices, at: datetime
) -> list[Pair]:
    buyers = session.execute(
        sa.select(Company.id, Company.name)
        .where(Company.id.in_(sa.select(TrafficDay.buyer_id).where(TrafficDay.product_id == product_id)))
        .order_by(Company.name)
    )
    pairs = []
    for buyer, name in buyers:
        flows, _, _ = recent(session, product_id, days, buyer)
        if flows:
            pairs.append(Pair(buyer, name, impact_of(flows, before, after, at).total))
    return sorted(pairs, key=lambda pair: -abs(pair.total.delta))


def rate_cards(session: Session, who: Actor) -> list[Card]:
    """Rate cards of the asker's own trunks; the operator's choice is everybody's."""
    query = (
        sa.select(CustomerTrunk.id, CustomerTrunk.name, Company.name, CustomerTrunk.rate_card_key)
        .join(Company, Company.id == CustomerTrunk.company_id)
        .where(CustomerTrunk.rate_card_key.is_not(None))
    )
    if not who.is_operator:
        query = query.where(CustomerTrunk.company_id == who.company_id)
    return [
        Card(trunk, f"{company} · {name}", key)
        for trunk, name, company, key in session.execute(query.order_by(Company.name))
        if key is not None
    ]


def _base_key(session: Session, deck: Deck, product: Product) -> str | None:
    """Timeline the deck was compared with: of an approved deck, the version before it came into force."""
    if not deck.base_version:
        return None
    return session.scalar(
        sa.select(DeckVersion.timeline_key).where(
            DeckVersion.product_id == product.id, DeckVersion.number == deck.base_version
        )
    )


def _profile(
    lines: list[dict[str, Any]], before: Prices, after: Prices, acd_seconds: int, notes: list[str]
) -> list[Flow]:
    flows: list[Flow] = []
    unknown = []
    for line in lines:
        seconds, calls = int(line["seconds"]), line.get("calls")
        calls = int(calls) if calls is not None else max(1, -(-seconds // acd_seconds)) if seconds else 0
        sell = Price(int(Decimal(line["sell"]) * NANOS)) if line.get("sell") is not None else None
        if str(line["what"]).isdigit():
            flows.append(Flow(str(line["what"]), calls, seconds, sell))
            continue
        codes = sorted(set(before.codes_of(line["what"])) | set(after.codes_of(line["what"])))
        if not codes:
            unknown.append(str(line["what"]))
            continue
        if len(codes) > 1:
            notes.append(f"{line['what']}: spread evenly over {len(codes):,} codes.")
        flows += _spread(codes, calls, seconds, sell)
    if unknown:
        notes.append(f"Neither deck names {', '.join(unknown[:8])}: left out.")
    return flows


def _spread(codes: list[str], calls: int, seconds: int, sell: Price | None) -> list[Flow]:
    """Calls shared out evenly, the remainder to the first codes; talk time in proportion to calls, nothing lost."""
    flows: list[Flow] = []
    given = 0
    for place, code in enumerate(codes):
        share = calls // len(codes) + (place < calls % len(codes))
        until = seconds * (sum(f.calls for f in flows) + share) // calls if calls else 0
        flows.append(Flow(code, share, until - given, sell))
        given = until
    return [flow for flow in flows if flow.calls]


def _sell(
    session: Session, settings: Settings, store: Store, card: Card, currency: str, at: datetime, now: datetime
) -> tuple[Prices, Decimal]:
    table = store.open(card.key)
    of = table["currency"][0].as_py() if table.num_rows else currency
    if of == currency:
        return Prices(table, at), Decimal(1)
    fx = exchange_rates(session, settings.lcr.base_currency, now)
    missing = [name for name in (of, currency) if name not in fx]
    if missing:
        raise Invalid(f"There is no exchange rate for {missing[0]}.", hint="Ask the operator to enter one.")
    return Prices(table, at), Decimal(fx[of]) / Decimal(fx[currency])


def csv_lines(answer: Answer) -> Iterator[str]:
    """The impact as CSV: exact decimals, the total last."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    money = {
        "Old cost",
        "New cost",
        "Change",
        "Revenue",
        "Old margin",
        "New margin",
        "Lost cost",
        "New minutes' cost",
    }
    writer.writerow([f"{head} ({answer.currency})" if head in money else head for head in COLUMNS])
    for line in [*answer.impact.lines, answer.impact.total] if answer.impact else []:
        writer.writerow([safe_text(line.destination), *row_of(line)])
    yield out.getvalue()


def row_of(line: Line) -> list[str]:
    """Figures of a line as texts, in the order of COLUMNS without the destination; "" where there is nothing to say."""

    def text(value: Decimal | None, places: int | None = None) -> str:
        if value is None:
            return ""
        return decimal_text(value if places is None else round(value, places))

    return [
        str(line.codes), str(line.calls), text(line.minutes, 2), text(line.old_cost), text(line.new_cost), text(line.delta),
        text(line.percent, 2), text(line.revenue), text(line.old_margin), text(line.new_margin),
        text(Decimal(line.lost_seconds) / 60, 2), text(line.lost_cost), text(Decimal(line.gained_seconds) / 60, 2),
        text(line.gained_cost),
    ]  # fmt: skip


def json_of(answer: Answer) -> dict[str, Any]:
    """For the API: the CSV's figures as texts under plain names."""
    names = ("codes", "calls", "minutes", "old_cost", "new_cost", "delta", "percent", "revenue", "old_margin", "new_margin",
             "lost_minutes", "lost_cost", "new_minutes", "new_minutes_cost")  # fmt: skip

    def line(of: Line) -> dict[str, Any]:
        return {"destination": of.destination} | {
            n: v or None for n, v in zip(names, row_of(of), strict=True)
        }

    found = answer.impact
    return {
        "source": answer.source, "currency": answer.currency, "days": answer.days,
        "first": answer.first and answer.first.isoformat(), "last": answer.last and answer.last.isoformat(),
        "priced_at": found.at.isoformat() if found else None, "acd_seconds": answer.acd_seconds, "notes": answer.notes,
        "rate_card": answer.card.name if answer.card else None, "lines": [line(one) for one in found.lines] if found else [],
        "buyer_id": answer.buyer_id, "pairs": [{"buyer_id": p.buyer_id, "buyer": p.buyer} | line(p.total) for p in answer.pairs],
        "total": line(found.total) if found else None, "unpriced_seconds": found.unpriced_seconds if found else 0,
    }  # fmt: skip
