"""One million rates of 20 offers: build of the merged index, open, one decision, decisions in batch.

Beside them, in the same run, the same longest match over one dict per vendor in Python: what a switch
script would do by itself.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from datetime import UTC, datetime

import pyarrow as pa

import lcr_core
from benches import Row
from benches.machine import median_seconds
from rates.schema import TIMELINE

TITLE = "Index of 1,000,000 rates (20 offers x 50,000 codes), look-up"
OFFERS, CODES, QUERIES = 20, 50_000, 20_000
NOW_US = 1_795_219_200_000_000


def timeline(seed: int, universe: list[str]) -> pa.Table:
    """One offer's rates over a sample of the codes, prices by country with an own level."""
    draw = random.Random(seed)
    codes = sorted(draw.sample(universe, CODES))
    start = datetime(2026, 1, 1, tzinfo=UTC)
    n = len(codes)
    return pa.table(
        {
            "code": codes,
            "destination": [f"Country {code[:2]}" for code in codes],
            "rate_nanos": [draw.randint(1_000, 300_000) * 1_000 for _ in codes],
            "first_rate_nanos": pa.nulls(n, pa.int64()),
            "connect_fee_nanos": [0] * n,
            "initial_increment": [draw.choice((1, 1, 1, 6, 60)) for _ in codes],
            "next_increment": [draw.choice((1, 6)) for _ in codes],
            "free_seconds": [0] * n,
            "currency": ["USD"] * n,
            "status": [0] * n,
            "effective_from": [start] * n,
            "effective_until": pa.nulls(n, pa.timestamp("us", tz="UTC")),
            "received_at": [start] * n,
            "deck_id": [seed] * n,
            "deck_row": list(range(n)),
            "origin": pa.nulls(n, pa.utf8()),
            "jurisdiction": pa.nulls(n, pa.utf8()),
        },
        schema=TIMELINE,
    )


def codes_universe() -> list[str]:
    draw = random.Random(7)
    heads = ["1", "7", "33", "34", "39", "44", "49", "52", "55", "61", "81", "86", "91", "234", "254", "880"]
    found: dict[str, None] = dict.fromkeys(heads)
    while len(found) < CODES * 2:
        found.setdefault(draw.choice(heads) + "".join(draw.choices("0123456789", k=draw.randint(1, 6))))
    return list(found)


def python_dicts(tables: list[pa.Table], numbers: list[str]) -> float:
    """Seconds a number: longest match in each vendor's dict, then sort by rate."""
    vendors = [dict(zip(t["code"].to_pylist(), t["rate_nanos"].to_pylist(), strict=True)) for t in tables]
    begun = time.perf_counter()
    for number in numbers:
        found = []
        for vendor, rates in enumerate(vendors):
            for length in range(len(number), 0, -1):
                rate = rates.get(number[:length])
                if rate is not None:
                    found.append((rate, vendor))
                    break
        found.sort()
    return (time.perf_counter() - begun) / len(numbers)


def run() -> list[Row]:
    universe = codes_universe()
    tables = [timeline(seed, universe) for seed in range(1, OFFERS + 1)]
    draw = random.Random(3)
    numbers = [draw.choice(universe)[:9] + "".join(draw.choices("0123456789", k=6)) for _ in range(QUERIES)]
    offers = [{"offer_id": i, "carrier_id": i} for i in range(1, OFFERS + 1)]
    document = {"base_currency": "USD", "fx": {}, "reference_seconds": 180, "offers": offers}
    access = {**document, "offers": [{**o, "vendor": f"v{o['offer_id']}", "product": "p"} for o in offers]}
    common = json.dumps({"trunk": None, "at_us": NOW_US, "max": 5})
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as root:
        built: dict[str, str] = {}

        def build() -> None:
            built["report"] = lcr_core.build_index(
                root, json.dumps(document), [(i, t) for i, t in enumerate(tables, start=1)], NOW_US
            )

        build_s = median_seconds(build)
        report = json.loads(built["report"])
        lcr_core.publish(root, report["index"], json.dumps(access), NOW_US)
        open_s = median_seconds(lambda: lcr_core.Snapshot.open(root))
        snapshot = lcr_core.Snapshot.open(root)
        questions = [json.dumps({"trunk": None, "dnis": n, "at_us": NOW_US, "max": 5}) for n in numbers]
        single_s = median_seconds(lambda: [snapshot.decide(q) for q in questions]) / QUERIES
        calls = pa.table({"dnis": numbers * 10})
        many_s = median_seconds(lambda: snapshot.decide_many(common, calls)) / (QUERIES * 10)
    dict_s = python_dicts(tables, numbers[:2000])
    rates = report["rates"]
    return [
        {
            "what": f"build {rates:,} rates",
            "figure": f"{build_s:.2f} s",
            "rate": f"{rates / build_s:,.0f} rates/s",
            "ratio": "",
        },
        {"what": "open and verify", "figure": f"{open_s * 1e3:.1f} ms", "rate": "", "ratio": ""},
        {
            "what": "decide, JSON in and out, top 5 of 20",
            "figure": f"{single_s * 1e6:.1f} µs",
            "rate": f"{1 / single_s:,.0f}/s",
            "ratio": f"{dict_s / single_s:.0f}x faster than dicts",
        },
        {
            "what": "decide_many over Arrow, both cores",
            "figure": f"{many_s * 1e9:.0f} ns",
            "rate": f"{1 / many_s:,.0f}/s",
            "ratio": f"{dict_s / many_s:.0f}x faster than dicts",
        },
        {
            "what": "Python dict per vendor, match and sort only",
            "figure": f"{dict_s * 1e6:.1f} µs",
            "rate": f"{1 / dict_s:,.0f}/s",
            "ratio": "1",
        },
    ]
