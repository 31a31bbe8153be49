"""LCR comparison: every dial code with the offers that serve it, by effective cost of a call of 180 seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from app.reports.offers import OfferPrices, deck_at
from app.reports.question import Question
from app.reports.scope import Offer
from app.reports.table import Column, Kind, Report, Row
from ratecards.amount import Price, comparable, effective_nanos
from ratecards.explode import explode
from rates.schema import OPEN
from rates.store import Store

RANKS = 5
LONG, SHORT = 180, 60


@dataclass(frozen=True, slots=True)
class Quote:
    """One offer's price of a code, ready to be ranked: base currency, nanos per minute."""

    order: tuple[int, int, int]
    offer: Offer
    matched: str
    price: Price
    currency: str
    eff60: int
    eff180: int


@dataclass(frozen=True, slots=True)
class CodeQuotes:
    """Open offers of one code, cheapest first; `sell` is the company's own price, nanos per minute of a 180 s call."""

    code: str
    destination: str
    quotes: tuple[Quote, ...]
    sell: int | None


def lcr_report(store: Store, offers: Sequence[Offer], question: Question, card_key: str | None) -> Report:
    """Columns by `question.layout`: `code` (ranks side by side), `destination` (averages), `offer` (one row an offer)."""
    lines = compare(store, offers, question, card_key)
    base = question.base_currency
    if question.layout == "offer":
        return Report("lcr-by-offer", "LCR by offer", _offer_columns(base), _offer_rows(lines))
    if question.layout == "destination":
        return Report(
            "lcr-by-destination", "LCR by destination", _destination_columns(base), _destination_rows(lines)
        )
    return Report("lcr-by-code", "LCR by code", _code_columns(base), _code_rows(lines))


def compare(
    store: Store, offers: Sequence[Offer], question: Question, card_key: str | None
) -> Iterator[CodeQuotes]:
    """Codes ascending. One leading digit at a time, so that memory stays a fraction of the world's decks."""
    wanted = [o for o in offers if not question.route_class or o.route_class == question.route_class]
    decks = [deck_at(store, offer.timeline_key, question.at, question.codes) for offer in wanted]
    card = deck_at(store, card_key, question.at, question.codes) if card_key else None
    for digit in "0123456789":
        if question.codes and not any(code.startswith(digit) for code in question.codes):
            continue
        parts = [_below(deck, digit) for deck in decks]
        yield from _compare_part(parts, wanted, question, None if card is None else _below(card, digit))


def _below(table: pa.Table, digit: str) -> pa.Table:
    return table.filter(pc.starts_with(table["code"], pattern=digit))


def _compare_part(
    tables: list[pa.Table], offers: list[Offer], question: Question, card: pa.Table | None
) -> Iterator[CodeQuotes]:
    prices = [OfferPrices(table) for table in tables]
    sells = [] if card is None else [OfferPrices(card)]
    for code, found in explode([p.code for p in (*prices, *sells)]):
        if question.codes and not code.startswith(question.codes):
            continue
        own = found.get(len(prices))
        matches = {deck: row for deck, row in found.items() if deck < len(prices)}
        if not matches:
            continue
        # The deck that knows this code best names it; the first among equals.
        namer = min(matches, key=lambda deck: (-len(prices[deck].code[matches[deck]]), deck))
        destination = prices[namer].destination[matches[namer]]
        if not question.names(destination):
            continue
        quotes = sorted(_quotes(matches, prices, offers, question), key=lambda quote: quote.order)
        sell = None
        if own is not None and sells[0].status[own] == OPEN:
            fx = question.fx_nanos.get(sells[0].currency[own])
            sell = None if fx is None else effective_nanos(sells[0].price(own), LONG, fx)
        yield CodeQuotes(code, destination, tuple(quotes), sell)


def _quotes(
    matches: dict[int, int], prices: list[OfferPrices], offers: list[Offer], question: Question
) -> Iterator[Quote]:
    for deck, row in matches.items():
        fx = question.fx_nanos.get(prices[deck].currency[row])
        if prices[deck].status[row] != OPEN or fx is None:
            continue
        price, offer = prices[deck].price(row), offers[deck]
        yield Quote(
            (comparable(price, LONG, fx), offer.company_id, offer.product_id), offer, prices[deck].code[row], price,
            prices[deck].currency[row], effective_nanos(price, SHORT, fx), effective_nanos(price, LONG, fx),
        )  # fmt: skip


def _code_columns(base: str) -> tuple[Column, ...]:
    ranks = []
    for rank in range(1, RANKS + 1):
        ranks += [
            Column(f"#{rank} vendor", Kind.TEXT), Column(f"#{rank} product", Kind.TEXT, wide=True),
            Column(f"#{rank} at 180 s ({base})", Kind.NANOS), Column(f"#{rank} at 60 s ({base})", Kind.NANOS, wide=True),
        ]  # fmt: skip
    return (
        Column("Code", Kind.CODE), Column("Destination", Kind.TEXT), Column("Offers", Kind.COUNT),
        Column(f"Cheapest ({base})", Kind.NANOS), Column(f"Dearest ({base})", Kind.NANOS, wide=True),
        Column(f"Spread ({base})", Kind.NANOS, wide=True), Column("Spread %", Kind.PPM), Column(f"My sell ({base})", Kind.NANOS),
        Column("My margin %", Kind.PPM, wide=True), *ranks,
    )  # fmt: skip


