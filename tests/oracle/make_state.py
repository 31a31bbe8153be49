"""Random counters and states of the network."""

from __future__ import annotations

from random import Random
from typing import Any


def make_counters(r: Random) -> dict[str, int]:
    attempts = r.choice([0, 3, 29, 30, 31, 500, 812])
    answered = r.randint(0, attempts)
    pdd, mos = r.randint(0, 20), r.randint(0, 20)
    return {
        "attempts": attempts,
        "answered": answered,
        "effective": r.randint(answered, attempts),
        "talk_ms": answered * r.randint(0, 300_000),
        "pdd_ms_sum": pdd * r.randint(0, 9_000),
        "pdd_samples": pdd,
        "mos_milli_sum": mos * r.randint(1_000, 4_500),
        "mos_samples": mos,
    }


def make_quality(r: Random, ids: list[int], pool: list[str]) -> dict[tuple[int, str], dict[str, int]]:
    """Counters at nested codes, often with too few samples."""
    return {
        (offer_id, code): make_counters(r)
        for offer_id in ids
        for code in r.sample(pool, min(len(pool), r.choice([0, 1, 3, 8])))
    }


def make_state(r: Random, generation: int, ids: list[int], pool: list[str]) -> dict[str, Any]:
    """Something in some lists; offers that access does not know may stand in them."""
    known = [*ids, 4002]

    def some(most: int = 2) -> list[int]:
        return r.sample(known, min(len(known), r.choice([0, 0, 1, 1, most])))

    pairs = {(r.choice(known), r.choice(pool)) for _ in range(r.choice([0, 1, 4, 12]))}
    return {
        "generation": generation,
        "disabled_offers": some(),
        "blocks": [
            {"offer_id": i, "code": c}
            for i, c in {(r.choice(known), r.choice(pool)) for _ in range(r.choice([0, 0, 3]))}
        ],
        "channels_full": some(),
        "cps_full": some(),
        "cap_reached": some(),
        "vendor_credit_out": r.sample(range(1, 5), r.choice([0, 0, 1, 2])),
        "company_credit_out": r.sample([1, 2, 5000], r.choice([0, 0, 0, 0, 1])),
        "trunk_credit_out": r.sample([1, 2, 3, 4, 99], r.choice([0, 0, 0, 1])),
        "demoted": [
            {
                "offer_id": i,
                "code": c,
                "level": r.choice(["healthy", "warn", "critical", "critical", "critical"]),
                "trial_ppm": r.choice([0, 20_000, 500_000, 1_000_000]),
            }
            for i, c in sorted(pairs)
        ],
        "quality": [
            {"offer_id": i, "code": c, **make_counters(r)}
            for i, c in sorted({(r.choice(known), r.choice(pool)) for _ in range(r.choice([0, 2, 8]))})
        ],
    }
