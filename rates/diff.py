"""A deck against the timeline in force: a label and an effective instant for every code (domain: change labels, notice period).

Prices are compared per code and by longest match, at the instant the row asks for, on the exact cost of a call of 30 s and of 180 s;
so increments, fees and currencies count, and a code split from its parent is compared with what its numbers cost before."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rates.book import CURRENCIES, Book, Ints
from rates.keys import digits_of
from rates.lookup import FOREVER
from rates.notice import Terms
from rates.schema import BLOCKED, CLOSED, LABELS, OPEN

Mask = npt.NDArray[np.bool_]
Marks = npt.NDArray[np.int8]
LABEL: Final = {name: np.int8(place) for place, name in enumerate(LABELS)}
NAME_LABELS: Final = ("", "RENAMED", "MOVED")
_BACKDATABLE: Final = ("NEW", "INCREASE", "DECREASE", "LATE", "TERMS_CHANGED", "REOPENED")
_POSTPONED, _ACCEPTED, _REJECTED = np.int8(1), np.int8(2), np.int8(3)
_CHOICES = {"postpone": _POSTPONED, "accept": _ACCEPTED, "refuse": _ACCEPTED, "reject": _REJECTED}


class MissingRateOfExchange(Exception):
    """Prices in two currencies cannot be compared. args[0] names both."""

    code = "currency_changed"


@dataclass(frozen=True)
class RowPlan:
    """Per typed row of the deck (index into its table): what it is compared with, its label, and when it takes effect.
    `label`: place in schema.LABELS; `name_label`: in NAME_LABELS. `before`, `after`: cost of a call of 180 s (nanos × 60) where
    `compared`, both in the row's currency. `effective` = it has an effect at all; `unchanged` = the timeline already says
    exactly this, so nothing is written; `rejected` = an increase with too short notice that a person left out."""

    book: Book
    start: Ints
    end: Ints
    old: Ints
    label: Marks
    name_label: Marks
    effective: Mask
    unchanged: Mask
    late: Mask
    rejected: Mask
    compared: Mask
    before: Ints
    after: Ints

    def labelled(self, *names: str) -> Mask:
        found: Mask = np.isin(self.label, [LABEL[name] for name in names])
        return found


def plan_rows(current: Book, rows: pa.Table, terms: Terms) -> RowPlan:
    """Label every row and settle its interval. Raises MissingRateOfExchange."""
    new = Book.of(rows, current.layers)
    asked = new.start
    start = asked if terms.options.backdated == "accept" else np.maximum(asked, terms.received_us)
    old = current.lookup.longest(new.keys, start)
    has = old >= 0
    at = np.maximum(old, 0)
    own = has & (pick(current.keys, at) == new.keys)
    same_state = own & (pick(current.status, at) == new.status)
    is_open = new.status == OPEN
    compared = has & (pick(current.status, at) == OPEN) & is_open
    up, down, before = _moves(current, new, at, compared, terms)
    renamed = own & _renamed(current, new, at)
    name_label = _name_labels(current, new, renamed)

    label = np.full(len(new), LABEL["NEW"], np.int8)
    unpriced = np.flatnonzero(is_open & ~compared)
    known = own[unpriced] | (~has[unpriced] & current.lookup.ever(new.keys[unpriced]))
    label[unpriced[known]] = LABEL["REOPENED"]
    even = np.flatnonzero(compared & ~up & ~down)
    label[even] = LABEL["TERMS_CHANGED"]
    same = even[_same_terms(current, new, at, even)]
    label[same] = LABEL["UNCHANGED"]
    named = same[renamed[same]]
    label[named] = np.where(name_label[named] == 2, LABEL["MOVED"], LABEL["RENAMED"])
    label[down] = LABEL["DECREASE"]
    label[up] = LABEL["INCREASE"]
    # Under the rule parent a code that was never quoted has nothing to close; under the others it stops the fall to its parent.
    falls = terms.options.unlisted_rule == "parent"
    for state, name in ((BLOCKED, "BLOCKED"), (CLOSED, "CLOSED")):
        here = new.status == state
        label[here] = LABEL[name]
        nothing = same_state if state == BLOCKED else same_state | (~own & (falls | ~has))
        label[here & nothing] = LABEL["UNCHANGED"]

    dearer = up & (label == LABEL["INCREASE"])
    changed = np.flatnonzero(label == LABEL["TERMS_CHANGED"])
    dearer[changed] = _dearer_somewhere(current, new, at, changed)
    late = dearer & (start < terms.legal_us)
    label[late] = LABEL["LATE"]
    chosen = _late_choices(new, late, terms)
    start = np.where(chosen == _POSTPONED, terms.legal_us, start)
    rejected = chosen == _REJECTED
    if terms.options.backdated == "accept":
        past = asked < terms.received_us
        label[past & np.isin(label, [LABEL[name] for name in _BACKDATABLE])] = LABEL["BACKDATED"]
    end = _ends(new, np.where(rejected, FOREVER, start))
    effective = (end > start) & ~rejected
    unchanged = _nothing_new(current, new, at, end, label, same_state, renamed, falls=falls)
    return RowPlan(
        new, start, end, old, label, name_label, effective, unchanged, late & effective, rejected, compared,
        before, new.long,
    )  # fmt: skip


def pick(column: npt.NDArray[Any], at: Ints) -> npt.NDArray[Any]:
    """column[at], with zeros where the column is empty (`at` then holds only placeholders)."""
    return column[at] if len(column) else np.zeros((len(at), *column.shape[1:]), column.dtype)


def names_of(book: Book, at: Ints) -> pa.Array:
    """Destinations of the rows `at`; empty names where the book is empty."""
    return book.destination.take(pa.array(at)) if len(book) else pa.array([""] * len(at), pa.utf8())


def _late_choices(new: Book, late: Mask, terms: Terms) -> Marks:
    """What happens to each late row, 0 for the others: the choice for its code, else the deck's."""
    found = np.where(late, _CHOICES[terms.options.late], np.int8(0))
    if terms.options.late_codes:
        for at in np.flatnonzero(late):
            choice = terms.options.late_codes.get(digits_of(int(new.keys[at])), terms.options.late)
            found[at] = _CHOICES[choice]
    return found


