"""A deck against the timeline in force: a label and an effective instant for every code (domain: change labels, notice period).

Prices are compared per code and by longest match, at the instant the row asks for, on the exact cost of a call of 30 s and of 180 s;
so increments, fees and currencies count, and a code split from its parent is compared with what its numbers cost before."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from rates.book import Book, Ints
from rates.keys import digits_of
from rates.lookup import FOREVER
from rates.notice import Terms
from rates.schema import BLOCKED, CLOSED, OPEN

Mask = npt.NDArray[np.bool_]


class MissingRateOfExchange(Exception):
    """Prices in two currencies cannot be compared. args[0] names both."""

    code = "currency_changed"


@dataclass(frozen=True)
class RowPlan:
    """Per typed row of the deck (index into its table): what it is compared with, its label, and when it takes effect.
    `effective` = it has an effect at all; `unchanged` = the timeline already says exactly this, so nothing is written;
    `rejected` = an increase with too short notice that a person left out."""

    book: Book
    start: Ints
    end: Ints
    old: Ints
    label: npt.NDArray[np.object_]
    name_label: npt.NDArray[np.object_]
    effective: Mask
    unchanged: Mask
    late: Mask
    rejected: Mask
    jump: Mask


def plan_rows(current: Book, rows: pa.Table, terms: Terms) -> RowPlan:
    """Label every row and settle its interval. Raises MissingRateOfExchange."""
    new = Book.of(rows, current.layers)
    asked = new.start
    start = asked if terms.options.backdated == "accept" else np.maximum(asked, terms.received_us)
    old = current.lookup.longest(new.keys, start)
    has = old >= 0
    at = np.maximum(old, 0)
    own = has & (_pick(current.keys, at) == new.keys)
    priced = has & (_pick(current.status, at) == OPEN)
    is_open = new.status == OPEN
    up, down, jump = _moves(current, new, at, priced & is_open, terms)
    same_terms = (
        priced
        & is_open
        & ~up
        & ~down
        & (_pick(current.terms_key(), at) == new.terms_key()).all(axis=1)
        & (_pick(current.rate, at) == new.rate)
    )
    old_names, new_names = _names(current, at), np.asarray(new.destination.to_pandas(), object)
    renamed = own & (old_names != new_names)
    known = set(current.destination.to_pylist()) if renamed.any() else set()
    moved = renamed & np.array([name in known for name in new_names]) if renamed.any() else renamed
    name_label = np.where(moved, "MOVED", np.where(renamed, "RENAMED", "")).astype(object)

    label = np.full(len(new), "NEW", object)
    reopened = is_open & ~priced & (own | (~has & current.lookup.ever(new.keys)))
    label[reopened] = "REOPENED"
    compared = priced & is_open
    label[compared] = "TERMS_CHANGED"
    label[compared & same_terms] = "UNCHANGED"
    label[compared & same_terms & renamed] = name_label[compared & same_terms & renamed]
    label[compared & down & ~up] = "DECREASE"
    label[compared & up] = "INCREASE"
    same_state = own & (_pick(current.status, at) == new.status)
    label[new.status == BLOCKED] = "BLOCKED"
    label[(new.status == BLOCKED) & same_state] = "UNCHANGED"
    label[new.status == CLOSED] = "CLOSED"
    label[(new.status == CLOSED) & (~own | same_state)] = "UNCHANGED"

    dearer = (label == "INCREASE") | ((label == "TERMS_CHANGED") & _dearer_somewhere(current, new, at))
    late = dearer & (start < terms.legal_us)
    label[late] = "LATE"
    chosen = late_choices(new, late, terms)
    start = np.where(chosen == "postpone", terms.legal_us, start)
    rejected = chosen == "reject"
    if terms.options.backdated == "accept":
        label[
            (asked < terms.received_us)
            & np.isin(label, ("NEW", "DECREASE", "LATE", "TERMS_CHANGED", "REOPENED"))
        ] = "BACKDATED"
    end = _ends(new, np.where(rejected, FOREVER, start))
    effective = (end > start) & ~rejected
    alone = ~pd.Series(new.keys).duplicated(keep=False).to_numpy()
    unchanged = (
        (label == "UNCHANGED")
        & own
        & same_state
        & ~renamed
        & alone
        & (end == FOREVER)
        & (_pick(current.end, at) == FOREVER)
    )
    unchanged |= (new.status == CLOSED) & (label == "UNCHANGED") & ~current.lookup.ever(new.keys)
    return RowPlan(
        new, start, end, old, label, name_label, effective, unchanged, late & effective, rejected, jump
    )


def late_choices(new: Book, late: Mask, terms: Terms) -> npt.NDArray[np.object_]:
    """What happens to each late row, `""` for the others: the choice for its code, else the deck's."""
    found = np.where(late, terms.options.late, "").astype(object)
    if terms.options.late_codes:
        for at in np.flatnonzero(late):
            found[at] = terms.options.late_codes.get(digits_of(int(new.keys[at])), terms.options.late)
    return found


