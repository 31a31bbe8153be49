"""Traffic of a product by day and code: from an aggregate CSV, or from a switch's own call records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import Product
from app.config import Settings
from app.decks.models import TrafficDay
from app.decks.timelines import at_instant
from app.errors import Invalid
from app.security.actor import Actor
from rates.calls import read_calls, shape_of
from rates.store import Store
from rates.traffic import DayTraffic, TrafficError, read_aggregates

BATCH = 500
NO_DECK_DIGITS = 7
"""Digits of a dialled number that are kept where no deck says how long its code is; enough for any breakout, no person's number."""


@dataclass(frozen=True)
class Imported:
    """`rows`: days × codes written; `left_out`: records without answer or number; `shape`: aggregates, or whose records."""

    shape: str
    rows: int
    calls: int
    seconds: int
    left_out: int
    first: date
    last: date


def import_traffic(
    session: Session, who: Actor, product: Product, text: str, *, settings: Settings, now: datetime
) -> Imported:
    """Each day and code of the file replaces what was there: the same file twice is the same traffic.

    Raises Invalid naming the line; nothing is kept then."""
    shape, days, left = _read(session, product, text, settings, now)
    if not days:
        raise Invalid(
            "The file holds no answered call.", hint="Send day, code, calls and minutes, or call records."
        )
    for start in range(0, len(days), BATCH):
        part = days[start : start + BATCH]
        keys = sa.tuple_(TrafficDay.day, TrafficDay.code).in_([(one.day, one.code) for one in part])
        session.execute(
            sa.delete(TrafficDay).where(TrafficDay.product_id == product.id, TrafficDay.buyer_id == 0, keys)
        )
        session.execute(
            sa.insert(TrafficDay),
            [
                {"company_id": product.company_id, "product_id": product.id, "day": one.day, "code": one.code,
                 "calls": one.calls, "seconds": one.seconds}
                for one in part
            ],
        )  # fmt: skip
    done = Imported(
        shape, len(days), sum(one.calls for one in days), sum(one.seconds for one in days), left,
        min(one.day for one in days), max(one.day for one in days),
    )  # fmt: skip
    record(
        session, who, action="traffic.import", obj=product, now=now, company_id=product.company_id,
        after={"shape": shape, "rows": done.rows, "calls": done.calls, "seconds": done.seconds, "left_out": left,
               "from": str(done.first), "to": str(done.last)},
    )  # fmt: skip
    return done


def _read(
    session: Session, product: Product, text: str, settings: Settings, now: datetime
) -> tuple[str, list[DayTraffic], int]:
    try:
        if "day" in text[:4000].splitlines()[0].lower() or "date" in text[:4000].splitlines()[0].lower():
            return "aggregates", read_aggregates(text), 0
        shape_of(text)
        calls = read_calls(text)
    except IndexError:
        raise Invalid(
            "The file is empty.", hint="Send day, code, calls and minutes, or call records."
        ) from None
    except TrafficError as fault:
        raise Invalid(
            str(fault),
            hint="A heading `day,code,calls,minutes`, then one row a day and code.",
            line=fault.line,
        ) from fault
    return calls.shape, _by_code(product, calls.days, settings, now), calls.left_out


def _by_code(product: Product, days: list[DayTraffic], settings: Settings, now: datetime) -> list[DayTraffic]:
    """Dialled numbers as the codes of the product's deck: whole numbers are nobody's business here."""
    known: set[str] = set()
    if product.timeline_key is not None:
        known = set(
            at_instant(Store(str(settings.store_dir)).open(product.timeline_key), now)["code"].to_pylist()
        )
    sums: dict[tuple[date, str], tuple[int, int]] = {}
    for one in days:
        code = next(
            (one.code[:n] for n in range(len(one.code), 0, -1) if one.code[:n] in known),
            one.code[:NO_DECK_DIGITS],
        )
        calls, seconds = sums.get((one.day, code), (0, 0))
        sums[one.day, code] = calls + one.calls, seconds + one.seconds
    return [DayTraffic(day, code, *sums[day, code]) for day, code in sorted(sums)]
