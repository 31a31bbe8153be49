"""What a deck does to money: the same traffic priced before and after, by destination, exact.

Amounts, not rates: every call is rounded to its increments and pays its fee (`ratecards.amount`). The length of a call is the
traffic's own average (seconds / calls), split into whole seconds so that the sum stays true: of 10 calls and 1,234 s six last
123 s and four 124 s. Sums are whole nanos × 60 and are rounded once, when they are shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd
import pyarrow as pa

from ratecards.amount import NANOS, Price, amount60
from rates.book import Book
from rates.keys import keys_of
from rates.parse.dates import micros
from rates.schema import OPEN, is_layered
from rates.view import as_of

SIXTY_NANOS = 60 * NANOS


@dataclass(frozen=True)
class Flow:
    """Answered calls towards a dial code. `sell`: what is charged for them where no rate card says so."""

    code: str
    calls: int
    seconds: int
    sell: Price | None = None


@dataclass(frozen=True)
class Line:
    """One destination. Costs and delta are of traffic priced both before and after; what only one side prices is apart.
    Amounts in the deck's currency, `revenue` too. None = nothing to say (no rate card, no such traffic)."""

    destination: str
    codes: int
    calls: int
    seconds: int
    old_cost: Decimal
    new_cost: Decimal
    revenue: Decimal | None
    lost_seconds: int
    lost_cost: Decimal
    gained_seconds: int
    gained_cost: Decimal

    @property
    def minutes(self) -> Decimal:
        return Decimal(self.seconds) / 60

    @property
    def delta(self) -> Decimal:
        return self.new_cost - self.old_cost

    @property
    def percent(self) -> Decimal | None:
        return None if not self.old_cost else self.delta / self.old_cost * 100

    @property
    def old_margin(self) -> Decimal | None:
        return None if self.revenue is None else self.revenue - self.old_cost

    @property
    def new_margin(self) -> Decimal | None:
        return None if self.revenue is None else self.revenue - self.new_cost


@dataclass(frozen=True)
class Impact:
    """`lines` by largest absolute change first; `unpriced_seconds`: traffic that neither side prices."""

    at: datetime
    lines: list[Line]
    total: Line
    unpriced_seconds: int


@dataclass
class _Sum:
    codes: set[str] = field(default_factory=set)
    calls: int = 0
    seconds: int = 0
    old: int = 0
    new: int = 0
    revenue: int = 0
    unsold: bool = False
    lost_seconds: int = 0
    lost: int = 0
    gained_seconds: int = 0
    gained: int = 0

    def line(self, name: str) -> Line:
        return Line(
            name, len(self.codes), self.calls, self.seconds, money(self.old), money(self.new),
            None if self.unsold or not self.calls else money(self.revenue), self.lost_seconds, money(self.lost),
            self.gained_seconds, money(self.gained),
        )  # fmt: skip


class Prices:
    """One deck or rate card at one instant: the price of a code by longest match. Closed and blocked codes have none."""

    def __init__(self, timeline: pa.Table | None, at: datetime) -> None:
        view = None if timeline is None else _worst(as_of(timeline, at))
        self._book, self._at = Book.of(view), micros(at)

    def __len__(self) -> int:
        return len(self._book)

    def of(self, codes: list[str]) -> list[tuple[Price, str] | None]:
        """Price and destination of each code."""
        book = self._book
        if not len(book) or not codes:
            return [None] * len(codes)
        keys = keys_of(pa.array(codes, pa.utf8()))
        instant = keys * 0 + self._at
        found: list[tuple[Price, str] | None] = []
        for row in book.lookup.longest(keys, instant).tolist():
            if row < 0 or book.status[row] != OPEN:
                found.append(None)
                continue
            first = int(book.first_rate[row])
            price = Price(
                int(book.rate[row]), None if first < 0 else first, int(book.fee[row]), int(book.initial[row]),
                int(book.following[row]), int(book.free[row]),
            )  # fmt: skip
            found.append((price, book.destination[row].as_py()))
        return found

    def codes_of(self, destination: str) -> list[str]:
        """Open codes under a destination's name, letter case and spacing aside."""
        wanted = " ".join(destination.split()).casefold()
        book = self._book
        return [
            code
            for code, name, status in zip(
                book.table["code"].to_pylist(),
                book.destination.to_pylist(),
                book.status.tolist(),
                strict=True,
            )
            if status == OPEN and " ".join(name.split()).casefold() == wanted
        ]


