"""Cost decks and margin rules -> rate card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import pyarrow as pa

from ratecards.match import Terms, longest, terms_by_code
from ratecards.rules import MarginRule, rule_for, sell_rate
from rates.schema import BLOCKED, OPEN, TIMELINE

NANOS = 1_000_000_000
Basis = Literal["cheapest", "second", "dearest"]


@dataclass(frozen=True)
class CostDeck:
    """One vendor product's view at one instant (columns of the timeline, one row per code)."""

    name: str
    view: pa.Table


@dataclass(frozen=True)
class CardOptions:
    """How to price. `fx_nanos`: nanos of the card's currency for one unit of a deck's currency.

    `basis`: which vendor's cost a code is priced on; "second" leaves room for the first to fail.
    `reference_seconds`: costs are compared and taken as cost of a call of this length, so that fees and increments count.
    """

    currency: str
    fx_nanos: Mapping[str, int]
    basis: Basis = "cheapest"
    reference_seconds: int = 180
    initial_increment: int = 1
    next_increment: int = 1


@dataclass(frozen=True)
class BuiltCard:
    """The card and what could not be priced: code -> reason."""

    card: pa.Table
    unpriced: dict[str, str]


def build_card(
    decks: Sequence[CostDeck],
    rules: Sequence[MarginRule],
    options: CardOptions,
    *,
    effective_from: datetime,
    received_at: datetime,
) -> BuiltCard:
    """Price the union of the decks' codes: each deck by longest match, then the basis, then the rule.

    A code whose price equals that of its nearest shorter code (and has the same destination) is left out: longest
    match gives the same answer. Codes without an open cost or without a rule are reported, never priced at zero;
    below a sold code they become blocked rows, so that longest match does not sell them at the shorter code's rate.
    """
    maps = [terms_by_code(deck.view) for deck in decks]
    codes = sorted({code for one in maps for code in one})
    unpriced: dict[str, str] = {}
    priced: dict[str, tuple[str, int]] = {}
    for code in codes:
        cost, destination, reason = _cost_of(code, maps, options)
        rule = rule_for(code, rules)
        if cost is None or rule is None:
            unpriced[code] = reason if cost is None else "no margin rule fits"
            continue
        priced[code] = (destination, sell_rate(cost, rule))
    kept: dict[str, tuple[str, int, int]] = {}
    for code in codes:
        nearest = _nearest(code, priced, unpriced)
        if code in priced and nearest != priced[code]:
            kept[code] = (*priced[code], OPEN)
        elif code in unpriced and nearest is not None:
            kept[code] = (nearest[0], 0, BLOCKED)
    rows = [
        {
            "code": code,
            "destination": destination,
            "rate_nanos": rate,
            "first_rate_nanos": None,
            "connect_fee_nanos": 0,
            "initial_increment": options.initial_increment,
            "next_increment": options.next_increment,
            "free_seconds": 0,
            "currency": options.currency,
            "status": status,
            "effective_from": effective_from,
            "effective_until": None,
            "received_at": received_at,
            "deck_id": 0,
            "deck_row": number,
        }
        for number, (code, (destination, rate, status)) in enumerate(kept.items(), start=1)
    ]
    return BuiltCard(pa.Table.from_pylist(rows, schema=TIMELINE), unpriced)


def _cost_of(
    code: str, maps: Sequence[Mapping[str, Terms]], options: CardOptions
) -> tuple[int | None, str, str]:
    """Cost in nanos per minute of the card's currency (rounded up), the destination's name, or the reason for none."""
    d = options.reference_seconds
    found: list[tuple[int, str]] = []
    reason = "no deck covers it"
    for one in maps:
        row = longest(one, code)
        if row is None:
            continue
        if row.status != OPEN:
            reason = "blocked or closed in every deck that covers it"
            continue
        fx = NANOS if row.currency == options.currency else options.fx_nanos.get(row.currency)
        if fx is None:
            reason = f"no exchange rate for {row.currency}"
            continue
        found.append((-(-row.amount_60(d) * fx // (d * NANOS)), row.destination))
    if not found:
        return None, "", reason
    found.sort()
    pick = {"cheapest": 0, "second": min(1, len(found) - 1), "dearest": len(found) - 1}[options.basis]
    return found[pick][0], found[pick][1], ""


def _nearest(
    code: str, priced: Mapping[str, tuple[str, int]], unpriced: Mapping[str, str]
) -> tuple[str, int] | None:
    for length in range(len(code) - 1, 0, -1):
        shorter = code[:length]
        if shorter in priced:
            return priced[shorter]
        if shorter in unpriced:
            return None
    return None
