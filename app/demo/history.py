"""Ninety days of decks of one product, as the states of its timeline.

The same arithmetic as `rates.timeline` on our own orderly decks, column by column: every deck touches a share of the
destinations, increases wait for their notice, so that the intervals of a code follow each other without overlap
(a test replays the decks through `rates.timeline` and compares).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from app.clock import to_micros
from app.demo.companies import CarrierPlan, ProductPlan
from app.demo.numbering import world
from app.demo.prices import draw, increments, market_nanos
from rates.schema import BLOCKED, CLOSED, INSTANT, OPEN, TIMELINE

Ints = npt.NDArray[np.int64]
MILLION: Final = 1_000_000
NEVER: Final = np.iinfo(np.int64).max
PER_USD: Final = {"USD": 1_000_000, "EUR": 921_000, "GBP": 786_000}
"""Millionths of the currency for one dollar: price levels only; conversions use the table of exchange rates."""

DAYS: Final = ((-98, -70, -49, -28, -12, -1), (-97, -58, -30, -5), (-96, -44, -16))
"""Days on which a carrier's first, second, third product is re-priced: together one deck a week."""


@dataclass(frozen=True)
class DeckState:
    """One accepted deck: what it said, and the timeline it left behind. `rows` are indices into `world()`."""

    received_at: datetime
    effective_from: datetime
    timeline: pa.Table
    rows: Ints
    nanos: Ints
    status: Ints
    starts: Ints
    """Microseconds from which each row is valid."""
    counts: dict[str, int]
    codes: int


@cache
def _market() -> tuple[pa.Array, pa.Array, Ints, Ints, pa.Array]:
    """codes, destinations, destination number of each code, market level, region: in the order of `world()`."""
    codes = world()
    names = sorted({c.destination for c in codes})
    number = {name: i for i, name in enumerate(names)}
    return (
        pa.array([c.code for c in codes], pa.utf8()),
        pa.array([c.destination for c in codes], pa.utf8()),
        np.array([number[c.destination] for c in codes], np.int64),
        np.array([market_nanos(c) for c in codes], np.int64),
        pa.array([c.region for c in codes], pa.utf8()),
    )


@cache
def _increments(carrier: str) -> tuple[Ints, Ints]:
    pairs = [increments(code, carrier) for code in world()]
    return np.array([p[0] for p in pairs], np.int64), np.array([p[1] for p in pairs], np.int64)


def _at_home(carrier: CarrierPlan) -> npt.NDArray[np.bool_]:
    return np.array([c.code.startswith(carrier.home) for c in world()], bool)


