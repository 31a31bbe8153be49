"""Quality by vendor and destination, out of counters: divided here, "no data" where there is nothing to divide by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import QualityCounter
from app.reports.offers import OfferPrices, deck_at
from app.reports.question import Question
from app.reports.scope import Offer
from app.reports.table import Column, Kind, Report, Row, ratio
from rates.store import Store

COLUMNS = (
    Column("Vendor", Kind.TEXT), Column("Product", Kind.TEXT), Column("Class", Kind.TEXT, wide=True), Column("Code", Kind.CODE),
    Column("Destination", Kind.TEXT), Column("Attempts", Kind.COUNT), Column("Answered", Kind.COUNT, wide=True),
    Column("ASR %", Kind.FIGURE), Column("NER %", Kind.FIGURE), Column("ACD s", Kind.FIGURE), Column("PDD s", Kind.FIGURE),
    Column("PDD samples", Kind.COUNT, wide=True), Column("MOS", Kind.FIGURE), Column("MOS samples", Kind.COUNT, wide=True),
    Column("Short calls %", Kind.FIGURE, wide=True), Column("Samples", Kind.TEXT), Column("Source", Kind.TEXT, wide=True),
    Column("From (UTC)", Kind.INSTANT, wide=True), Column("Until (UTC)", Kind.INSTANT, wide=True),
)  # fmt: skip

ENOUGH = 30
"""Attempts below which an ASR is shown but called few."""


FIELDS = (
    "code", "source", "window_from", "window_until", "attempts", "answered", "effective", "short_calls", "talk_ms",
    "pdd_ms_sum", "pdd_samples", "mos_milli_sum", "mos_samples",
)  # fmt: skip


def quality_report(session: Session, store: Store, offers: Sequence[Offer], question: Question) -> Report:
    """One row per offer, code and source. NER counts answered, busy, no answer and refusals by the far end.

    The counters are read at once; the divisions are made while the rows are written.
    """
    wanted = [o for o in offers if not question.route_class or o.route_class == question.route_class]
    counters: dict[int, list[sa.Row[Any]]] = {}
    columns = [getattr(QualityCounter, name) for name in FIELDS]
    query = (
        sa.select(QualityCounter.product_id, *columns)
        .where(QualityCounter.product_id.in_([o.product_id for o in wanted]))
        .order_by(QualityCounter.code, QualityCounter.source)
    )
    for row in session.execute(query):
        if not question.codes or row.code.startswith(question.codes):
            counters.setdefault(row.product_id, []).append(row)
    return Report("quality", "Quality", COLUMNS, _rows(store, wanted, question, counters))


def _rows(
    store: Store, offers: Sequence[Offer], question: Question, counters: dict[int, list[sa.Row[Any]]]
) -> Iterator[Row]:
    for offer in offers:
        of = counters.get(offer.product_id, [])
        names = _names(store, offer, question, {c.code for c in of})
        for counter in of:
            destination = names.get(counter.code, "")
            if question.names(destination):
                yield _line(offer, counter, destination)


def _line(offer: Offer, c: sa.Row[Any], destination: str) -> Row:
    samples = "none" if not c.attempts else "few" if c.attempts < ENOUGH else "enough"
    return (
        offer.vendor, offer.product, offer.route_class, c.code, destination, c.attempts, c.answered,
        ratio(c.answered, c.attempts, 2, 100), ratio(c.effective, c.attempts, 2, 100), ratio(c.talk_ms, c.answered * 1000, 1),
        ratio(c.pdd_ms_sum, c.pdd_samples * 1000, 2), c.pdd_samples, ratio(c.mos_milli_sum, c.mos_samples * 1000, 2), c.mos_samples,
        ratio(c.short_calls, c.answered, 2, 100), samples, c.source, c.window_from, c.window_until,
    )  # fmt: skip


def _names(store: Store, offer: Offer, question: Question, codes: set[str]) -> dict[str, str]:
    """The destination each code has in the offer's deck, by longest match."""
    if not codes:
        return {}
    deck = OfferPrices(deck_at(store, offer.timeline_key, question.at))
    known = dict(zip(deck.code, deck.destination, strict=True))
    found = {}
    for code in codes:
        match = next((code[:n] for n in range(len(code), 0, -1) if code[:n] in known), None)
        found[code] = known[match] if match else ""
    return found
