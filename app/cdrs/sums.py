"""Rated records → sums by day, and what the floors below are told. A correction takes back the old record with sign −1."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.service.measure_quality import Counts, measure_quality
from app.cdrs.models import CallDay
from app.cdrs.priced import Priced
from app.clock import from_micros
from app.db import add_up
from app.decks.service.record_traffic import PairTraffic, record_traffic
from app.routing.quality_jobs import WINDOW
from app.routing.service.record_calls import Measured, Talk, record_quality, record_talk
from rates.records.figures import Figures, figures_of
from rates.records.mixes import class_of

QUALITY_DAYS = 30
KEYS = ("day", "company_id", "product_id", "code")
COUNTED = (
    "attempts", "answered", "effective", "short_calls", "talk_ms", "pdd_ms_sum", "pdd_samples", "talk_seconds", "cost_nanos",
    "cost_base_nanos", "sell_base_nanos", "margin_base_nanos",
)  # fmt: skip

Key = tuple[date, int, int, int, str]


def sum_up(session: Session, added: Iterable[Priced], taken_back: Iterable[Priced], *, now: datetime) -> None:
    """All of it in the caller's transaction: a record counts everywhere or nowhere."""
    days: dict[Key, list[int]] = defaultdict(lambda: [0] * len(COUNTED))
    talks: dict[tuple[date, str, int], list[int]] = defaultdict(lambda: [0, 0])
    recent: dict[tuple[int, str, datetime], Figures] = {}
    for sign, calls in ((1, added), (-1, taken_back)):
        for call in calls:
            record, code = call.record, call.cost.match.code
            start = from_micros(record.start_us)
            figures = figures_of(record)
            seconds = -(-record.duration_ms // 1000)
            sell = call.sell_base_nanos or 0
            margin = 0 if call.sell_base_nanos is None else sell - call.cost_base_nanos
            counted = (
                figures.attempts, figures.answered, figures.effective, figures.short_calls, figures.talk_ms,
                figures.pdd_ms_sum, figures.pdd_samples, seconds, call.cost.amount_nanos, call.cost_base_nanos, sell, margin,
            )  # fmt: skip
            into = days[start.date(), call.company_id, call.seller_id, call.product_id, code]
            for place, count in enumerate(counted):
                into[place] += sign * count
            if record.answered and seconds:
                talk = talks[start.date(), code, class_of(min(seconds, 86_400))]
                talk[0], talk[1] = talk[0] + sign, talk[1] + sign * seconds
            if sign > 0 and now - WINDOW < start <= now:
                minute = start.replace(second=0, microsecond=0)
                place_ = (call.product_id, code, minute)
                recent[place_] = recent.get(place_, Figures()).plus(figures)
    rows = [
        {"day": day, "company_id": company, "seller_id": seller, "product_id": product, "code": code}
        | dict(zip(COUNTED, counts, strict=True))
        for (day, company, seller, product, code), counts in sorted(days.items())
    ]
    add_up(session, CallDay.__table__, KEYS, rows)
    answered, talked = COUNTED.index("answered"), COUNTED.index("talk_seconds")
    record_traffic(
        session,
        (
            PairTraffic(seller, company, product, day, code, counts[answered], counts[talked])
            for (day, company, seller, product, code), counts in sorted(days.items())
            if counts[answered] or counts[talked]
        ),
    )
    record_talk(session, (Talk(*key, *counts) for key, counts in sorted(talks.items())))
    record_quality(session, (Measured(*key, figures) for key, figures in sorted(recent.items())))
    _measure(session, {(product, code) for _, _, _, product, code in days}, now)


def _measure(session: Session, places: set[tuple[int, str]], now: datetime) -> None:
    """Quality of the last thirty days, of the products and codes that changed."""
    first = now.date() - timedelta(days=QUALITY_DAYS - 1)
    columns = [sa.func.sum(getattr(CallDay, name)) for name in COUNTED[:7]]
    found = session.execute(
        sa.select(CallDay.product_id, CallDay.code, *columns)
        .where(CallDay.day >= first, CallDay.product_id.in_({product for product, _ in places}))
        .group_by(CallDay.product_id, CallDay.code)
    )
    counts = [
        Counts(product, code, *(int(n) for n in sums)) for product, code, *sums in found if (product, code) in places
    ]  # fmt: skip
    begin = datetime.combine(first, datetime.min.time(), now.tzinfo)
    measure_quality(session, (one for one in counts if one.attempts > 0), window_from=begin, window_until=now)
