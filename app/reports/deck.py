"""A deck as priced now or as of an instant, with what is pending behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from app.reports.offers import PRICE, under
from app.reports.question import Question
from app.reports.scope import Offer
from app.reports.table import Column, Kind, Report, Row
from app.reports.timelines import in_force
from ratecards.amount import Price, effective_nanos
from rates.store import Store
from rates.worst import for_anybody

COLUMNS = (
    Column("Vendor", Kind.TEXT, wide=True), Column("Product", Kind.TEXT), Column("Code", Kind.CODE), Column("Destination", Kind.TEXT),
    Column("Rate", Kind.NANOS), Column("Currency", Kind.TEXT), Column("Increments", Kind.TEXT),
    Column("Connect fee", Kind.NANOS, wide=True),
    Column("At 60 s", Kind.NANOS), Column("At 180 s", Kind.NANOS), Column("Status", Kind.TEXT),
    Column("Effective from (UTC)", Kind.INSTANT), Column("Effective until (UTC)", Kind.INSTANT, wide=True),
    Column("Next rate", Kind.NANOS), Column("Next from (UTC)", Kind.INSTANT), Column("Received (UTC)", Kind.INSTANT, wide=True),
    Column("Deck", Kind.COUNT, wide=True), Column("Deck row", Kind.COUNT, wide=True),
)  # fmt: skip

STATUS = ("open", "blocked", "closed")


def deck_report(store: Store, offers: Sequence[Offer], question: Question) -> Report:
    """Codes in force at `question.at`, ascending by offer and code. Prices at 60 and 180 s are in the deck's currency."""
    return Report("deck", "Deck as priced", COLUMNS, _rows(store, offers, question))


def _rows(store: Store, offers: Sequence[Offer], question: Question) -> Iterator[Row]:
    for offer in offers:
        if question.route_class and offer.route_class != question.route_class:
            continue
        timeline = for_anybody(under(store.open(offer.timeline_key), question.codes))
        pending = _pending(timeline, question)
        names = (
            "code",
            "destination",
            "currency",
            "status",
            "effective_from",
            "effective_until",
            "received_at",
            "deck_id",
            "deck_row",
        )
        for batch in in_force(timeline, question.at).to_batches(max_chunksize=2048):
            of = {name: batch[name].to_pylist() for name in (*names, *PRICE)}
            for row, code in enumerate(of["code"]):
                if (question.codes and not code.startswith(question.codes)) or not question.names(
                    of["destination"][row]
                ):
                    continue
                price = Price(*(of[name][row] for name in PRICE))
                following = pending.get(code, (None, None))
                yield (
                    offer.vendor, offer.product, code, of["destination"][row], price.rate_nanos, of["currency"][row],
                    f"{price.initial_increment}/{price.next_increment}", price.connect_fee_nanos, effective_nanos(price, 60),
                    effective_nanos(price, 180), STATUS[of["status"][row]], of["effective_from"][row], of["effective_until"][row],
                    *following, of["received_at"][row], of["deck_id"][row], of["deck_row"][row],
                )  # fmt: skip


def _pending(timeline: pa.Table, question: Question) -> dict[str, tuple[int | None, object]]:
    """Code -> (rate, from) of its first interval after the instant; rate None when it closes or is blocked then."""
    later = timeline.filter(
        pc.greater(timeline["effective_from"], pa.scalar(question.at, pa.timestamp("us", tz="UTC")))
    )
    found: dict[str, tuple[int | None, object]] = {}
    names = ("code", "rate_nanos", "effective_from", "status")
    for code, rate, start, status in zip(*(later[name].to_pylist() for name in names), strict=True):
        found.setdefault(
            code, (None if status else rate, start)
        )  # sorted by code, from: the first is the next
    return found