def _worst(view: pa.Table) -> pa.Table:
    """One row a code: where prices depend on the caller, the dearest, as for any call whose caller is not known."""
    if not is_layered(view):
        return view
    order = np.argsort(-Book.of(view).long, kind="stable")
    chosen = view.take(pa.array(order))
    first = ~pd.Series(chosen["code"].to_pylist()).duplicated().to_numpy()
    kept = chosen.filter(pa.array(first)).sort_by("code").combine_chunks()
    for name in ("origin", "jurisdiction"):
        kept = kept.set_column(kept.schema.get_field_index(name), name, pa.nulls(kept.num_rows, pa.utf8()))
    return kept


def amount60_of(price: Price, calls: int, seconds: int) -> int:
    """Nanos × 60 of `calls` calls that last `seconds` together, as evenly as whole seconds allow."""
    if calls <= 0:
        return 0
    each, longer = divmod(seconds, calls)
    return (calls - longer) * amount60(price, each) + longer * amount60(price, each + 1)


def money(nanos60: int) -> Decimal:
    """Nanos × 60 as an amount, half-up to six places."""
    return (Decimal(nanos60) / SIXTY_NANOS).quantize(Decimal("0.000001"), ROUND_HALF_UP)


def impact_of(
    flows: Iterable[Flow], before: Prices, after: Prices, at: datetime, *, card: Prices | None = None,
    card_to_deck: Decimal = Decimal(1),
) -> Impact:  # fmt: skip
    """Price `flows` with both decks and, where given, the rate card (`card_to_deck`: deck's currency for one of the card's)."""
    given = list(flows)
    codes = [flow.code for flow in given]
    olds, news = before.of(codes), after.of(codes)
    sells = card.of(codes) if card is not None else [None] * len(codes)
    sums: dict[str, _Sum] = {}
    total, unpriced = _Sum(), 0
    for flow, old, new, sell in zip(given, olds, news, sells, strict=True):
        named = new or old
        if named is None:
            unpriced += flow.seconds
            continue
        charged = sell[0] if sell is not None else flow.sell
        for into in (sums.setdefault(named[1], _Sum()), total):
            _add(
                into,
                flow,
                old and old[0],
                new and new[0],
                charged,
                card_to_deck if sell is not None else Decimal(1),
            )
    lines = [one.line(name) for name, one in sums.items()]
    lines.sort(key=lambda line: (-abs(line.delta), -line.lost_cost, line.destination))
    return Impact(at, lines, total.line("Total"), unpriced)


def _add(
    into: _Sum, flow: Flow, old: Price | None, new: Price | None, sell: Price | None, to_deck: Decimal
) -> None:
    into.codes.add(flow.code)
    if old is not None and new is not None:
        into.calls, into.seconds = into.calls + flow.calls, into.seconds + flow.seconds
        into.old += amount60_of(old, flow.calls, flow.seconds)
        into.new += amount60_of(new, flow.calls, flow.seconds)
        if sell is None:
            into.unsold = True
        else:
            charged = amount60_of(sell, flow.calls, flow.seconds)
            into.revenue += (
                charged if to_deck == 1 else int((charged * to_deck).to_integral_value(ROUND_HALF_UP))
            )
    elif old is not None:
        into.lost_seconds += flow.seconds
        into.lost += amount60_of(old, flow.calls, flow.seconds)
    elif new is not None:
        into.gained_seconds += flow.seconds
        into.gained += amount60_of(new, flow.calls, flow.seconds)
