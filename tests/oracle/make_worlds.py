"""Seeded random worlds: few roots, deeply nested codes, few distinct prices, instants from the same few hours.

Most are small and crowded; some hold more offers than a pre-sorted list has places, and narrow callers among them.
"""

from __future__ import annotations

from random import Random
from typing import Any

from tests.oracle.clocks import resolve
from tests.oracle.make_decks import (
    HOUR_US,
    NANP_ROOTS,
    ROOTS,
    by_rates,
    make_codes,
    make_deck,
    make_prices,
    make_rules,
)
from tests.oracle.make_rights import make_offer, make_trunk
from tests.oracle.make_state import make_quality, make_state
from tests.oracle.worlds import Row, World

LRNS = ["12125551111", "19735550000", "17185550123", "14165550000", "18765550000"]
STRANGER = 4001  # an offer of the index that access does not name
EPOCHS_US = [  # a plain hour, and the hours in which Berlin, New York and Berlin again change their clocks
    1_795_000_000_000_000,
    1_792_890_000_000_000,
    1_793_512_800_000_000,
    1_806_195_600_000_000,
]
PLACES = [
    ("US", "NY", "NWYRCYZN01"),
    ("US", "NY", "NWYRCYZN02"),
    ("US", "NJ", "NEWARK"),
    ("US", "PR", "SAN JUAN"),
]
PLACES += [
    ("CA", "ON", "TORONTO"),
    ("JM", None, None),
    ("US", "NY", None),
    ("US", "DC", "WSHNGTNZN1"),
    ("US", "NY", "NEWARK"),
]
PLACES += PLACES[:3]  # most blocks lie in two states, so that calls stay in one and leave one


NEAR = [
    frozenset([("NY", "NWYRCYZN01"), ("NY", "NWYRCYZN02")]),
    frozenset([("NY", "NWYRCYZN01"), ("NY", "NEWARK")]),
]


def make_world(seed: int) -> World:
    """World number `seed`; the same number gives the same world on every machine."""
    r = Random(seed)
    wide = r.random() < 0.05
    count = r.randint(50, 90) if wide else r.randint(0 if r.random() < 0.02 else 1, r.choice([4, 7, 12]))
    american = r.random() < 0.5
    base_us = r.choice([EPOCHS_US[0], *EPOCHS_US])
    pool = make_codes(r, r.randint(5, 12 if wide else 30), [*ROOTS[:3], *NANP_ROOTS] if american else ROOTS)
    fx_text = {"USD": "1"}
    if r.random() < 0.8:
        fx_text["EUR"] = r.choice(["1.08", "1.083333333", "1"])
    if r.random() < 0.7:
        fx_text["JPY"] = "0.0067"
    ids = r.sample(range(1, 4000), count)
    prices = make_prices(r)
    cards = list(range(9001, 9001 + r.randint(0, 3)))
    owners = [i for i in ids if r.random() > 0.03] + ([STRANGER] if r.random() < 0.2 else []) + cards
    through_rates = not wide and r.random() < 0.4
    rules: dict[int, dict[str, Any]] = {}
    rows: dict[int, list[Row]] = {}
    tables = {}
    for owner in owners:
        kinds = ["plain", "plain", "plain", "origin"] + (["jurisdiction"] * 4 + ["both"] if american else [])
        own = make_rules(r, "plain" if wide and r.random() < 0.8 else r.choice(kinds))
        decks: list[Row] = []
        unlisted = r.choice(["parent", "parent", "block"])
        for n in range(1, 1 + (1 if wide else r.choice([1, 2, 2, 3]))):
            decks.append(make_deck(r, n, base_us, pool, prices, own, unlisted, sell=owner in cards))
        decks = sorted(decks, key=lambda d: d["received_at"])
        if own:
            rules[owner] = own
        rows[owner] = resolve(decks)
        if (
            through_rates
            and 10**15 not in prices
            and len({d["rows"][0]["currency"] for d in decks if d["rows"]} - fx_text.keys()) == 0
        ):
            tables[owner] = by_rates(decks, own, fx_text)
    return World(
        offers=[make_offer(r, i, max(2, count // 2)) for i in ids],
        timelines={i: rows[i] for i in owners if i not in cards},
        cards={i: rows[i] for i in cards},
        trunks={i: make_trunk(r, i, ids, pool, cards, prices, base_us) for i in range(1, 5)},
        quality=make_quality(r, ids, pool),
        fx={currency: nanos_of(text) for currency, text in fx_text.items()},
        fx_text=fx_text,
        closed_codes=r.choice([[], [], [], ["870"], ["881", "8816", "01"]]),
        reference_seconds=r.choice([180, 180, 60, 61, 1, 30]),
        rules=rules,
        durations={c: make_mix(r) for c in r.sample(pool, r.choice([0, 1, min(4, len(pool))]))},
        nanp=make_nanp(r) if american and r.random() < 0.9 else None,
        lrns=make_lrns(r, pool) if r.random() < 0.6 else {},
        tables=tables,
        epoch_us=base_us,
        states=[make_state(r, n, ids, pool) for n in r.sample(range(1, 10**6), 4)],
    )


def make_lrns(r: Random, pool: list[str]) -> dict[str, str]:
    """Ported numbers: some below codes of the decks, and some that are routing numbers themselves."""
    ported = [(code + "2125550100"[len(code) - 1 :])[:11] for code in pool if len(code) < 11]
    return {number: r.choice(LRNS) for number in [*r.sample(ported, min(4, len(ported))), *r.sample(LRNS, 1)]}


def nanos_of(text: str) -> int:
    """Nanos of a decimal text."""
    whole, _, part = text.partition(".")
    return int(whole + part.ljust(9, "0"))


def make_mix(r: Random) -> tuple[tuple[int, int], ...]:
    """(seconds, weight), ascending; the weights sum to 1000."""
    seconds = sorted(r.sample([1, 6, 12, 60, 61, 95, 610, 86_400], r.randint(1, 4)))
    cuts = sorted(r.sample(range(1, 1000), len(seconds) - 1))
    return tuple((s, b - a) for s, a, b in zip(seconds, [0, *cuts], [*cuts, 1000], strict=True))


def make_nanp(r: Random) -> dict[str, Any]:
    """Where blocks lie: by NPA-NXX, some by the thousand, some not at all."""
    codes = [
        "1212555",
        "12125550",
        "12125551",
        "1718555",
        "17185550",
        "1973555",
        "1416555",
        "1787555",
        "1876555",
        "1202555",
    ]
    names = ["country", "state", "rate_centre"]
    blocks = {
        code: dict(zip(names, r.choice(PLACES), strict=True))
        for code in r.sample(codes, r.randint(6, len(codes)))
    }
    places = {
        (b["state"], b["rate_centre"]) for b in blocks.values() if b["country"] == "US" and b["rate_centre"]
    }
    near = [pair for pair in NEAR if pair <= places]
    return {"blocks": blocks, "pairs": set(r.sample(near, r.randint(0, len(near))))}


__all__ = ["EPOCHS_US", "HOUR_US", "STRANGER", "make_world"]
