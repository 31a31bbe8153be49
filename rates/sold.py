"""Cost codes laid below a rate card: which sell codes earn less than what lies below them costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from rates.book import CURRENCIES, Book, Ints
from rates.decimals import decimal_text
from rates.diff import MissingRateOfExchange, pick
from rates.keys import lengths
from rates.price import LONG, per_minute
from rates.schema import OPEN


@dataclass(frozen=True)
class Trap:
    """`rows`: of the cost book, dearest first, all dearer than `sell_rate` (a minute, at 180 s, in `currency` of the card)."""

    sell_code: str
    sell_name: str
    sell_rate: str
    currency: str
    rows: Ints


def traps_of(
    costs: Book, at: Ints, when: Ints, card: Book, fx: Mapping[str, str], over_pct: int = 0
) -> list[Trap]:
    """Of the cost rows `at`, priced by the longest match in the card at `when` (microseconds), those that cost more than
    `over_pct` per cent above what the card earns on the same call of 180 s; one trap a sell code, the largest loss first.
    fx: currency → base units for one unit, needed where currencies differ. Raises MissingRateOfExchange."""
    sold = card.lookup.longest(costs.keys[at], when)
    place = np.maximum(sold, 0)
    covered = np.flatnonzero(
        (sold >= 0)
        & (pick(card.status, place) == OPEN)
        & (lengths(pick(card.keys, place)) <= lengths(costs.keys[at]))
    )
    rows, over = at[covered], place[covered]
    earns = card.long[over].astype(object) * _fx(fx, card, costs, over)
    spends = costs.long[rows].astype(object) * _fx(fx, costs, card, rows)
    lost = spends - earns
    trap = np.flatnonzero((spends * 100 > earns * (100 + over_pct)).astype(bool))
    rows, over, lost = rows[trap], over[trap], lost[trap]
    order = sorted(range(len(rows)), key=lambda n: (-lost[n], int(rows[n])))
    by_code: dict[int, list[int]] = {}
    for n in order:
        by_code.setdefault(int(over[n]), []).append(int(rows[n]))
    return [
        Trap(
            card.codes[row].as_py(), card.destination[row].as_py() or "", rate_text(card, row),
            CURRENCIES[int(card.currency_ids[row])], np.array(below, np.int64),
        )
        for row, below in by_code.items()
    ]  # fmt: skip


def rate_text(book: Book, row: int) -> str:
    """Effective rate a minute at 180 s of one row."""
    return decimal_text(int(per_minute(book.long[row : row + 1], LONG)[0]))


def _fx(
    fx: Mapping[str, str], book: Book, other: Book, rows: Ints
) -> np.ndarray[tuple[int, ...], np.dtype[np.object_]]:
    """Nanos of the base currency for one unit; one factor for all where nothing has to be converted."""
    ids, factors = book.currency_ids[rows], np.full(len(rows), 10**9, object)
    both = set(np.unique(book.currency_ids).tolist()) | set(np.unique(other.currency_ids).tolist())
    for id in np.unique(ids).tolist():
        currency = CURRENCIES[id]
        if currency in fx:
            factors[ids == id] = int(Decimal(fx[currency]) * 10**9)
        elif both != {id}:
            raise MissingRateOfExchange(currency)
    return factors
