"""The plan of a deck as the table people review (schema.DIFF)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from rates.book import Book, Ints
from rates.diff import NAME_LABELS, fx_factors, names_of, pick
from rates.keys import codes_of
from rates.lookup import FOREVER
from rates.price import LONG, SHORT, per_minute
from rates.schema import DIFF, INSTANT, LABELS, OPEN, completed
from rates.timeline import Merged

PPM = 1_000_000


def diff_table(merged: Merged, rows: pa.Table, aside: Sequence[tuple[str, pa.Table]] = ()) -> pa.Table:
    """Rows of the file with an effect in file order, then absent codes, then rows set aside: (label, schema.ROWS)."""
    plan = merged.plan
    closing = _of_closing(merged)  # before the rows: it needs room for a while that they can then take
    merged.let_go()
    at = np.flatnonzero(plan.effective | plan.rejected)
    shown_from = np.where(plan.rejected[at], FOREVER, plan.start[at])
    shown_until = np.where(plan.rejected[at], FOREVER, plan.end[at])
    labels = _words(LABELS, plan.label[at])
    name_labels = _words(NAME_LABELS, plan.name_label[at])
    effects = _of_rows(
        merged.current, plan.book, rows, at, plan.old[at], labels, name_labels, shown_from, shown_until, merged.fx
    )  # fmt: skip
    parts = [effects, closing]
    for label, table in aside:
        book = Book.of(table, merged.current.layers)
        everything = np.arange(len(book))
        never = np.full(len(book), FOREVER, np.int64)
        parts.append(
            _of_rows(
                merged.current, book, completed(table), everything, merged.current.lookup.longest(book.keys, book.start),
                _same(label, len(book)), _same("", len(book)), never, never, merged.fx,
            )
        )  # fmt: skip
    return pa.concat_tables(parts)


def _of_rows(
    current: Book,
    new: Book,
    rows: pa.Table,
    at: Ints,
    old: Ints,
    labels: pa.Array,
    name_labels: pa.Array,
    start: Ints,
    end: Ints,
    fx: dict[str, str],
) -> pa.Table:
    """One row of the diff for each row `at` of `new`; `old`: the row of `current` it is compared with, −1 = none."""
    place = np.maximum(old, 0)
    priced = (old >= 0) & (pick(current.status, place) == OPEN)
    shown = new.status[at] == OPEN
    before, after = _side(current, place, priced), _side(new, at, shown)
    picked = rows if len(at) == rows.num_rows else rows.take(pa.array(at))
    none = pa.nulls(len(at), pa.utf8())
    return pa.table(
        [
            picked["code"],
            _texts(current, current.destination, old),
            picked["destination"],
            labels,
            name_labels,
            picked["currency"],
            before.rate,
            after.rate,
            before.eff30,
            after.eff30,
            before.eff180,
            after.eff180,
            _change(_converted(before, current, place, new, at, priced & shown, fx), after, priced & shown),
            _instants(new.start[at]),
            _instants(start),
            _instants(end),
            _texts(current, current.codes, old),
            none,
            before.terms,
            after.terms,
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
    after_book = merged.after
    instant = np.full(count, closing.at_us, np.int64)
    fallback = after_book.lookup.longest(closing.keys, instant)
    place = np.maximum(fallback, 0)
    lands = (fallback >= 0) & (pick(after_book.status, place) == OPEN)
    was_open = current.status[closing.old] == OPEN
    before, after = _side(current, closing.old, was_open), _side(after_book, place, lands)
    gone = current.table.select(["currency", "origin", "jurisdiction"]).take(pa.array(closing.old))
    comparable = _converted(before, current, closing.old, after_book, place, lands & was_open, merged.fx)
    codes = codes_of(closing.keys)
    return pa.table(
        [
            codes,
            names_of(current, closing.old),
            pa.nulls(count, pa.utf8()),
            _same("CLOSED", count),
            _same("", count),
            gone["currency"],
            before.rate,
            after.rate,
            before.eff30,
            after.eff30,
            before.eff180,
            after.eff180,
            _change(comparable, after, lands & was_open),
            _instants(instant),
            _instants(instant),
            pa.nulls(count, INSTANT),
            codes,
            _texts(after_book, after_book.codes, np.where(lands, fallback, -1)),
            before.terms,
            after.terms,
            pa.nulls(count, pa.int32()),
            gone["origin"],
            gone["jurisdiction"],
        ],
        schema=DIFF,
    )


def _words(words: Sequence[str], places: npt.NDArray[np.int8]) -> pa.Array:
    return pa.array(words, pa.utf8()).take(pa.array(places))


def _same(word: str, count: int) -> pa.Array:
    return pa.array([word], pa.utf8()).take(pa.array(np.zeros(count, np.int8)))


@dataclass(frozen=True)
class _Side:
    """What a call costs under some rows of a book; null where there is no price."""

    rate: pa.Array
    short: Ints
    long: Ints
    hidden: npt.NDArray[np.bool_]
    terms: pa.Array

    @property
    def eff30(self) -> pa.Array:
        return pa.array(self.short, pa.int64(), mask=self.hidden)

    @property
    def eff180(self) -> pa.Array:
        return pa.array(self.long, pa.int64(), mask=self.hidden)


def _side(book: Book, at: Ints, shown: npt.NDArray[np.bool_]) -> _Side:
    """Rate, effective prices and terms of rows `at`; null where not `shown`."""
    columns = [pick(column, at) for column in book.call_columns()[1:]]
    number = np.zeros(len(at), np.int64)
    for column in columns:  # number the few distinct combinations without sorting them
        if len(column) and (column == column[0]).all():
            continue
        codes, values = pd.factorize(column)
        number = pd.factorize(number * len(values) + codes)[0].astype(np.int64)
    firsts = np.unique(number, return_index=True)[1] if number.any() else np.zeros(min(len(at), 1), np.int64)
    words = pa.array([terms_words(*(int(column[row]) for column in columns)) for row in firsts], pa.utf8())
    return _Side(
        pa.array(pick(book.rate, at), pa.int64(), mask=~shown),
        per_minute(pick(book.short, at), SHORT),
        per_minute(pick(book.long, at), LONG),
        ~shown,
        words.take(pa.array(number, pa.int64(), mask=~shown)),
    )


def _converted(
    before: _Side,
    current: Book,
    old: Ints,
    new: Book,
    at: Ints,
    where: npt.NDArray[np.bool_],
    fx: dict[str, str],
) -> _Side:
    """Old prices in the currency of the new ones, at the day's rates of exchange; unchanged where both are the same."""
    foreign = np.flatnonzero(where & (pick(current.currency_ids, old) != pick(new.currency_ids, at)))
    if not len(foreign):
        return before
    old_fx = fx_factors(current.currency_ids[old[foreign]], fx)
    new_fx = fx_factors(new.currency_ids[at[foreign]], fx)
    short, long = before.short.copy(), before.long.copy()
    for column in (short, long):
        column[foreign] = (column[foreign].astype(object) * old_fx // new_fx).astype(np.int64)
    return replace(before, short=short, long=long)


def terms_words(first_rate: int, fee: int, initial: int, following: int, free: int) -> str:
    words = f"{initial}/{following}"
    for mark, nanos in (("+fee ", fee), ("first ", first_rate)):
        if nanos > 0:
            words += f" {mark}{nanos // 10**9}.{str(nanos % 10**9).zfill(9).rstrip('0') or '0'}"
    return words + (f" free {free} s" if free else "")


def _change(before: _Side, after: _Side, where: npt.NDArray[np.bool_]) -> pa.Array:
    """Change of the effective price in ppm, floored; at 180 s, or at 30 s where that alone moved."""
    use_short = (before.long == after.long) & (before.short != after.short)
    old, new = np.where(use_short, before.short, before.long), np.where(use_short, after.short, after.long)
    safe = np.maximum(old, 1)
    # whole and rest apart, so that the product stays inside 64 bits
    change = (new - old) // safe * PPM + (new - old) % safe * PPM // safe
    return pa.array(change, pa.int64(), mask=~where | (old == 0))


def _texts(book: Book, column: pa.Array, at: Ints) -> pa.Array:
    """The column's cells of rows `at`; null where that is −1."""
    if not len(book):
        return pa.nulls(len(at), pa.utf8())
    return column.take(pa.array(at, pa.int64(), mask=at < 0))


def _instants(micros: Ints) -> pa.Array:
    return pa.array(micros, pa.int64(), mask=micros == FOREVER).cast(INSTANT)
