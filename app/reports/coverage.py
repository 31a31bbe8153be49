"""Who sells what: codes, countries and price level of every offer, for the operator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Company, Product, QualityCounter
from app.market.models import Purchase
from app.reports.offers import under
from app.reports.question import Question
from app.reports.scope import Offer
from app.reports.table import Column, Kind, Report, Row
from app.reports.timelines import in_force
from rates.schema import BLOCKED, CLOSED, OPEN
from rates.store import Store
from rates.worst import for_anybody

COLUMNS = (
    Column("Vendor", Kind.TEXT), Column("Product", Kind.TEXT), Column("Class", Kind.TEXT), Column("Currency", Kind.TEXT),
    Column("Open codes", Kind.COUNT), Column("Destinations", Kind.COUNT), Column("Blocked", Kind.COUNT), Column("Closed", Kind.COUNT),
    Column("Pending changes", Kind.COUNT), Column("Lowest rate", Kind.NANOS, wide=True), Column("Median rate", Kind.NANOS),
    Column("Highest rate", Kind.NANOS, wide=True), Column("Buyers", Kind.COUNT), Column("Codes with quality", Kind.COUNT),
    Column("Listed", Kind.TEXT), Column("Version", Kind.COUNT, wide=True), Column("Newest row received (UTC)", Kind.INSTANT),
)  # fmt: skip


def coverage_report(session: Session, store: Store, offers: Sequence[Offer], question: Question) -> Report:
    """One row per offer, in its own currency; the median is the lower one of an even count. The database is read at once."""
    buyers = _count(
        session,
        sa.func.count(sa.distinct(Purchase.buyer_id)),
        Purchase.product_id,
        Purchase.state == "accepted",
    )
    measured = _count(
        session, sa.func.count(sa.distinct(QualityCounter.code)), QualityCounter.product_id, sa.true()
    )
    state = {
        product.id: (product.listed and product.enabled and status == "active", product.version)
        for product, status in session.execute(
            sa.select(Product, Company.status).join(Company, Company.id == Product.company_id)
        )
    }
    return Report(
        "coverage", "Market coverage", COLUMNS, _rows(store, offers, question, buyers, measured, state)
    )


def _rows(
    store: Store, offers: Sequence[Offer], question: Question, buyers: dict[int, int], measured: dict[int, int],
    state: dict[int, tuple[bool, int]],
) -> Iterator[Row]:  # fmt: skip
    instant = pa.scalar(question.at, pa.timestamp("us", tz="UTC"))
    for offer in offers:
        if question.route_class and offer.route_class != question.route_class:
            continue
        timeline = for_anybody(under(store.open(offer.timeline_key), question.codes))
        if question.destination:
            timeline = timeline.filter(
                pc.match_substring(timeline["destination"], question.destination, ignore_case=True)
            )
        now = in_force(timeline, question.at)
        opened = now.filter(pc.equal(now["status"], OPEN))
        rates = pc.sort_indices(opened["rate_nanos"])
        listed, version = state[offer.product_id]

        def at(position: int, rates: pa.Array = rates, opened: pa.Table = opened) -> int | None:
            return opened["rate_nanos"][rates[position].as_py()].as_py() if len(rates) else None

        yield (
            offer.vendor, offer.product, offer.route_class, offer.currency, opened.num_rows,
            pc.count_distinct(opened["destination"]).as_py(),
            pc.sum(pc.equal(now["status"], BLOCKED)).as_py() or 0, pc.sum(pc.equal(now["status"], CLOSED)).as_py() or 0,
            pc.sum(pc.greater(timeline["effective_from"], instant)).as_py() or 0, at(0), at((len(rates) - 1) // 2), at(-1),
            buyers.get(offer.product_id, 0), measured.get(offer.product_id, 0), "yes" if listed else "no", version,
            pc.max(timeline["received_at"]).as_py(),
        )  # fmt: skip


def _count(
    session: Session,
    what: sa.ColumnElement[int],
    by: sa.orm.InstrumentedAttribute[int],
    where: sa.ColumnElement[bool],
) -> dict[int, int]:
    rows = session.execute(sa.select(by, what).where(where).group_by(by)).all()
    return {row[0]: row[1] for row in rows}
