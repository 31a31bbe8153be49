"""Negotiated prices laid over a deck: the timeline one buyer is rated by, exact in longest match and in time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from rates.rules import rules_document
from rates.schema import OPEN, TIMELINE, completed

PRICED: Final = 0
"""`deck_id` of a row that stands in no deck but in an agreement; decks count from 1."""


@dataclass(frozen=True)
class Negotiated:
    """A price in `[start, until)` (until null: no end). `below`: also for longer codes of the deck that are open."""

    code: str
    rate_nanos: int
    start: datetime
    until: datetime | None
    received_at: datetime
    destination: str = ""
    initial_increment: int = 1
    next_increment: int = 1
    connect_fee_nanos: int = 0
    below: bool = True


def negotiated(deck: pa.Table, prices: Sequence[Negotiated], currency: str) -> pa.Table:
    """`deck` (rates.schema.TIMELINE) with the prices in its place, sorted; rows of a price have deck_id PRICED.

    For a number and an instant: a price whose code is the longest among prices and deck codes that begin the number holds,
    for every caller (a code with rows of layers loses them meanwhile). With `below` a longer deck code that is open takes
    the price of the longest price code that begins it, a blocked or closed one stays as it is. Prices of one code must not
    overlap in time; deck and prices are of one currency, which the caller has checked.
    """
    deck = completed(deck).cast(TIMELINE)
    by_code: dict[str, list[Negotiated]] = {}
    for price in prices:
        by_code.setdefault(price.code, []).append(price)
    touched = _touched(deck, by_code)
    destinations: dict[str, str] = dict(
        zip(*(deck[n].to_pylist() for n in ("code", "destination")), strict=True)
    )
    left: list[dict[str, Any]] = []
    taken: list[dict[str, Any]] = []
    for row in deck.filter(touched).to_pylist():
        for part in _split(row, by_code):
            (taken if part["deck_id"] == PRICED else left).append(part)
    for price in prices:
        name = price.destination or _nearest(destinations, price.code)
        taken.append(_row(price, price.code, name, price.start, price.until, currency))
    rows = [{**row, "origin": group} for group in _groups(deck) for row in _distinct(taken)]
    parts = [
        deck.filter(pc.invert(touched)),
        pa.Table.from_pylist(left, schema=TIMELINE),
        pa.Table.from_pylist(rows, schema=TIMELINE),
    ]
    whole = pa.concat_tables([part.replace_schema_metadata(None) for part in parts]).combine_chunks()
    order = [(name, "ascending") for name in ("code", "origin", "jurisdiction", "effective_from")]
    return whole.sort_by(order).replace_schema_metadata(deck.schema.metadata)


def _touched(deck: pa.Table, by_code: dict[str, list[Negotiated]]) -> pa.Array:
    """Rows whose code is a price's, or begins with one."""
    found = pa.array([False] * deck.num_rows, pa.bool_())
    for length in {len(code) for code in by_code}:
        codes = pa.array([code for code in by_code if len(code) == length])
        found = pc.or_(found, pc.is_in(pc.utf8_slice_codeunits(deck["code"], 0, length), codes))
    return found


def _groups(deck: pa.Table) -> list[str | None]:
    """No group, and every origin group of the deck: a row of a group would else come before the price."""
    rules = rules_document(deck) or {}
    return [None, *(group["name"] for group in (rules.get("origin") or {}).get("groups", ()))]


def _split(row: dict[str, Any], by_code: dict[str, list[Negotiated]]) -> Iterable[dict[str, Any]]:
    """The parts of a deck row that still hold, and those that take a price of a shorter code."""
    start, end = row["effective_from"], row["effective_until"]
    code = row["code"]
    spans: list[tuple[datetime, datetime | None, Negotiated]] = []
    for length in range(len(code), 0, -1):
        for price in by_code.get(code[:length], ()):
            if length < len(code) and (not price.below or row["status"] != OPEN):
                continue
            for part_start, part_end in _free(price.start, price.until, spans):
                spans.append((part_start, part_end, price))
    # What no price takes stays word for word; a row of the price's own code gives way to the price's row.
    for part_start, part_end in _free(start, end, spans):
        yield {**row, "effective_from": part_start, "effective_until": part_end}
    for span_start, span_end, price in spans:
        if price.code == code:
            continue
        cut = _cut(span_start, span_end, start, end)
        if cut is not None:
            yield _row(price, code, row["destination"], *cut, row["currency"])


def _free(
    start: datetime, end: datetime | None, taken: Iterable[tuple[datetime, datetime | None, Any]]
) -> list[tuple[datetime, datetime | None]]:
    """`[start, end)` without the taken spans, in order."""
    parts = [(start, end)]
    for t_start, t_end, _ in taken:
        after: list[tuple[datetime, datetime | None]] = []
        for p_start, p_end in parts:
            before = _cut(p_start, p_end, None, t_start)
            if before is not None:
                after.append(before)
            if t_end is not None:
                rest = _cut(p_start, p_end, t_end, None)
                if rest is not None:
                    after.append(rest)
        parts = after
    return sorted(parts, key=lambda p: p[0])


def _cut(
    start: datetime, end: datetime | None, low: datetime | None, high: datetime | None
) -> tuple[datetime, datetime | None] | None:
    """The common part of `[start, end)` and `[low, high)`; None when empty."""
    begin = start if low is None else max(start, low)
    until = high if end is None else end if high is None else min(end, high)
    return (begin, until) if until is None or begin < until else None


def _row(
    price: Negotiated, code: str, destination: str, start: datetime, until: datetime | None, currency: str
) -> dict[str, Any]:
    return {
        "code": code, "destination": destination, "rate_nanos": price.rate_nanos, "first_rate_nanos": None,
        "connect_fee_nanos": price.connect_fee_nanos, "initial_increment": price.initial_increment,
        "next_increment": price.next_increment, "free_seconds": 0, "currency": currency, "status": OPEN,
        "effective_from": start, "effective_until": until, "received_at": price.received_at, "deck_id": PRICED,
        "deck_row": 0, "origin": None, "jurisdiction": None,
    }  # fmt: skip


def _distinct(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Several layers of one longer code took the same price: once is enough."""
    kept: list[dict[str, Any]] = []
    for row in sorted(rows, key=lambda r: (r["code"], r["effective_from"])):
        last = kept[-1] if kept else None
        if last is not None and _place(last) == _place(row) and _meets(last, row):
            ends = (last["effective_until"], row["effective_until"])
            last["effective_until"] = None if None in ends else max(ends)
        else:
            kept.append(row)
    return kept


def _meets(before: dict[str, Any], after: dict[str, Any]) -> bool:
    return before["effective_until"] is None or bool(after["effective_from"] <= before["effective_until"])


def _place(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(value for name, value in row.items() if not name.startswith("effective"))


def _nearest(names: dict[str, str], code: str) -> str:
    return next((names[code[:n]] for n in range(len(code), 0, -1) if code[:n] in names), code)
