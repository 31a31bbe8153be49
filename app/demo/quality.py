"""Quality counters per product and destination: counts that fit the class, the country and the carrier."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from app.carriers.models import Product
from app.demo.companies import CarrierPlan
from app.demo.numbering import DemoCode, country_code, world
from app.demo.prices import draw

# class -> ASR ppm, ACD ms, PDD ms, MOS milli
_CLASS = {
    "premium": (535_000, 214_000, 2_350, 4_180),
    "standard": (462_000, 176_000, 3_200, 3_960),
    "non_cli": (356_000, 129_000, 4_850, 3_610),
}


@cache
def measured_codes() -> tuple[DemoCode, ...]:
    """Codes with counters: every country, and the widest code of the two largest mobile networks of each."""
    chosen: list[DemoCode] = [c for c in world() if c.kind == "country"]
    seen: dict[str, set[str]] = {}
    for code in sorted((c for c in world() if c.kind == "mobile"), key=lambda c: (len(c.code), c.code)):
        operators = seen.setdefault(code.region, set())
        if code.place not in operators and len(operators) < 2 and len(code.code) <= 6:
            operators.add(code.place)
            chosen.append(code)
    return tuple(sorted(chosen, key=lambda c: c.code))


def counters(carrier: CarrierPlan, product: Product, *, today: datetime) -> Iterator[dict[str, Any]]:
    """Rows of `quality_counter` of the last 30 days; about one destination in nine has too few samples to judge."""
    base_asr, base_acd, base_pdd, base_mos = _CLASS[product.route_class]
    for code in measured_codes():
        key = f"{carrier.slug} {product.name} {code.code}"
        if draw(f"seen {key}", 0, 99) < 7:
            continue
        home = code.code.startswith(carrier.home)
        few = draw(f"few {key}", 0, 8) == 0
        attempts = draw(f"n {key}", 3, 28) if few else draw(f"n {key}", 60, 4200) * (4 if home else 1)
        asr = (
            base_asr
            + (carrier.skill - 75) * 1_600
            + (45_000 if home else 0)
            + draw(f"asr {key}", -70_000, 70_000)
        )
        asr -= _hard(code) * 1_000
        answered = min(attempts, attempts * max(asr, 60_000) // 1_000_000)
        effective = min(attempts, answered + (attempts - answered) * draw(f"ner {key}", 62, 94) // 100)
        acd = max(
            22_000,
            base_acd + draw(f"acd {key}", -52_000, 52_000) + (14_000 if home else 0) - _hard(code) * 300,
        )
        pdd = max(480, base_pdd + draw(f"pdd {key}", -700, 1_300) + _hard(code) * 16 - (500 if home else 0))
        mos = min(
            4_400, base_mos + draw(f"mos {key}", -160, 130) + (carrier.skill - 75) * 4 - _hard(code) * 3
        )
        mos_samples = answered * draw(f"mosn {key}", 30, 80) // 100
        yield {
            "product_id": product.id, "code": code.code, "source": "calls", "window_from": today - timedelta(days=30),
            "window_until": today, "attempts": attempts, "answered": answered, "effective": effective,
            "short_calls": answered * draw(f"short {key}", 2, 11) // 100, "talk_ms": answered * acd,
            "pdd_ms_sum": effective * pdd, "pdd_samples": effective, "mos_milli_sum": mos_samples * mos,
            "mos_samples": mos_samples,
        }  # fmt: skip


@cache
def _hard(code: DemoCode) -> int:
    """How hard a destination is to reach well, 0–150: Africa and islands behind, western networks ahead."""
    cc = country_code(code.code)
    level = {"1": 5, "2": 105, "3": 15, "4": 12, "5": 50, "6": 55, "7": 45, "8": 30, "9": 75}[cc[0]]
    return level + (18 if code.kind == "mobile" else 0) + draw(f"hard {code.region}", 0, 25)