def opening_prices(carrier: CarrierPlan, product: ProductPlan, rng: np.random.Generator) -> Ints:
    """First rates of every code, nanos of the carrier's currency: market × class × carrier × noise of the destination."""
    _, _, group, market, _ = _market()
    noise = np.asarray(rng.integers(-110_000, 110_001, size=(3, group.max() + 1)).sum(axis=0), np.int64)
    nanos = market * (MILLION + noise[group]) // MILLION
    nanos = nanos * (product.level * carrier.level) // 10_000
    nanos = np.where(_at_home(carrier), nanos * 83 // 100, nanos)
    return tidy(nanos * PER_USD[carrier.currency] // MILLION)


def tidy(nanos: Ints) -> Ints:
    """Rates as carriers write them: 5 decimals below a cent, 4 above; never zero."""
    step = np.where(nanos < 10_000_000, 10_000, 100_000)
    tidied: Ints = np.maximum((nanos + step // 2) // step * step, 10_000)
    return tidied


class Segments:
    """Intervals of a timeline, appended deck by deck; `last` is the newest interval of each code."""

    def __init__(self, size: int) -> None:
        self.last: Ints = np.full(size, -1, np.int64)
        self.columns: dict[str, Ints] = {
            name: np.empty(0, np.int64)
            for name in ("code", "nanos", "status", "start", "until", "received", "deck", "row")
        }

    def append(
        self,
        rows: Ints,
        nanos: Ints,
        status: Ints,
        start: Ints,
        received: int,
        deck_id: int,
        *,
        keep_closed: bool,
    ) -> None:
        """End the newest interval of each code where its successor begins, then add the successors.

        keep_closed: a closed code stays as a row, so that its numbers are not priced by a shorter code (rule `block`).
        """
        previous = self.last[rows]
        known = previous >= 0
        self.columns["until"][previous[known]] = start[known]
        numbers = np.arange(2, len(rows) + 2)  # of the file, whose header is row 1
        kept = (status != CLOSED) | keep_closed
        self.last[rows[~kept]] = -1
        rows, nanos, status, start, numbers = (
            rows[kept],
            nanos[kept],
            status[kept],
            start[kept],
            numbers[kept],
        )
        first = len(self.columns["code"])
        self.last[rows] = np.arange(first, first + len(rows))
        new = {
            "code": rows, "nanos": nanos, "status": status, "start": start, "until": np.full(len(rows), NEVER),
            "received": np.full(len(rows), received), "deck": np.full(len(rows), deck_id), "row": numbers,
        }  # fmt: skip
        self.columns = {name: np.concatenate([self.columns[name], new[name]]) for name in self.columns}

    def table(self, carrier: CarrierPlan) -> pa.Table:
        """The timeline by code and start, in the store's schema."""
        codes, names, _, _, _ = _market()
        column = self.columns
        order = np.lexsort((column["start"], column["code"]))
        of = {name: values[order] for name, values in column.items()}
        initial, following = (part[of["code"]] for part in _increments(carrier.slug))
        size = len(order)
        until = pa.array(of["until"], pa.int64(), mask=of["until"] == NEVER).cast(INSTANT)
        arrays: dict[str, Any] = {
            "code": codes.take(pa.array(of["code"])), "destination": names.take(pa.array(of["code"])),
            "rate_nanos": of["nanos"], "first_rate_nanos": pa.nulls(size, pa.int64()),
            "connect_fee_nanos": np.zeros(size, np.int64), "initial_increment": initial.astype(np.int32),
            "next_increment": following.astype(np.int32), "free_seconds": np.zeros(size, np.int32),
            "currency": pa.repeat(carrier.currency, size), "status": of["status"].astype(np.int8),
            "effective_from": pa.array(of["start"]).cast(INSTANT), "effective_until": until,
            "received_at": pa.array(of["received"]).cast(INSTANT), "deck_id": of["deck"], "deck_row": of["row"].astype(np.int32),
            "origin": pa.nulls(size, pa.utf8()), "jurisdiction": pa.nulls(size, pa.utf8()),
        }  # fmt: skip
        return pa.table(arrays, schema=TIMELINE)


def unlisted_rule(carrier: CarrierPlan, product_index: int) -> str:
    """A third of the first products do not let a closed code fall back to a shorter one."""
    return "block" if product_index == 0 and draw(f"unlisted {carrier.slug}", 0, 2) == 0 else "parent"


def deck_days(product_index: int) -> tuple[int, ...]:
    """Days (before today) on which decks of this product arrived, oldest first."""
    return DAYS[product_index % len(DAYS)]


def deck_states(
    carrier: CarrierPlan, product_index: int, *, today: datetime, seed: int, deck_ids: list[int]
) -> Iterator[DeckState]:
    """The decks of one product from the oldest to the newest; `deck_ids` one per day of `deck_days`.

    today: midnight UTC. The newest deck leaves increases that begin in about a week and new codes in three days.
    """
    product = carrier.products[product_index]
    rng = np.random.default_rng([seed, draw(f"{carrier.slug} {product.name}", 0, 2**31)])
    size = len(world())
    chosen = np.asarray(rng.integers(0, 100, size) < product.share) | _is_country()
    later = np.asarray(rng.integers(0, 1000, size) < 25) & ~_is_country()  # joins with a later deck
    nanos = opening_prices(carrier, product, rng)
    segments = Segments(size)
    group = _market()[2]
    days = deck_days(product_index)
    for index, (day, deck_id) in enumerate(zip(days, deck_ids, strict=True)):
        received = today + timedelta(days=day, hours=8 + draw(f"{carrier.slug} {index}", 0, 8))
        start = int(to_micros(received))
        if index == 0:
            rows = np.flatnonzero(chosen & ~later)
            status = np.full(len(rows), OPEN)
            status[rng.integers(0, len(rows), len(rows) // 300)] = BLOCKED
            status[np.flatnonzero(_is_country()[rows])] = OPEN
            counts = {"NEW": len(rows)}
            starts = np.full(len(rows), start)
        else:
            rows, status, starts, counts = _re_price(
                rng, segments, nanos, chosen, later, group, start, index, len(days)
            )
        keep = unlisted_rule(carrier, product_index) == "block"
        segments.append(rows, nanos[rows], status, starts, start, deck_id, keep_closed=keep)
        codes = int((segments.last >= 0).sum())
        yield DeckState(
            received, received, segments.table(carrier), rows, nanos[rows], status, starts, counts, codes
        )


def _re_price(
    rng: np.random.Generator, segments: Segments, nanos: Ints, chosen: npt.NDArray[np.bool_], later: npt.NDArray[np.bool_],
    group: Ints, start: int, index: int, total: int,
) -> tuple[Ints, Ints, Ints, dict[str, int]]:  # fmt: skip
    """One amendment: 10–15 % of the codes change, a few begin, a few close. Changes `nanos` in place."""
    day = 86_400 * MILLION
    newest = index == total - 1
    share = int(rng.integers(100, 151))
    moved = (np.asarray(rng.integers(0, 1000, group.max() + 1)) < share)[group] & (segments.last >= 0)
    statuses = np.full(len(nanos), OPEN)
    known = segments.last >= 0
    statuses[known] = segments.columns["status"][segments.last[known]]
    moved &= statuses == OPEN
    old = nanos.copy()
    swing = np.asarray(rng.integers(-120_000, 105_001, group.max() + 1), np.int64)
    nanos[moved] = tidy(nanos * (MILLION + swing[group]) // MILLION)[moved]
    moved &= nanos != old
    begins = (
        later & chosen & ~known & (np.asarray(rng.integers(0, total, len(nanos))) < 1 if not newest else True)
    )
    closes = (
        (np.asarray(rng.integers(0, 1000, len(nanos))) < 3)
        & known
        & (statuses == OPEN)
        & ~moved
        & ~_is_country()
    )
    rows = np.flatnonzero(moved | begins | closes)
    up = (nanos > old)[rows]
    status = np.where(closes[rows], CLOSED, OPEN)
    starts = np.where(up, start + 7 * day, start)
    if newest:
        starts = np.where(begins[rows], start + 3 * day, starts)
    counts = {
        "INCREASE": int(up.sum()), "DECREASE": int((moved & (nanos < old)).sum()), "NEW": int(begins.sum()),
        "CLOSED": int(closes.sum()), "UNCHANGED": int(known.sum() - (moved & known).sum() - closes.sum()),
    }  # fmt: skip
    return rows, status, starts, {label: count for label, count in counts.items() if count}


@cache
def _is_country() -> npt.NDArray[np.bool_]:
    return np.array([c.kind == "country" or (c.kind == "mobile" and not c.place) for c in world()], bool)
