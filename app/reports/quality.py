"""Quality by vendor and destination, out of counters: divided here, "no data" where there is nothing to divide by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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


def quality_report(session: Session, store: Store, offers: Sequence[Offer], question: Question) -> Report:
    """One row per offer, code and source. NER counts answered, busy, no answer and refusals by the far end."""
    return Report("quality", "Quality", COLUMNS, _rows(session, store, offers, question))


def _rows(session: Session, store: Store, offers: Sequence[Offer], question: Question) -> Iterator[Row]:
    for offer in offers:
        if question.route_class and offer.route_class != question.route_class:
            continue
        query = sa.select(QualityCounter).where(QualityCounter.product_id == offer.product_id).order_by(QualityCounter.code)
        counters = [c for c in session.scalars(query) if not question.codes or c.code.startswith(question.codes)]
        names = _names(store, offer, question, {c.code for c in counters})
        for counter in counters:
            destination = names.get(counter.code, "")
            if question.names(destination):
                yield _line(offer, counter, destination)


def _line(offer: Offer, c: QualityCounter, destination: str) -> Row:
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
