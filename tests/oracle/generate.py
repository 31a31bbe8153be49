"""Seeded random worlds (offers, timelines, rights, policies, counters, rate cards) and questions to them.

A world is small, but crowded: few roots, deeply nested codes, few distinct prices (so that ties are common)
and instants from the same few boundaries (so that "at the very microsecond" is common).
"""

from __future__ import annotations

from random import Random
from typing import Any

from tests.oracle.worlds import EPOCH_US, Row, World

HOUR_US = 3_600_000_000
ROOTS = ["44", "4420", "447", "49", "4915", "1", "1212", "3906", "7", "77", "870", "881", "8816", "0", "00"]
CLASSES = ["premium", "standard", "non_cli", ""]
CURRENCIES = ["USD", "EUR", "JPY", "XTS"]  # XTS never has a rate


def make_world(seed: int) -> World:
    """World number `seed`; the same number gives the same world on every machine."""
    r = Random(seed)
    many = r.random() < 0.15  # some worlds overflow the pre-sorted top lists
    count = r.randint(33, 70) if many else r.randint(0 if r.random() < 0.02 else 1, 14)
    pool = make_codes(r, r.randint(5, 60))
    fx_text = {"USD": "1"}
    if r.random() < 0.8:
        fx_text["EUR"] = r.choice(["1.08", "1.083333333", "1"])
    if r.random() < 0.7:
        fx_text["JPY"] = "0.0067"
    ids = r.sample(range(1, 4000), count)
    offers = [
        {
            "offer_id": offer_id,
            "carrier_id": r.randint(1, max(2, count // 2)),
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
            "lrn_rated": r.random() < 0.15,
        }
        for offer_id in ids
    ]
    prices = make_prices(r)
    timelines = {i: make_timeline(r, pool, prices) for i in ids if r.random() > 0.03}
    if r.random() < 0.2:  # an offer of the index that access does not name
        timelines[4001] = make_timeline(r, pool, prices)
    cards = {i: make_timeline(r, pool, prices, sell=True) for i in range(9001, 9001 + r.randint(0, 3))}
    trunks = {i: make_trunk(r, i, ids, pool, list(cards), prices) for i in range(1, 5)}
    return World(
        offers=offers,
        timelines=timelines,
        cards=cards,
        trunks=trunks,
        quality=make_quality(r, ids, pool),
        fx={currency: nanos_of(text) for currency, text in fx_text.items()},
        fx_text=fx_text,
        closed_codes=r.choice([[], [], ["870"], ["881", "8816", "01"]]),
        reference_seconds=r.choice([180, 180, 60, 61, 1, 30]),
    )


def nanos_of(text: str) -> int:
    """Nanos of a decimal text."""
    whole, _, part = text.partition(".")
    return int(whole + part.ljust(9, "0"))


def make_codes(r: Random, count: int) -> list[str]:
    """Nested codes: most are a child of a code already drawn."""
    codes = r.sample(ROOTS, min(len(ROOTS), r.randint(2, 8)))
    while len(codes) < count:
        parent = r.choice(codes)
        child = parent + "".join(r.choice("0179") for _ in range(r.randint(1, 3)))
        codes.append(child[:15])
    return sorted(set(codes))


def make_prices(r: Random) -> list[int]:
    """Few prices, so that equal costs are common; extremes so that nothing overflows unseen."""
    prices = [r.randint(1, 400) * 100_000 for _ in range(r.randint(2, 9))]
    return [*prices, *r.sample([0, 1, 999_999_999, 10**15, 3_100_000_000, 4_300_001], 2)]


def make_timeline(r: Random, pool: list[str], prices: list[int], *, sell: bool = False) -> list[Row]:
    """Rows of one offer; the intervals of one code never overlap."""
    rows: list[Row] = []
    currency = r.choice(["USD"] * 6 + ["EUR", "EUR", "JPY"] + ([] if sell else ["XTS"]))
    mixed = r.random() < 0.2
    for code in r.sample(pool, r.randint(0 if r.random() < 0.05 else 1, len(pool))):
        edges = sorted(r.sample(range(-9, 10), r.randint(1, 4)))
        spans = [(a, b) for a, b in zip(edges, [*edges[1:], None], strict=True)]
        if r.random() < 0.3:
            spans[-1] = (edges[-1], edges[-1] + r.randint(1, 5))
        if r.random() < 0.6:
            spans = [(-r.choice([9, 50, 1000]), None)]
        for start, end in spans:
            if len(spans) > 1 and r.random() < 0.2:
                continue  # a hole in time
            plain = r.random() < 0.6
            rate = r.choice(prices) + (r.choice([0, 5_000_000]) if sell else 0)
            rows.append(
                {
                    "code": code,
                    "destination": f"Dest {code[:3]}",
                    "rate_nanos": min(rate, 10**15),
                    "first_rate_nanos": None if plain or r.random() < 0.6 else r.choice(prices),
                    "connect_fee_nanos": 0 if plain else r.choice([0, 10_000_000, 1]),
                    "initial_increment": 1 if plain else r.choice([1, 6, 30, 60, 120, 86_400]),
                    "next_increment": 1 if plain else r.choice([1, 6, 7, 60]),
                    "free_seconds": 0 if plain else r.choice([0, 0, 5, 60, 200]),
                    "currency": r.choice(CURRENCIES) if mixed else currency,
                    "status": r.choices([0, 1, 2], [90, 6, 4])[0],
                    "effective_from": EPOCH_US + start * HOUR_US,
                    "effective_until": None if end is None else EPOCH_US + end * HOUR_US,
                    "received_at": EPOCH_US - 1000 * HOUR_US,
                    "deck_id": r.randint(1, 9),
                    "deck_row": len(rows) + 2,
                }
            )
    return rows


def make_trunk(
    r: Random, trunk_id: int, ids: list[int], pool: list[str], cards: list[int], prices: list[int]
) -> dict[str, Any]:
    """A trunk that sees some or all offers, with windows on some grants."""
    grants = []
    share = r.choice([0.3, 0.9, 1.0])
    for offer_id in ids:
        if r.random() < share:
            start = r.choice([None, None, None, *range(-6, 7)])
            end = r.choice([None, None, None, *range((-6 if start is None else start) + 1, 9)])
            grants.append(
                {
                    "offer_id": offer_id,
                    "from_us": None if start is None else EPOCH_US + start * HOUR_US,
                    "until_us": None if end is None else EPOCH_US + end * HOUR_US,
                }
            )
    return {
        "trunk_id": trunk_id,
        "company_id": r.choice([1, 2, 5000]),
        "name": f"trunk {trunk_id}",
        "source_ips": [],
        "tech_prefix": None,
        "policy": make_policy(r, prices, bool(cards)),
        "rate_card_id": r.choice([None, *cards]) if cards else None,
        "blocked_codes": r.sample(pool, 1) if r.random() < 0.15 else [],
        "opened_codes": r.sample([*pool, "870", "8816"], 1) if r.random() < 0.2 else [],
        "never_carriers": r.sample(range(1, 9), r.choice([0, 0, 0, 1, 3])),
        "grants": grants,
        "max_routes": r.choice([None, 1, 3, 5, 40]),
        "enabled": True,
    }


def make_policy(r: Random, prices: list[int], has_sell: bool) -> dict[str, Any]:
    """Any kind, floor, ceiling and guard that the page allows."""
    kind = r.choice(["cost", "cost", "quality", "priority", "cost_delta", "score"])
    policy: dict[str, Any] = {"kind": kind}
    if r.random() < 0.2:
        policy["classes"] = r.sample(CLASSES, r.randint(1, 3))
    if r.random() < 0.2:
        policy["max_cost_nanos"] = r.choice(prices)
    if kind == "cost_delta":
        width = r.choice(["delta_nanos", "delta_ppm", None])
        if width:
            policy[width] = r.choice([0, 50_000, 500_000, 3_000_000])
    if kind == "score":
        policy |= {
            f"w_{w}_ppm": r.choice([0, 100_000, 200_000, 1_000_000])
            for w in ("cost", "asr", "acd", "ner", "pdd")
        }
        policy |= {
            "asr_target_ppm": 550_000,
            "acd_target_ms": 180_000,
            "pdd_max_ms": r.choice([1, 3_000, 8_000]),
        }
        if r.random() < 0.3:
            policy["prior_ppm"] = r.choice([0, 1_000_000, 333_333])
    if kind == "quality" or r.random() < 0.15:
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
    return policy


def make_quality(r: Random, ids: list[int], pool: list[str]) -> dict[tuple[int, str], dict[str, int]]:
    """Counters at nested codes, often with too few samples."""
    quality = {}
    for offer_id in ids:
        for code in r.sample(pool, min(len(pool), r.choice([0, 1, 3, 8]))):
            attempts = r.choice([0, 3, 29, 30, 31, 500, 812])
            answered = r.randint(0, attempts)
            pdd, mos = r.randint(0, 20), r.randint(0, 20)
            quality[offer_id, code] = {
                "attempts": attempts,
                "answered": answered,
                "effective": r.randint(answered, attempts),
                "talk_ms": answered * r.randint(0, 300_000),
                "pdd_ms_sum": pdd * r.randint(0, 9_000),
                "pdd_samples": pdd,
                "mos_milli_sum": mos * r.randint(1_000, 4_500),
                "mos_samples": mos,
            }
    return quality


def make_query(r: Random, world: World) -> dict[str, Any]:
    """One question; most are of the plain kind that the pre-sorted lists answer."""
    plain = r.random() < 0.55
    trunk = None if r.random() < 0.3 else r.randint(1, 4)
    query: dict[str, Any] = {
        "trunk": trunk,
        "dnis": make_number(r, world),
        "ani": r.choice([None, "33123456789"]),
        "lrn": make_number(r, world) if r.random() < 0.15 else None,
        "at_us": EPOCH_US + r.randint(0, 59_999_999) if plain else make_instant(r),
        "max": None if plain else r.choice([None, 1, 2, 10, 100]),
        "explain": False if plain else r.random() < 0.8,
        "explain_scope": "all",
        "decision_id": None,
        "call_id": None,
        "reference_seconds": None if plain else r.choice([None, None, 1, 30, 61, 3600]),
        "policy": None,
        "offers": None,
        "sell": None,
    }
    if not plain:
        if r.random() < 0.3:
            query["policy"] = make_policy(r, [1_000_000, 20_000_000], True)
        if r.random() < 0.15:
            ids = [o["offer_id"] for o in world.offers]
            query["offers"] = r.choice(["all", r.sample(ids, len(ids) // 2)])
        if r.random() < 0.2:
            query["sell"] = {
                "rate_nanos": r.choice([0, 12_000_000, 40_000_000, 10**15]),
                "currency": r.choice(["USD", "EUR"]),
                "code": None,
                "first_rate_nanos": None,
                "connect_fee_nanos": r.choice([0, 1_000_000]),
                "initial_increment": r.choice([1, 60]),
                "next_increment": r.choice([1, 60]),
                "free_seconds": 0,
            }
    return query


def make_number(r: Random, world: World) -> str:
    """Mostly below a known code, sometimes shorter than one, sometimes nowhere."""
    if not world.codes or r.random() < 0.05:
        return "".join(r.choice("0123456789") for _ in range(r.randint(1, 15)))
    code = r.choice(world.codes)
    if r.random() < 0.1:
        return code[: r.randint(1, len(code))]
    return (code + "".join(r.choice("01790179 23456".replace(" ", "")) for _ in range(r.randint(0, 11))))[:15]


def make_instant(r: Random) -> int:
    """Near a boundary of the world: before, at and after, to the microsecond."""
    return EPOCH_US + r.randint(-10, 12) * HOUR_US + r.choice([-1, 0, 0, 1, 77])