def _renamed(current: Book, new: Book, at: Ints) -> Mask:
    found: Mask = pc.not_equal(names_of(current, at), new.destination).to_numpy(zero_copy_only=False)
    return found


def _name_labels(current: Book, new: Book, renamed: Mask) -> Marks:
    """MOVED where the new name is one that the deck in force knows, else RENAMED."""
    found = renamed.astype(np.int8)
    where = np.flatnonzero(renamed)
    if len(where):
        names = new.destination.take(pa.array(where))
        moved = pc.is_in(names, value_set=current.destination.unique()).to_numpy(zero_copy_only=False)
        found[where[moved]] = 2
    return found


def _moves(current: Book, new: Book, at: Ints, compared: Mask, terms: Terms) -> tuple[Mask, Mask, Ints]:
    """(dearer at 30 s or 180 s, cheaper at either, what 180 s cost before in the row's currency)."""
    up, down = np.zeros(len(new), bool), np.zeros(len(new), bool)
    before = pick(current.long, at)
    if not compared.any():
        return up, down, before
    foreign = np.flatnonzero(compared & (pick(current.currency_ids, at) != new.currency_ids))
    for old, now in ((pick(current.short, at), new.short), (before, new.long)):
        up |= compared & (now > old)
        down |= compared & (now < old)
    if len(foreign):
        up[foreign] = down[foreign] = False
        here = at[foreign]
        fx_old = fx_factors(current.currency_ids[here], terms.fx)
        fx_new = fx_factors(new.currency_ids[foreign], terms.fx)
        for old, now in ((current.short, new.short), (current.long, new.long)):
            was, becomes = old[here].astype(object) * fx_old, now[foreign].astype(object) * fx_new
            up[foreign] |= (becomes > was).astype(bool)
            down[foreign] |= (becomes < was).astype(bool)
        before = before.copy()
        converted = current.long[here].astype(object) * fx_old // fx_new
        before[foreign] = np.minimum(converted, np.iinfo(np.int64).max).astype(
            np.int64
        )  # shown, never compared
    return up, down & ~up, before


def fx_factors(ids: npt.NDArray[np.int16], fx: dict[str, str]) -> npt.NDArray[np.object_]:
    """Nanos of the base currency for one unit."""
    factors = np.empty(len(ids), object)
    for id in pd.unique(ids):
        name = CURRENCIES[int(id)]
        if name not in fx:
            raise MissingRateOfExchange(name)
        factors[ids == id] = int(Decimal(fx[name]) * 10**9)
    return factors


def _same_terms(current: Book, new: Book, at: Ints, where: Ints) -> Mask:
    """Rate, fee, increments and currency are all as before."""
    found = np.ones(len(where), bool)
    here = at[where]
    for old, now in zip(current.priced_columns(), new.priced_columns(), strict=True):
        found &= pick(old, here) == now[where]
    return found


def _dearer_somewhere(current: Book, new: Book, at: Ints, where: Ints) -> Mask:
    """Whether other increments or fees make calls of 1, 31 or 61 s dearer though 30 s and 180 s cost the same."""
    found = np.zeros(len(where), bool)
    for seconds in (1, 31, 61):
        found |= new.cost(where, seconds) > current.cost(at[where], seconds)
    return found


def _nothing_new(
    current: Book,
    new: Book,
    at: Ints,
    end: Ints,
    label: Marks,
    same_state: Mask,
    renamed: Mask,
    *,
    falls: bool,
) -> Mask:
    """Rows the timeline already holds word for word and open-ended; and closed rows of codes it never held, where those may fall
    back to their parent."""
    found: Mask = (
        (label == LABEL["UNCHANGED"])
        & same_state
        & ~renamed
        & (end == FOREVER)
        & (pick(current.end, at) == FOREVER)
        & ~repeated(new.keys)
    )
    closed = np.flatnonzero((new.status == CLOSED) & (label == LABEL["UNCHANGED"]) & falls)
    found[closed] |= ~current.lookup.ever(new.keys[closed])
    return found


def repeated(keys: Ints) -> Mask:
    """Rows whose key another row has too."""
    if len(keys) < 2 or bool((keys[1:] > keys[:-1]).all()):
        return np.zeros(len(keys), bool)
    found: Mask = pd.Series(keys).duplicated(keep=False).to_numpy()
    return found


def _ends(new: Book, start: Ints) -> Ints:
    """A row ends at its own end, or where a later-asked row of the same code begins, whichever is first."""
    if not repeated(new.keys).any():
        return new.end
    order = np.lexsort((start, new.start, new.keys))
    keys = new.keys[order]
    later = pd.DataFrame({"key": keys[::-1], "start": start[order][::-1]})
    lowest = later.groupby("key", sort=False)["start"].cummin().to_numpy()[::-1]
    following = np.full(len(keys), FOREVER, np.int64)
    same = keys[1:] == keys[:-1]
    following[:-1][same] = lowest[1:][same]
    end = new.end.copy()
    end[order] = np.minimum(new.end[order], following)
    return end
