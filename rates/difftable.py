"""The plan of a deck as the table people review (schema.DIFF), and the guards that call a second person."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rates.book import Book, Ints
from rates.diff import _names, _pick
from rates.keys import codes_of
from rates.lookup import FOREVER
from rates.notice import Terms
from rates.price import LONG, SHORT, per_minute
from rates.schema import DIFF, INSTANT, OPEN, completed
from rates.timeline import Merged

CLOSES_SHARE, CHANGES_SHARE = 20, 30
PPM = 1_000_000


def diff_table(merged: Merged, rows: pa.Table) -> pa.Table:
    """Rows of the file with an effect in file order, then absent codes."""
    parts = [_of_rows(merged, completed(rows)), _of_closing(merged)]
    return pa.concat_tables(parts).combine_chunks()


def _of_rows(merged: Merged, rows: pa.Table) -> pa.Table:
    plan, current = merged.plan, merged.current
    at = np.flatnonzero(plan.effective | plan.rejected)
    new = plan.book
    old = plan.old[at]
    priced = (old >= 0) & (_pick(current.status, np.maximum(old, 0)) == OPEN)
    shown = new.status[at] == OPEN
    before = _side(current, np.maximum(old, 0), priced)
    after = _side(new, at, shown)
    picked = rows.take(pa.array(at))
    foreign = priced & (_pick(current.currency, np.maximum(old, 0)) != new.currency[at])
    none = pa.nulls(len(at), pa.utf8())
    return pa.table(
        [
            picked["code"],
            pa.array(_names(current, np.maximum(old, 0)), pa.utf8(), mask=old < 0),
            picked["destination"],
            pa.array(plan.label[at], pa.utf8()),
            pa.array(plan.name_label[at], pa.utf8()),
            picked["currency"],
            before["rate"],
            after["rate"],
            before["eff30"],
            after["eff30"],
            before["eff180"],
            after["eff180"],
            _change(before, after, priced & shown & ~foreign),
            _instants(new.start[at]),
            _instants(np.where(plan.rejected[at], FOREVER, plan.start[at])),
            _instants(np.where(plan.rejected[at], FOREVER, plan.end[at])),
            _codes(current, old),
            none,
            before["terms"],
            after["terms"],
            picked["row"].cast(pa.int32()),
            picked["origin"],
            picked["jurisdiction"],
        ],
        schema=DIFF,
    )


def _of_closing(merged: Merged) -> pa.Table:
    current, closing = merged.current, merged.closing
    count = len(closing.keys)
    if not count:
        return DIFF.empty_table()
    after_book = Book.of(merged.timeline, current.layers)
    instant = np.full(count, closing.at_us, np.int64)
    fallback = after_book.lookup.longest(closing.keys, instant)
    place = np.maximum(fallback, 0)
    lands = (fallback >= 0) & (_pick(after_book.status, place) == OPEN)
    before = _side(current, closing.old, current.status[closing.old] == OPEN)
    after = _side(after_book, place, lands)
    names = _names(current, closing.old)
    none = pa.nulls(count, pa.utf8())
    return pa.table(
        [
            codes_of(closing.keys),
            pa.array(names, pa.utf8()),
            none,
            pa.array(["CLOSED"] * count),
            pa.array([""] * count),
            pa.array(current.currency[closing.old], pa.utf8()),
            before["rate"],
            after["rate"],
            before["eff30"],
            after["eff30"],
            before["eff180"],
            after["eff180"],
            _change(before, after, lands),
            _instants(instant),
            _instants(instant),
            pa.nulls(count, INSTANT),
            codes_of(closing.keys),
            _codes(after_book, np.where(lands, fallback, -1)),
            before["terms"],
            after["terms"],
            pa.nulls(count, pa.int32()),
            *(current.table[name].take(pa.array(closing.old)) for name in ("origin", "jurisdiction")),
        ],
        schema=DIFF,
    )


def _side(book: Book, at: Ints, shown: npt.NDArray[np.bool_]) -> dict[str, pa.Array]:
    """Rate, effective prices and terms of rows `at`; null where not `shown`."""
    hide = ~shown

    def ints(column: Ints) -> pa.Array:
        return pa.array(_pick(column, at), pa.int64(), mask=hide)

    stacked = _pick(book.terms_key(), at)
    inverse = np.zeros(len(at), np.int64)
    for column in stacked.T:  # number the few distinct combinations without sorting them
        codes, values = pd.factorize(column)
        inverse = pd.factorize(inverse * len(values) + codes)[0].astype(np.int64)
    unique = stacked[np.flatnonzero(~pd.Series(inverse).duplicated().to_numpy())]
    words = pa.array([_terms(*(int(v) for v in row)) for row in unique], pa.utf8())
    terms = words.take(pa.array(inverse.reshape(-1), pa.int64()))
    return {
        "rate": ints(book.rate),
        "eff30": ints(per_minute(book.short, SHORT)),
        "eff180": ints(per_minute(book.long, LONG)),
        "terms": pc.if_else(pa.array(shown), terms, None),
    }


def _terms(first_rate: int, fee: int, initial: int, following: int, free: int) -> str:
    words = f"{initial}/{following}"
    for mark, nanos in (("+fee ", fee), ("first ", first_rate)):
        if nanos > 0:
            words += f" {mark}{nanos // 10**9}.{str(nanos % 10**9).zfill(9).rstrip('0') or '0'}"
    return words + (f" free {free} s" if free else "")


def _change(
    before: dict[str, pa.Array], after: dict[str, pa.Array], where: npt.NDArray[np.bool_]
) -> pa.Array:
    """Change of the effective price in ppm, floored; at 180 s, or at 30 s where that alone moved."""

    def numbers(column: pa.Array) -> Ints:
        found: Ints = pc.fill_null(column, 0).to_numpy(zero_copy_only=False)
        return found

    old180, new180, old30, new30 = (
        numbers(c) for c in (before["eff180"], after["eff180"], before["eff30"], after["eff30"])
    )
    use_short = (old180 == new180) & (old30 != new30)
    old, new = np.where(use_short, old30, old180), np.where(use_short, new30, new180)
    safe = np.maximum(old, 1)
    # whole and rest apart, so that the product stays inside 64 bits
    change = (new - old) // safe * PPM + (new - old) % safe * PPM // safe
    return pa.array(change, pa.int64(), mask=~where | (old == 0))


def _codes(book: Book, at: Ints) -> pa.Array:
    if not len(book):
        return pa.nulls(len(at), pa.utf8())
    column = (
        book.table["code"].combine_chunks()
        if isinstance(book.table["code"], pa.ChunkedArray)
        else book.table["code"]
    )
    return column.take(pa.array(at, pa.int64(), mask=at < 0))


def _instants(micros: Ints) -> pa.Array:
    return pa.array(micros, pa.int64(), mask=micros == FOREVER).cast(INSTANT)


@dataclass(frozen=True)
class Guards:
    """Counts against the deck in force at receipt, and the sentences for those that breach a guard, by problem id."""

    active: int
    closing: int
    changed: int
    jumps: int
    reasons: dict[str, str]


def guards(merged: Merged, terms: Terms) -> Guards:
    current, plan = merged.current, merged.plan
    active = int(
        (
            (current.start <= terms.received_us)
            & (current.end > terms.received_us)
            & (current.status == OPEN)
        ).sum()
    )
    stated = int(((plan.label == "CLOSED") & plan.effective).sum())
    closing = len(merged.closing.keys) + stated
    changed = int(
        (
            np.isin(plan.label, ("INCREASE", "DECREASE", "LATE", "TERMS_CHANGED", "BACKDATED"))
            & plan.effective
        ).sum()
    )
    jumps = int((plan.jump & plan.effective).sum())
    reasons = {}
    if active and closing * 100 > CLOSES_SHARE * active:
        reasons["closes_many"] = (
            f"{closing:,} of {active:,} active codes would close ({closing * 100 // active} %, limit {CLOSES_SHARE} %)."
        )
    if active and changed * 100 > CHANGES_SHARE * active:
        reasons["changes_many"] = (
            f"{changed:,} rates change against {active:,} active codes ({changed * 100 // active} %, limit {CHANGES_SHARE} %)."
        )
    if jumps:
        reasons["rate_jump"] = f"{jumps:,} rates change more than tenfold."
    return Guards(active, closing, changed, jumps, reasons)
