"""Prices that leap: many times what the code cost before, or a decimal mark that slipped."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rates.book import Ints
from rates.compared import Compared, Mask
from rates.decimals import decimal_texts
from rates.price import LONG, per_minute
from rates.schema import OPEN

_POWERS: Final = tuple(10**power for power in range(1, 6))


def price_leap(deck: Compared) -> None:
    plan, factor = deck.merged.plan, deck.thresholds.leap_factor
    before, after = plan.before, plan.after
    both = plan.compared & plan.effective & (before > 0) & (after > 0)
    leaps = np.flatnonzero(both & ((after // factor > before) | (before // factor > after)) & ~_slipped(deck))
    deck.say_of_rows("price_leap", leaps, _moves(deck, leaps))


def decimal_slip(deck: Compared) -> None:
    """Ten, a hundred … times the old price (or a tenth …), to one percent; or that many times the price most codes of the same
    destination have in this file."""
    plan = deck.merged.plan
    slipped = _slipped(deck)
    beside = _beside(deck) & ~slipped & (~plan.compared | (plan.before != plan.after))
    if (slipped | beside).sum() < deck.thresholds.slip_rows:
        return
    rows, others = np.flatnonzero(slipped), np.flatnonzero(beside)
    deck.say_of_rows("decimal_slip", rows, _moves(deck, rows))
    prices = decimal_texts(per_minute(plan.after[others], LONG))
    words = pc.binary_join_element_wise(prices, "beside others of its name", " ")
    deck.say_of_rows("decimal_slip", others, words)


def _slipped(deck: Compared) -> Mask:
    plan = deck.merged.plan
    found = np.zeros(len(plan.after), bool)
    far = np.flatnonzero(
        plan.compared & plan.effective & (plan.before > 0) & (plan.after > 0)
        & ((plan.after // 5 > plan.before) | (plan.before // 5 > plan.after))
    )  # fmt: skip
    low, high = np.minimum(plan.before[far], plan.after[far]), np.maximum(plan.before[far], plan.after[far])
    for power in _POWERS:
        found[far] |= np.abs(high // power - low) * 100 <= low
    return found


def _beside(deck: Compared) -> Mask:
    """Rows at a power of ten of the price that most rows of their destination have."""
    plan = deck.merged.plan
    found = np.zeros(len(plan.after), bool)
    priced = np.flatnonzero((plan.book.status == OPEN) & (plan.after > 0) & plan.effective)
    if not len(priced):
        return found
    names, amounts = _indices(deck)[priced], plan.after[priced]
    order = np.argsort(names, kind="stable")
    begins = np.flatnonzero(np.append(True, np.diff(names[order]) != 0))
    together = amounts[order]
    wide = np.maximum.reduceat(together, begins) // 5 > np.minimum.reduceat(together, begins)
    inside = order[np.repeat(wide, np.diff(np.append(begins, len(order))))]
    if not len(inside):
        return found
    inside = inside[np.lexsort((amounts[inside], names[inside]))]
    names, amounts, rows = names[inside], amounts[inside], priced[inside]
    group_begins = np.append(True, np.diff(names) != 0)
    run_begins = np.flatnonzero(group_begins | np.append(True, np.diff(amounts) != 0))
    run_length = np.diff(np.append(run_begins, len(rows)))
    group_of_run = np.cumsum(group_begins)[run_begins] - 1
    group_length = np.bincount(np.cumsum(group_begins) - 1)
    usual = np.flatnonzero(2 * run_length > group_length[group_of_run])  # at most one run a group
    price = np.zeros(len(group_length), np.int64)
    price[group_of_run[usual]] = amounts[run_begins[usual]]
    beside = price[np.cumsum(group_begins) - 1]
    low, high = np.minimum(amounts, beside), np.maximum(amounts, beside)
    for power in _POWERS:
        found[rows[(beside > 0) & (high == low * power)]] = True
    return found


def _indices(deck: Compared) -> Ints:
    """Number of each row's destination name."""
    encoded = deck.merged.plan.book.destination.dictionary_encode()
    found: Ints = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def _moves(deck: Compared, at: Ints) -> pa.Array:
    plan = deck.merged.plan
    old, new = (decimal_texts(per_minute(column[at], LONG)) for column in (plan.before, plan.after))
    return pc.binary_join_element_wise(old, new, " → ")
