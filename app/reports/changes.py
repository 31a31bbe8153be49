"""Rate changes that take effect in a period: old → new, by code, on effective price."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from app.clock import from_micros, to_micros
from app.reports.offers import PRICE, under
from app.reports.question import Question
from app.reports.scope import Offer
from app.reports.table import Column, Kind, Report, Row, decimal_text
from ratecards.amount import Price, effective_nanos
from rates.schema import BLOCKED, CLOSED
from rates.store import Store
from rates.worst import for_anybody

COLUMNS = (
    Column("Effective from (UTC)", Kind.INSTANT), Column("Vendor", Kind.TEXT), Column("Product", Kind.TEXT),
    Column("Class", Kind.TEXT, wide=True), Column("Code", Kind.CODE), Column("Destination", Kind.TEXT), Column("Change", Kind.TEXT),
    Column("Old rate", Kind.NANOS), Column("New rate", Kind.NANOS), Column("Currency", Kind.TEXT), Column("Change %", Kind.PPM),
    Column("Old increments", Kind.TEXT, wide=True), Column("New increments", Kind.TEXT, wide=True),
    Column("Compared with code", Kind.CODE, wide=True), Column("Received (UTC)", Kind.INSTANT, wide=True),
)  # fmt: skip

LABELS = (
    "NEW",
    "INCREASE",
    "DECREASE",
    "TERMS_CHANGED",
    "RENAMED",
    "CLOSED",
    "BLOCKED",
    "REOPENED",
    "UNCHANGED",
)


@dataclass(frozen=True, slots=True)
class Side:
    """One interval of a code."""

    code: str
    destination: str
    price: Price
    currency: str
    status: int
    received: datetime


class History:
    """A timeline (sorted by code, from) that can be asked which row priced a code at an instant."""

    def __init__(self, table: pa.Table) -> None:
        self.code = np.asarray(table["code"].to_numpy(), dtype=object)
        self.start = table["effective_from"].cast(pa.int64()).to_numpy()
        self.until = table["effective_until"].cast(pa.int64()).fill_null(np.iinfo(np.int64).max).to_numpy()
        # Columns stay Arrow's own (mapped from the store); only the cells of a change become Python values.
        names = ("destination", "currency", "status", "received_at", *PRICE)
        self._columns = {name: table[name].combine_chunks() for name in names}

    def side(self, row: int) -> Side:
        cell = {name: column[row].as_py() for name, column in self._columns.items()}
        price = Price(*(cell[name] for name in PRICE))
        return Side(
            self.code[row], cell["destination"], price, cell["currency"], cell["status"], cell["received_at"]
        )

    def match(self, code: str, at: int) -> Side | None:
        """Longest match of `code` at the instant, in microseconds."""
        for length in range(len(code), 0, -1):
            shorter = code[:length]
            for row in range(bisect_left(self.code, shorter), len(self.code)):
                if self.code[row] != shorter:
                    break
                if self.start[row] <= at < self.until[row]:
                    return self.side(row)
        return None

    def moments(self, since: int, until: int) -> tuple[list[int], list[int]]:
        """(rows that begin in `[since, until)`, rows that end there without a successor of the same code)."""
        begins = np.flatnonzero((self.start >= since) & (self.start < until))
        ends = np.flatnonzero((self.until >= since) & (self.until < until))
        following = np.minimum(ends + 1, len(self.code) - 1)
        goes_on = (
            (following > ends)
            & (self.code[following] == self.code[ends])
            & (self.start[following] == self.until[ends])
        )
        return begins.tolist(), ends[~goes_on].tolist()


def changes_report(store: Store, offers: Sequence[Offer], question: Question) -> Report:
    """Newest first, then vendor, product, code. `question.label` and the filters choose; unchanged codes are left out
    unless asked for by label."""
    return Report("rate-changes", "Rate changes", COLUMNS, _rows(store, offers, question))


def _rows(store: Store, offers: Sequence[Offer], question: Question) -> Iterator[Row]:
    since, until = to_micros(question.since), to_micros(question.until)
    histories: list[tuple[Offer, History]] = []
    moments: list[tuple[int, int, str, int, bool]] = []
    for offer in offers:
        if question.route_class and offer.route_class != question.route_class:
            continue
        history = History(for_anybody(under(store.open(offer.timeline_key), question.codes)))
        begins, ends = history.moments(since, until)
        place = len(histories)
        histories.append((offer, history))
        moments += [(-int(history.start[row]), place, history.code[row], row, False) for row in begins]
        moments += [(-int(history.until[row]), place, history.code[row], row, True) for row in ends]
    moments.sort()
    for at, place, code, row, ended in moments:
        offer, history = histories[place]
        if question.codes and not code.startswith(question.codes):
            continue
        line = _line(history, offer, -at, row, ended, question)
        if line is not None:
            yield line


def _line(history: History, offer: Offer, at: int, row: int, ended: bool, question: Question) -> Row | None:
    code = history.code[row]
    before = history.match(code, at - 1)
    after = history.match(code, at)
    named = after if after is not None and after.code == code else history.side(row)
    label, ppm = _judge(code, before, after, question)
    if ended and (after is None or after.code != code):
        label = "CLOSED"
    if (question.label and label != question.label) or (not question.label and label == "UNCHANGED"):
        return None
    if not question.names(named.destination):
        return None
    gone = after is None or after.status == CLOSED
    return (
        from_micros(at), offer.vendor, offer.product, offer.route_class, code, named.destination, label,
        before.price.rate_nanos if before else None, None if gone or after is None else after.price.rate_nanos, named.currency, ppm,
        _terms(before), None if gone else _terms(after), before.code if before else None, named.received,
    )  # fmt: skip


def _judge(code: str, before: Side | None, after: Side | None, question: Question) -> tuple[str, int | None]:
    """(label, change of the effective price in millionths). 180 s decides; 30 s where that alone moved."""
    if after is None or after.status == CLOSED:
        return "CLOSED", None
    if after.status == BLOCKED:
        return "BLOCKED", None
    if before is None:
        return "NEW", None
    if before.status != 0:
        return "REOPENED", None
    for seconds in (180, 30):
        old, new = (
            effective_nanos(s.price, seconds, _fx(s, before, after, question)) for s in (before, after)
        )
        if new != old:
            return ("INCREASE" if new > old else "DECREASE"), (new - old) * 1_000_000 // old if old else None
    if before.code != code:
        return "NEW", 0
    if _terms(before) != _terms(after):
        return "TERMS_CHANGED", 0
    return ("RENAMED" if before.destination != after.destination else "UNCHANGED"), 0


def _fx(side: Side, before: Side, after: Side, question: Question) -> int:
    if before.currency == after.currency:
        return 1_000_000_000
    return question.fx_nanos.get(side.currency, 1_000_000_000)


def _terms(side: Side | None) -> str | None:
    if side is None:
        return None
    fee = f" + {decimal_text(side.price.connect_fee_nanos)}" if side.price.connect_fee_nanos else ""
    return f"{side.price.initial_increment}/{side.price.next_increment}{fee}"
