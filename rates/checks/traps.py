"""Margin traps: a sell code over dearer cost codes (domain: longest match). Whoever sells `44` at 0.0040 loses on `4470` at 0.30."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rates import store
from rates.book import Book, Ints
from rates.compared import Compared
from rates.decimals import decimal_texts
from rates.diff import MissingRateOfExchange, pick
from rates.keys import parents
from rates.options import SellCard
from rates.price import LONG, per_minute
from rates.problems import TEXT_LIMIT
from rates.schema import OPEN
from rates.sold import Trap, rate_text, traps_of


def check(deck: Compared) -> None:
    """New or changed codes that cost more than the rate cards in force earn on the same numbers (`margin_trap`, one finding a
    sell code); and codes far dearer than the shorter code above them in the deck itself (`steep_code`)."""
    plan = deck.merged.plan
    candidates = np.flatnonzero(
        (plan.book.status == OPEN) & plan.effective & ~plan.labelled("UNCHANGED", "DECREASE")
    )
    if not len(candidates):
        return
    if deck.severity("steep_code") is not None:
        _under_parents(deck, candidates)
    if deck.severity("margin_trap") is not None:
        for card in deck.request.cards:
            _under_card(deck, candidates, card)


def _under_card(deck: Compared, at: Ints, card: SellCard) -> None:
    plan, request = deck.merged.plan, deck.request
    sold = Book.of(store.read_file(card.path), deck.current.layers)
    try:
        traps = traps_of(plan.book, at, plan.start[at], sold, request.fx, deck.thresholds.trap_pct)
    except MissingRateOfExchange as fault:
        deck.say("margin_trap", f"{card.name} could not be compared: there is no exchange rate for {fault}.")
        return
    _say(deck, card.name, traps)


def _say(deck: Compared, name: str, traps: list[Trap]) -> None:
    rows = np.array([trap.rows[0] for trap in traps], np.int64)
    codes = pa.array([trap.sell_code for trap in traps], pa.utf8())
    texts = [_words(name, trap, deck.merged.plan.book) for trap in traps]
    deck.say_of_rows("margin_trap", rows, pa.array(texts, pa.utf8()), codes)


def _words(name: str, trap: Trap, book: Book) -> str:
    """`0.004 (Bigbuy); costs 4470 0.3, 4475 0.2 and 12 more`, as many codes as fit."""
    said = f"sold at {trap.sell_rate} ({name[:30]}); costs"
    for place, row in enumerate(trap.rows):
        more = f"{',' * bool(place)} {book.codes[int(row)].as_py()} {rate_text(book, int(row))}"
        left = len(trap.rows) - place
        if len(said) + len(more) + len(f" and {left:,} more") > TEXT_LIMIT:
            return f"{said} and {left:,} more"
        said += more
    return said


def _under_parents(deck: Compared, at: Ints) -> None:
    after, book = deck.merged.after, deck.merged.plan.book
    start = deck.merged.plan.start[at]
    above = after.lookup.inside(parents(book.keys[at]), start)
    place = np.maximum(above, 0)
    covered = (
        (above >= 0)
        & (pick(after.status, place) == OPEN)
        & (pick(after.currency_ids, place) == book.currency_ids[at])
    )
    cheap, dear = after.cost(place, LONG), book.long[at]
    trap = covered & (cheap > 0) & (dear * 100 > cheap * (100 + deck.thresholds.steep_pct))
    rows, over = at[trap], place[trap]
    words = [_minutes(book, rows), "below", after.codes.take(pa.array(over)), "at", _minutes(after, over)]
    deck.say_of_rows("steep_code", rows, pc.binary_join_element_wise(*words, " "))


def _minutes(book: Book, rows: Ints) -> pa.Array:
    """Effective rate a minute at 180 s of these rows, as text."""
    return decimal_texts(per_minute(pick(book.long, rows), LONG))
