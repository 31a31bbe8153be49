"""A sorted table that stops inside an area: its end was cut off on the way."""

import numpy as np
import pyarrow.compute as pc

from rates.book import Book
from rates.compared import Compared
from rates.country import countries_of, in_country
from rates.keys import codes_of
from rates.schema import OPEN

_WORLD = 40
"""Countries from which a full deck is one of the whole world, which ends with the nines."""
_FEWEST = 20


def check(deck: Compared) -> None:
    book = deck.merged.plan.book
    if deck.request.options.mode == "partial" or len(book) < _FEWEST or not _sorted(book):
        return
    last = book.codes[-1].as_py()
    missing = _missing(deck, last)
    if missing >= deck.thresholds.tail_codes:
        deck.say(
            "truncated_area",
            f"The rows are sorted and stop at {last}, but {missing:,} codes of that country that follow are in force: is the end cut off?",
            text=last,
        )
    elif not len(deck.current) and last[0] < "9" and _countries(book) >= _WORLD:
        deck.say(
            "truncated_area", f"The rows are sorted and stop at {last}: nothing follows up to 9.", text=last
        )


def _sorted(book: Book) -> bool:
    """Dial codes ascend as text (as a spreadsheet sorts them) or as numbers."""
    codes = book.codes
    as_text = pc.all(pc.less_equal(codes.slice(0, len(codes) - 1), codes.slice(1))).as_py()
    return bool(as_text) or bool((book.keys[1:] >= book.keys[:-1]).all())


def _missing(deck: Compared, last: str) -> int:
    """Codes in force in the last code's country that sort after it and close because the file does not name them."""
    closing = deck.merged.closing
    if not len(closing.keys):
        return 0
    book = deck.merged.plan.book
    country = countries_of(book.keys[-1:])[0]
    was_open = deck.current.status[closing.old] == OPEN
    here = was_open & in_country(closing.keys, country)
    after = pc.greater(codes_of(closing.keys), last).to_numpy(zero_copy_only=False)
    if int((here & ~after).sum()):
        return 0  # codes before the end are missing as well: not a cut
    return int((here & after).sum())


def _countries(book: Book) -> int:
    return len(np.unique(countries_of(book.keys).astype(str)))
