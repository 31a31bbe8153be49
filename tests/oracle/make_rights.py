"""Random offers, trunks and policies: every word of the contract, often at its edges."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.oracle.make_decks import HOUR_US

CLASSES = ["premium", "standard", "non_cli", ""]
SCHEDULES: list[dict[str, Any]] = [
    {"zone": "Europe/Berlin", "open": [["mon 08:00", "mon 18:00"], ["fri 22:00", "mon 06:00"]]},
    {"zone": "Europe/Berlin", "open": [["sun 02:30", "sun 03:00"], ["sat 23:00", "sun 02:15"]]},
    {"zone": "America/New_York", "open": [["sun 01:30", "sun 02:30"], ["tue 00:00", "thu 12:00"]]},
    {"zone": "Asia/Kathmandu", "open": [["wed 05:45", "wed 11:30"], ["sun 00:00", "wed 05:45"]]},
    {
        "zone": "UTC",
        "open": [["wed 06:00", "wed 08:00"], ["wed 08:00", "wed 11:00"], ["sat 20:00", "sun 07:00"]],
    },
    {"zone": "UTC", "open": []},
    {"zone": "Australia/Lord_Howe", "open": [["mon 00:00", "sun 23:59"]]},
    {"zone": "UTC", "open": [["mon 00:00", "thu 00:00"], ["thu 00:00", "mon 00:00"]]},
]


def make_offer(r: Random, offer_id: int, carriers: int) -> dict[str, Any]:
    special = r.random() < 0.35
    return {
        "offer_id": offer_id,
        "carrier_id": r.randint(1, carriers),
        "vendor": f"v{offer_id}",
        "product": r.choice(["Premium", "CLI", "NCLI"]),
        "class": r.choice(CLASSES),
        "priority": r.choice([1, 1, 2, 5, 100]),
        "enabled": r.random() > 0.06,
        "public": r.random() < 0.5,
        "uri_host": r.choice([None, "192.0.2.10", "gw.example"]),
        "uri_port": r.choice([None, 5060]),
        "uri_user_prefix": r.choice(["", "7701"]),
        "transport": r.choice(["udp", "tcp", "tls"]),
        "timeout_ms": 6000,
        "lrn_rated": r.random() < 0.25,
        "weight": r.choice([0, 1, 1, 5, 100, 1_000_000]) if r.random() < 0.05 else r.choice([0, 1, 1, 5, 70]),
        "keeps_cli": r.random() < 0.6,
        "keeps_identity": r.random() < 0.5,
        "min_digits": r.choice([1, 5, 8, 11]) if special else 1,
        "max_digits": r.choice([11, 12, 15]) if special else 15,
        "schedule": r.choice(SCHEDULES) if special and r.random() < 0.5 else None,
    }


def make_trunk(
    r: Random,
    trunk_id: int,
    ids: list[int],
    pool: list[str],
    cards: list[int],
    prices: list[int],
    base_us: int,
) -> dict[str, Any]:
    """A trunk that sees few, most or all offers, with windows on some grants."""
    grants = []
    share = r.choice([0.1, 0.5, 0.9, 1.0, 1.0])
    for offer_id in ids:
        if r.random() < share:
            start = r.choice([None] * 20 + [*range(-6, 7)])
            end = r.choice([None] * 20 + [*range((-6 if start is None else start) + 1, 9)])
            grants.append(
                {
                    "offer_id": offer_id,
                    "from_us": None if start is None else base_us + start * HOUR_US,
                    "until_us": None if end is None else base_us + end * HOUR_US,
                }
            )
    return {
        "trunk_id": trunk_id,
        "company_id": r.choice([1, 2, 5000]),
        "name": f"trunk {trunk_id}",
        "source_ips": [],
        "tech_prefix": None,
        "policy": make_policy(r, prices, bool(cards), ids),
        "rate_card_id": r.choice([None, *cards]) if cards else None,
        "blocked_codes": r.sample(pool, 1) if r.random() < 0.1 else [],
        "opened_codes": r.sample([*pool, "870", "8816"], 1) if r.random() < 0.2 else [],
        "never_carriers": r.sample(range(1, 9), r.choice([0, 0, 0, 1, 3])),
        "grants": grants,
        "max_routes": r.choice([None, 1, 3, 5, 40]),
        "enabled": True,
    }


def make_policy(r: Random, prices: list[int], has_sell: bool, ids: list[int]) -> dict[str, Any]:
    """Any kind, floor, ceiling, filter and guard that the page allows."""
    kind = r.choice(["cost", "cost", "quality", "priority", "cost_delta", "score", "percentage"])
    policy: dict[str, Any] = {"kind": kind}
    if r.random() < 0.2:
        policy["classes"] = r.sample(CLASSES, r.randint(1, 3))
    if r.random() < 0.3:
        policy["max_cost_nanos"] = r.choice(prices)
    if kind == "cost_delta":
        width = r.choice(["delta_nanos", "delta_ppm", None])
        if width:
            policy[width] = r.choice([0, 50_000, 500_000, 3_000_000])
    if kind == "score":
        weights = {
            f"w_{w}_ppm": r.choice([0, 100_000, 200_000, 1_000_000])
            for w in ("cost", "asr", "acd", "ner", "pdd")
        }
        policy |= weights
        policy |= {
            "asr_target_ppm": 550_000,
            "acd_target_ms": 180_000,
            "pdd_max_ms": r.choice([1, 3_000, 8_000]),
        }
        if r.random() < 0.3:
            policy["prior_ppm"] = r.choice([0, 1_000_000, 333_333])
    if kind == "quality" or r.random() < 0.25:
        floors = {
            "floor_asr_ppm": [0, 300_000, 500_000],
            "floor_acd_ms": [60_000, 120_000],
            "floor_ner_ppm": [800_000],
            "floor_mos_milli": [3_600],
            "ceiling_pdd_ms": [2_000, 4_000],
        }
        for word in r.sample(list(floors), r.randint(1, 3)):
            policy[word] = r.choice(floors[word])
    if r.random() < 0.1:
        policy |= {"min_attempts": 5, "min_answered": 1, "min_pdd": 1, "min_mos": 1}
    if r.random() < (0.5 if has_sell else 0.1):
        policy["guard"] = r.choice(["no_loss", "min_margin", "loss_allowed"])
        policy |= {
            "min_abs_nanos": r.choice([0, 1, 1_000_000]),
            "min_pct_ppm": r.choice([0, 50_000, 1_000_000]),
        }
        policy |= {"loss_nanos": r.choice([0, 500_000, 10**12]), "loss_first": r.choice([0, 1, 2, 5])}
    if r.random() < 0.1:
        policy["reference_seconds"] = r.choice([1, 7, 61, 86_400])
    if r.random() < 0.25:
        policy["use_mix"] = True
    if r.random() < 0.2:
        policy["need_cli"] = True
    if r.random() < 0.15:
        policy["need_signature"] = True
    if ids and r.random() < 0.12:
        policy["only_offers"] = r.sample(ids, r.randint(1, len(ids)))
    if ids and r.random() < 0.2:
        policy["first_offers"] = r.sample(ids, r.randint(1, min(3, len(ids))))
    return policy