def _code_rows(lines: Iterator[CodeQuotes]) -> Iterator[Row]:
    for line in lines:
        quotes = line.quotes
        low, high = (quotes[0].eff180, quotes[-1].eff180) if quotes else (None, None)
        ranks: list[object] = []
        for quote in quotes[:RANKS]:
            ranks += [quote.offer.vendor, quote.offer.product, quote.eff180, quote.eff60]
        ranks += [None] * (4 * RANKS - len(ranks))
        yield (
            line.code, line.destination, len(quotes), low, high, _minus(high, low), _part(_minus(high, low), low), line.sell,
            _part(_minus(line.sell, low), line.sell), *ranks,
        )  # fmt: skip


def _offer_columns(base: str) -> tuple[Column, ...]:
    return (
        Column("Code", Kind.CODE), Column("Destination", Kind.TEXT), Column("Rank", Kind.COUNT), Column("Vendor", Kind.TEXT),
        Column("Product", Kind.TEXT), Column("Class", Kind.TEXT), Column("Matched code", Kind.CODE, wide=True),
        Column("Rate", Kind.NANOS), Column("Currency", Kind.TEXT), Column("Increments", Kind.TEXT),
        Column("Connect fee", Kind.NANOS, wide=True), Column(f"At 60 s ({base})", Kind.NANOS), Column(f"At 180 s ({base})", Kind.NANOS),
        Column("Above cheapest %", Kind.PPM), Column(f"My sell ({base})", Kind.NANOS, wide=True),
    )  # fmt: skip


def _offer_rows(lines: Iterator[CodeQuotes]) -> Iterator[Row]:
    for line in lines:
        for rank, quote in enumerate(line.quotes, 1):
            price = quote.price
            yield (
                line.code, line.destination, rank, quote.offer.vendor, quote.offer.product, quote.offer.route_class, quote.matched,
                price.rate_nanos, quote.currency, f"{price.initial_increment}/{price.next_increment}", price.connect_fee_nanos,
                quote.eff60, quote.eff180, _part(quote.eff180 - line.quotes[0].eff180, line.quotes[0].eff180), line.sell,
            )  # fmt: skip


def _destination_columns(base: str) -> tuple[Column, ...]:
    return (
        Column("Destination", Kind.TEXT), Column("Codes", Kind.COUNT), Column("Rank", Kind.COUNT), Column("Vendor", Kind.TEXT),
        Column("Product", Kind.TEXT), Column("Class", Kind.TEXT), Column("Codes served", Kind.COUNT),
        Column(f"Lowest at 180 s ({base})", Kind.NANOS, wide=True), Column(f"Average at 180 s ({base})", Kind.NANOS),
        Column(f"Highest at 180 s ({base})", Kind.NANOS, wide=True), Column("Above cheapest %", Kind.PPM),
    )  # fmt: skip


def _destination_rows(lines: Iterator[CodeQuotes]) -> Iterator[Row]:
    """Averages are plain means over the codes served, half-up to a nano; ranked by them among offers of a destination."""
    codes: dict[str, int] = {}
    sums: dict[str, dict[int, list[int]]] = {}  # destination -> product -> [count, sum, lowest, highest]
    offers: dict[int, Offer] = {}
    for line in lines:
        codes[line.destination] = codes.get(line.destination, 0) + 1
        of = sums.setdefault(line.destination, {})
        for quote in line.quotes:
            offers[quote.offer.product_id] = quote.offer
            seen = of.setdefault(quote.offer.product_id, [0, 0, quote.eff180, quote.eff180])
            seen[0] += 1
            seen[1] += quote.eff180
            seen[2], seen[3] = min(seen[2], quote.eff180), max(seen[3], quote.eff180)
    for destination in sorted(sums):
        means = sorted(
            ((2 * seen[1] + seen[0]) // (2 * seen[0]), offers[product].company_id, product)
            for product, seen in sums[destination].items()
        )
        for rank, (mean, _, product) in enumerate(means, 1):
            offer, seen = offers[product], sums[destination][product]
            yield (
                destination, codes[destination], rank, offer.vendor, offer.product, offer.route_class, seen[0], seen[2], mean,
                seen[3], _part(mean - means[0][0], means[0][0]),
            )  # fmt: skip


def _minus(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else left - right


def _part(part: int | None, whole: int | None) -> int | None:
    """Millionths, floored; None without a base."""
    return None if part is None or not whole else part * 1_000_000 // whole
