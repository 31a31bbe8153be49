"""Questions about a timeline table (rates.schema.TIMELINE): what applies at an instant, what changed between two."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rates.schema import CLOSED, TIMELINE

# Order in which labels are shown; the first five always.
LABELS = (
    "NEW",
    "INCREASE",
    "DECREASE",
    "UNCHANGED",
    "CLOSED",
    "TERMS_CHANGED",
    "RENAMED",
    "BLOCKED",
    "REOPENED",
)
LAYER = ("origin", "jurisdiction")
PRICE_NAMES = ("code", *LAYER)
KEYS = ("code", "origin", "jurisdiction")
TERMS = (
    "first_rate_nanos",
    "connect_fee_nanos",
    "initial_increment",
    "next_increment",
    "free_seconds",
    "currency",
)


def at_instant(table: pa.Table, at: datetime) -> pa.Table:
    """Rows valid at `at` (from ≤ at < until), closed ones left out; one row per code."""
    moment = pa.scalar(at, pa.timestamp("us", tz="UTC"))
    until = table["effective_until"]
    live = pc.and_kleene(
        pc.less_equal(table["effective_from"], moment),
        pc.or_kleene(pc.is_null(until), pc.greater(until, moment)),
    )
    return table.filter(pc.and_kleene(live, pc.not_equal(table["status"], CLOSED)))


def longest_match(view: pa.Table, number: str) -> dict[str, Any] | None:
    """The row of a view (one instant) that prices a number: of its codes the longest that begins it; None without one."""
    digits = number.strip().lstrip("+")
    if not digits.isdigit() or len(digits) > 15:
        return None
    codes = pa.array([digits[:n] for n in range(len(digits), 0, -1)], pa.utf8())
    rows = view.filter(pc.is_in(view["code"], codes)).to_pylist()
    return max(rows, key=lambda row: len(row["code"]), default=None)


def codes_in_force(table: pa.Table, at: datetime) -> int:
    """Codes that have or will have a rate: those valid at `at` or pending, closed ones left out."""
    moment = pa.scalar(at, pa.timestamp("us", tz="UTC"))
    until = table["effective_until"]
    open_ended = pc.or_kleene(pc.is_null(until), pc.greater(until, moment))
    live = table.filter(pc.and_kleene(open_ended, pc.not_equal(table["status"], CLOSED)))
    return int(pc.count_distinct(live["code"]).as_py())


def resumed(current: pa.Table, wanted: pa.Table, now: datetime) -> pa.Table:
    """`current` as it was before `now`, `wanted` from `now` on."""
    moment = pa.scalar(now, pa.timestamp("us", tz="UTC"))
    past = current.filter(pc.less(current["effective_from"], moment))
    ends = past["effective_until"]
    past = _put(
        past,
        "effective_until",
        pc.if_else(pc.or_kleene(pc.is_null(ends), pc.greater(ends, moment)), moment, ends),
    )
    until = wanted["effective_until"]
    future = wanted.filter(pc.or_kleene(pc.is_null(until), pc.greater(until, moment)))
    begins = future["effective_from"]
    future = _put(future, "effective_from", pc.if_else(pc.less(begins, moment), moment, begins))
    joined = pa.concat_tables([past.cast(TIMELINE), future.cast(TIMELINE)]).combine_chunks()
    ordered = joined.sort_by([(name, "ascending") for name in (*PRICE_NAMES, "effective_from")])
    return ordered.replace_schema_metadata(wanted.schema.metadata)


def _put(table: pa.Table, name: str, values: Any) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(name).with_nullable(True), values)


def compare(old: pa.Table, new: pa.Table, old_at: datetime, new_at: datetime) -> pa.Table:
    """One row per code and layer in force in either table at its instant.

    Columns: code, destination, label, currency, old_rate_nanos, new_rate_nanos, pct_ppm (of the effective price at
    180 s; null without an old price), old_terms, new_terms, effective_from (of the new row), origin, jurisdiction.
    """
    left = _named(at_instant(old, old_at)).select(
        [*PRICE_NAMES, "destination", "rate_nanos", "status", *TERMS]
    )
    right = _named(at_instant(new, new_at)).select(
        [*PRICE_NAMES, "destination", "rate_nanos", "status", "effective_from", *TERMS]
    )
    both = left.join(
        right,
        list(PRICE_NAMES),
        join_type="full outer",
        left_suffix="_old",
        right_suffix="_new",
        coalesce_keys=True,
    )
    both = both.sort_by([(name, "ascending") for name in PRICE_NAMES]).combine_chunks()
    old_eff, new_eff = _eff(both, "_old"), _eff(both, "_new")
    there = ~np.asarray(pc.is_null(both["rate_nanos_old"]))
    here = ~np.asarray(pc.is_null(both["rate_nanos_new"]))
    same_money = np.asarray(pc.fill_null(pc.equal(both["currency_old"], both["currency_new"]), False))
    old_terms, new_terms = _terms(both, "_old"), _terms(both, "_new")
    same_terms = np.asarray(pc.fill_null(pc.equal(old_terms, new_terms), False))
    labels = np.select(
        [~there, ~here, same_money & (new_eff > old_eff), same_money & (new_eff < old_eff), ~same_terms | ~same_money],
        ["NEW", "CLOSED", "INCREASE", "DECREASE", "TERMS_CHANGED"], "UNCHANGED",
    )  # fmt: skip
    priced = there & here & same_money & (old_eff > 0)
    pct = np.zeros(len(old_eff), np.int64)
    np.floor_divide(
        (new_eff - old_eff) * 1_000_000, np.where(priced, old_eff, 1), out=pct, where=priced, casting="unsafe"
    )
    return pa.table({
        "code": both["code"],
        "destination": pc.coalesce(both["destination_new"], both["destination_old"]),
        "label": pa.array(labels, pa.utf8()),
        "currency": pc.coalesce(both["currency_new"], both["currency_old"]),
        "old_rate_nanos": both["rate_nanos_old"],
        "new_rate_nanos": both["rate_nanos_new"],
        "pct_ppm": pa.array(pct, mask=~priced),
        "old_terms": old_terms,
        "new_terms": new_terms,
        "effective_from": both["effective_from"],
        **{name: pc.if_else(pc.equal(both[name], ""), None, both[name]) for name in LAYER},
    })  # fmt: skip


def _named(table: pa.Table) -> pa.Table:
    """Layers as text, so that rows for everybody join with each other ("" instead of null)."""
    for name in LAYER:
        table = table.set_column(table.schema.get_field_index(name), name, pc.fill_null(table[name], ""))
    return table


def change_counts(old: pa.Table, new: pa.Table, at: datetime) -> dict[str, int]:
    """Label -> codes between two timelines at one instant."""
    return dict(Counter(compare(old, new, at, at)["label"].to_pylist()))


def _eff(table: pa.Table, side: str, seconds: int = 180) -> np.ndarray[Any, np.dtype[Any]]:
    """60 × the price of a call of `seconds` in nanos (docs/decision.md 3); exact Python integers, 0 where there is no row."""

    def column(name: str) -> np.ndarray[Any, np.dtype[Any]]:
        return np.array(table[f"{name}{side}"].to_pylist(), dtype=object)

    rate, first, fee = column("rate_nanos"), column("first_rate_nanos"), column("connect_fee_nanos")
    n, m, free = column("initial_increment"), column("next_increment"), column("free_seconds")
    out = np.zeros(len(rate), dtype=object)
    for i in range(len(rate)):
        if rate[i] is None or seconds <= free[i]:
            continue
        billed = n[i] if seconds <= n[i] else n[i] + -(-(seconds - n[i]) // m[i]) * m[i]
        first_rate = rate[i] if first[i] is None else first[i]
        out[i] = 60 * fee[i] + first_rate * n[i] + rate[i] * (billed - n[i])
    return out


def _terms(table: pa.Table, side: str) -> pa.ChunkedArray:
    """`60/1`, with `+fee` and free seconds where present."""
    fees = [
        None if v is None else (f"+{v / 10**9:.9f}".rstrip("0") if v else "")
        for v in table[f"connect_fee_nanos{side}"].to_pylist()
    ]
    free = [
        None if v is None else (f" free {v} s" if v else "") for v in table[f"free_seconds{side}"].to_pylist()
    ]
    n = pc.cast(table[f"initial_increment{side}"], pa.utf8())
    m = pc.cast(table[f"next_increment{side}"], pa.utf8())
    steps = pc.binary_join_element_wise(n, m, "/")
    return pc.binary_join_element_wise(steps, pa.array(fees, pa.utf8()), pa.array(free, pa.utf8()), "")
