"""Margin traps: a sell code over dearer cost codes (domain: longest match). Whoever sells `44` at 0.0040 loses on `4470` at 0.30."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rates import store
from rates.book import CURRENCIES, Book, Ints
from rates.compared import Compared
from rates.diff import MissingRateOfExchange, pick
from rates.export import decimal_texts
from rates.keys import lengths, parents
from rates.price import LONG, per_minute
from rates.schema import OPEN


def check(deck: Compared) -> None:
    """New or changed codes that cost more than the rate cards in force earn on the same numbers; where no card is given,
    that are `trap_pct` dearer than the shorter code above them in the deck itself."""
    plan = deck.merged.plan
    candidates = np.flatnonzero(
        (plan.book.status == OPEN) & plan.effective & ~plan.labelled("UNCHANGED", "DECREASE")
    )
    if not len(candidates) or deck.severity("margin_trap") is None:
        return
    if not deck.request.cards:
        _under_parents(deck, candidates)
    for card in deck.request.cards:
        _under_card(deck, candidates, card.name, Book.of(store.read_file(card.path), deck.current.layers))


def _under_parents(deck: Compared, at: Ints) -> None:
    after, book = Book.of(deck.merged.timeline, deck.current.layers), deck.merged.plan.book
    start = deck.merged.plan.start[at]
    above = after.lookup.inside(parents(book.keys[at]), start)
    place = np.maximum(above, 0)
    covered = (
        (above >= 0)
        & (pick(after.status, place) == OPEN)
        & (pick(after.currency_ids, place) == book.currency_ids[at])
    )
    cheap, dear = pick(after.long, place), book.long[at]
    trap = covered & (cheap > 0) & (dear * 100 > cheap * (100 + deck.thresholds.trap_pct))
    rows, over = at[trap], place[trap]
    words = [_minutes(book, rows), "below", after.codes.take(pa.array(over)), "at", _minutes(after, over)]
    deck.say_of_rows("margin_trap", rows, pc.binary_join_element_wise(*words, " "))


def _under_card(deck: Compared, at: Ints, name: str, card: Book) -> None:
    book = deck.merged.plan.book
    sold = card.lookup.longest(book.keys[at], deck.merged.plan.start[at])
    place = np.maximum(sold, 0)
    covered = (
        (sold >= 0)
        & (pick(card.status, place) == OPEN)
        & (lengths(pick(card.keys, place)) <= lengths(book.keys[at]))
    )
    covered = np.flatnonzero(covered)
    earns = card.long[place[covered]].astype(object) * _fx(deck, card, place[covered])
    costs = book.long[at[covered]].astype(object) * _fx(deck, book, at[covered])
    trap = covered[(costs > earns).astype(bool)]
    rows, over = at[trap], place[trap]
    words = [
        "costs",
        _minutes(book, rows),
        f"but {name} sells",
        card.codes.take(pa.array(over)),
        "at",
        _minutes(card, over),
    ]
    deck.say_of_rows("margin_trap", rows, pc.binary_join_element_wise(*words, " "))


def _minutes(book: Book, rows: Ints) -> pa.Array:
    """Effective rate a minute at 180 s of these rows, as text."""
    return decimal_texts(per_minute(pick(book.long, rows), LONG))


def _fx(deck: Compared, book: Book, rows: Ints) -> np.ndarray[tuple[int, ...], np.dtype[np.object_]]:
    """Nanos of the base currency for one unit; one factor for all where nothing has to be converted."""
    ids, factors = book.currency_ids[rows], np.full(len(rows), 10**9, object)
    for id in np.unique(ids).tolist():
        currency = CURRENCIES[id]
        if currency in deck.request.fx:
            factors[ids == id] = int(Decimal(deck.request.fx[currency]) * 10**9)
        elif set(np.unique(book.currency_ids).tolist()) | set(
            np.unique(deck.merged.plan.book.currency_ids).tolist()
        ) != {id}:
            raise MissingRateOfExchange(currency)
    return factors