def _pick(column: npt.NDArray[Any], at: Ints) -> npt.NDArray[Any]:
    """column[at], with zeros where the column is empty (`at` then holds only placeholders)."""
    return column[at] if len(column) else np.zeros((len(at), *column.shape[1:]), column.dtype)


def _names(book: Book, at: Ints) -> npt.NDArray[np.object_]:
    return (
        np.asarray(book.destination.take(pa.array(at)).to_pandas(), object)
        if len(book)
        else np.full(len(at), "", object)
    )


def _moves(current: Book, new: Book, at: Ints, compared: Mask, terms: Terms) -> tuple[Mask, Mask, Mask]:
    """(dearer at 30 s or 180 s, cheaper at either, more than tenfold or less than a tenth at 180 s)."""
    up, down, jump = (np.zeros(len(new), bool) for _ in range(3))
    if not compared.any():
        return up, down, jump
    old_cur, new_cur = _pick(current.currency, at), new.currency
    foreign = compared & (old_cur != new_cur)
    for old_amount, new_amount, is_long in (
        (current.short, new.short, False),
        (current.long, new.long, True),
    ):
        before, after = _pick(old_amount, at), new_amount
        if foreign.any():
            before = before.astype(object) * _factors(old_cur, foreign, terms.fx)
            after = after.astype(object) * _factors(new_cur, foreign, terms.fx)
        up |= compared & np.asarray(after > before, bool)
        down |= compared & np.asarray(after < before, bool)
        if is_long:
            jump = compared & np.asarray(
                (before > 0) & (after > 0) & ((after // 10 > before) | (before // 10 > after)), bool
            )
    return up, down, jump


def _factors(currencies: npt.NDArray[np.object_], where: Mask, fx: dict[str, str]) -> npt.NDArray[np.object_]:
    """Nanos of the base currency for one unit; 10⁹ (a common factor) where both sides share a currency."""
    factors = np.full(len(currencies), 10**9, object)
    for name in set(currencies[where]):
        if name not in fx:
            raise MissingRateOfExchange(name)
        factors[where & (currencies == name)] = int(Decimal(fx[name]) * 10**9)
    return factors


def _dearer_somewhere(current: Book, new: Book, at: Ints) -> Mask:
    """Whether other increments or fees make calls of 1, 31 or 61 s dearer though 30 s and 180 s cost the same."""
    found = np.zeros(len(new), bool)
    if len(current):
        for seconds in (1, 31, 61):
            found |= new.amount(seconds) > current.amount(seconds)[at]
    return found


def _ends(new: Book, start: Ints) -> Ints:
    """A row ends at its own end, or where a later-asked row of the same code begins, whichever is first."""
    order = np.lexsort((start, new.start, new.keys))
    keys = new.keys[order]
    if len(keys) < 2 or (keys[1:] != keys[:-1]).all():
        return new.end
    later = pd.DataFrame({"key": keys[::-1], "start": start[order][::-1]})
    lowest = later.groupby("key", sort=False)["start"].cummin().to_numpy()[::-1]
    following = np.full(len(keys), FOREVER, np.int64)
    same = keys[1:] == keys[:-1]
    following[:-1][same] = lowest[1:][same]
    end = new.end.copy()
    end[order] = np.minimum(new.end[order], following)
    return end
