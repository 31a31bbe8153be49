"""Answered calls of each product over the last thirty days, by day and code: what a new deck's money impact is worked out on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from app.carriers.models import Product
from app.demo.companies import CarrierPlan
from app.demo.prices import draw
from app.demo.quality import measured_codes
from app.reports.timelines import in_force
from rates.schema import OPEN

DAYS: Final = 30
CODES: Final = 10
"""Half of them at random among those the newest deck named, so that a deck's impact shows figures."""


def traffic(
    carrier: CarrierPlan, product: Product, timeline: pa.Table, *, today: datetime
) -> Iterator[dict[str, Any]]:
    """Rows of `traffic_day` up to yesterday; quieter at weekends and away from the carrier's home."""
    for code in _codes(carrier, product, timeline, today):
        key = f"traffic {carrier.slug} {product.name} {code}"
        usual = draw(key, 40, 400) * (3 if code.startswith(carrier.home) else 1)
        length = draw(f"length {key}", 70, 240)
        for back in range(1, DAYS + 1):
            day = (today - timedelta(days=back)).date()
            calls = usual * draw(f"{key} {back}", 80, 120) // (250 if day.weekday() > 4 else 100)
            yield {
                "company_id": product.company_id, "product_id": product.id, "code": code, "day": day, "calls": calls,
                "seconds": calls * (length + draw(f"talk {key} {back}", -15, 15)),
            }  # fmt: skip


def _codes(carrier: CarrierPlan, product: Product, timeline: pa.Table, today: datetime) -> list[str]:
    live = in_force(timeline, today)
    open_ = set(live.filter(pc.equal(live["status"], OPEN))["code"].to_pylist())
    newest = timeline.filter(pc.equal(timeline["deck_id"], pc.max(timeline["deck_id"])))
    named = sorted(open_ & set(newest["code"].to_pylist()))
    known = [c.code for c in measured_codes() if c.code in open_]
    home = [code for code in known if code.startswith(carrier.home)]
    chosen = _some(named, CODES // 2, f"{carrier.slug} {product.name}")
    chosen += _some([c for c in home or known if c not in chosen], 2, carrier.slug)
    return chosen + _some([c for c in known if c not in chosen], CODES - len(chosen), product.name)


def _some(codes: Sequence[str], number: int, salt: str) -> list[str]:
    return sorted(codes, key=lambda code: draw(f"{salt} {code}", 0, 2**31))[:number]
