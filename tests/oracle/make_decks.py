"""Random decks: few nested codes, few prices (ties are common), instants from the same few hours (edges are common)."""

from __future__ import annotations

from random import Random
from typing import Any

import pyarrow as pa

from rates import schema
from rates.notice import Terms
from rates.options import DeckOptions
from rates.timeline import apply
from tests.oracle.worlds import Row

HOUR_US = 3_600_000_000
ROOTS = ["44", "4420", "447", "49", "4915", "1", "1212", "3906", "7", "77", "870", "881", "8816", "0", "00"]
NANP_ROOTS = ["1", "1212", "1212555", "1973555", "17185550", "1787", "1876", "1416555"]
CURRENCIES = ["USD", "EUR", "JPY", "XTS"]  # XTS never has a rate
JURISDICTIONS = ["interstate", "intrastate", "indeterminate", "local"]


def make_codes(r: Random, count: int, roots: list[str]) -> list[str]:
    """Nested codes: most are a child of a code already drawn."""
    codes = r.sample(roots, min(len(roots), r.randint(2, 8)))
    while len(codes) < count:
        parent = r.choice(codes)
        child = parent + "".join(r.choice("0179") for _ in range(r.randint(1, 3)))
        codes.append(child[:15])
    return sorted(set(codes))


def make_prices(r: Random) -> list[int]:
    """Few prices, so that equal costs are common; extremes so that nothing overflows unseen."""
    prices = [r.randint(1, 400) * 100_000 for _ in range(r.randint(2, 6))]
    return [*prices, *r.sample([0, 1, 999_999_999, 10**13, 10**15, 3_100_000_000, 4_300_001], 2)]


def make_rules(r: Random, kind: str) -> dict[str, Any]:
    """`kind`: plain, origin, jurisdiction, both. Empty for a plain deck."""
    rules: dict[str, Any] = {}
    if kind in ("origin", "both"):
        prefixes = r.sample(["33", "49", "4915", "331", "1", "1212", "44", "447", "7"], r.randint(1, 7))
        names = r.sample(["EEA", "UK", "World", "Bad"], r.randint(1, 4))
        groups: list[dict[str, Any]] = [{"name": name, "prefixes": []} for name in names]
        for prefix in prefixes:
            r.choice(groups)["prefixes"].append(prefix)
        surcharged = r.sample(names, r.choice([0, 0, 1, len(names)]))
        rules["origin"] = {
            "reading": r.choice(["origin_first", "code_first"]),
            "groups": groups,
            "rest_group": r.choice([None, *names]),
            "invalid_group": r.choice([None, None, *names]),
            "surcharges": [
                {"group": name, "nanos": r.choice([1, 100_000, 250_000_000])} for name in surcharged
            ],
        }
    if kind in ("jurisdiction", "both"):
        rules["jurisdiction"] = {"ij_fallback": r.choice(["max", "max", "intrastate", "interstate"])}
    return rules


def layers_of(r: Random, rules: dict[str, Any]) -> list[tuple[str | None, str | None]]:
    """The (origin, jurisdiction) pairs that this deck quotes."""
    groups = [g["name"] for g in rules["origin"]["groups"]] if "origin" in rules else []
    kinds = JURISDICTIONS if "jurisdiction" in rules else []
    origins = [None, *r.sample(groups, r.randint(0, len(groups)))]
    jurisdictions = [None, *r.sample(kinds, r.randint(2, len(kinds)) if kinds else 0)]
    pairs: list[tuple[str | None, str | None]] = [(o, j) for o in origins for j in jurisdictions]
    return r.sample(pairs, max(1, min(len(pairs), 5) - r.randint(0, 1)))


def make_deck(
    r: Random,
    deck_id: int,
    base_us: int,
    pool: list[str],
    prices: list[int],
    rules: dict[str, Any],
    unlisted: str,
    *,
    sell: bool,
) -> Row:
    """One deck as it was received; `base_us` is the hour all instants are counted from."""
    received = base_us + r.choice([-1000, -9, -6, -5, -4, -3]) * HOUR_US if deck_id == 1 else base_us
    received += 0 if deck_id == 1 else r.choice([-2, -1, 0, 1]) * HOUR_US
    currency = r.choice(["USD"] * 6 + ["EUR", "EUR", "JPY"] + ([] if sell else ["XTS"]))
    rows: list[Row] = []
    plain = r.random() < 0.6
    if rules.get("origin"):  # leaves room for a surcharge
        prices = [min(price, 10**14) for price in prices]
    pairs = layers_of(r, rules)
    for code in r.sample(pool, r.randint(0 if r.random() < 0.05 else 1, len(pool))):
        for origin, jurisdiction in pairs if r.random() < 0.8 else pairs[:1]:
            starts = r.sample(range(-3, 10), 1 if r.random() < 0.7 else 2)
            for start in starts:
                begins = received + start * HOUR_US if deck_id > 1 or start > 2 else received
                rows.append(
                    {
                        "code": code,
                        "destination": f"Dest {code[:3]}",
                        "rate_nanos": min(
                            r.choice(prices) + (r.choice([0, 5_000_000]) if sell else 0), 10**15
                        ),
                        "first_rate_nanos": None if plain or r.random() < 0.6 else r.choice(prices),
                        "connect_fee_nanos": 0 if plain else r.choice([0, 10_000_000, 1]),
                        "initial_increment": 1 if plain else r.choice([1, 6, 30, 60, 120, 86_400]),
                        "next_increment": 1 if plain else r.choice([1, 6, 7, 60]),
                        "free_seconds": 0 if plain else r.choice([0, 0, 5, 60, 200]),
                        "currency": currency,
                        "status": r.choices([0, 1, 2], [90, 6, 4])[0],
                        "effective_from": begins,
                        "effective_until": None if r.random() < 0.75 else begins + r.randint(1, 6) * HOUR_US,
                        "received_at": received,
                        "deck_id": deck_id,
                        "deck_row": len(rows) + 2,
                        "origin": origin,
                        "jurisdiction": jurisdiction,
                    }
                )
    return {
        "deck_id": deck_id,
        "received_at": received,
        "mode": r.choice(["partial", "partial", "full"]),
        "deck_from": received + r.choice([0, 0, 2, 5]) * HOUR_US,
        "unlisted": unlisted,
        "backdated": r.random() < 0.6,
        "rows": unambiguous(rows),
    }


def unambiguous(rows: list[Row]) -> list[Row]:
    """No two rows of one price from the same instant: the importer refuses those."""
    seen: dict[Any, Row] = {}
    for row in rows:
        seen.setdefault((row["code"], row["origin"], row["jurisdiction"], row["effective_from"]), row)
    return list(seen.values())


def by_rates(decks: list[Row], rules: dict[str, Any], fx: dict[str, str]) -> pa.Table:
    """The same decks through the importer's merge of clocks, deck by deck."""
    current: pa.Table | None = None
    for deck in decks:
        options = DeckOptions(
            mode=deck["mode"],
            unlisted_rule=deck["unlisted"],
            late="accept",
            backdated="accept" if deck["backdated"] else "from_receipt",
        )
        terms = Terms(deck["received_at"], deck["deck_from"], deck["deck_id"], options, fx)
        names = [name for name in schema.ROWS.names if name != "sheet"]
        columns = {n: [row["deck_row" if n == "row" else n] for row in deck["rows"]] for n in names}
        columns["sheet"] = [None] * len(deck["rows"])
        current = apply(current, pa.table(columns, schema=schema.ROWS), terms)
    assert current is not None
    return current.cast(schema.TIMELINE).replace_schema_metadata(None)
