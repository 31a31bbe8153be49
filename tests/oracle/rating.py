"""Seconds to money, straight from docs/decision.md 3 and 7 with `decimal`; shares no line with the engine.

A row or terms object is a dict with the words of the timeline columns; missing words have their defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from typing import Any

EXACT = Context(prec=60)
MODES = {"half_up": ROUND_HALF_UP, "up": ROUND_CEILING, "down": ROUND_DOWN, "half_even": ROUND_HALF_EVEN}
SECONDS = {"up": ROUND_CEILING, "nearest": ROUND_HALF_UP, "down": ROUND_FLOOR}


def billed_seconds(row: Mapping[str, Any], d: int) -> int:
    """Seconds charged for `d` whole seconds: first increment, then whole next increments."""
    n, m = row.get("initial_increment", 1), row.get("next_increment", 1)
    if d == 0 or d <= row.get("free_seconds", 0):
        return 0
    return int(n if d <= n else n + -(-(d - n) // m) * m)


def price60(row: Mapping[str, Any], billed: int) -> int:
    """Sixty times the amount in nanos of the row's currency; 0 when nothing is billed."""
    rate, n = row["rate_nanos"], row.get("initial_increment", 1)
    first = rate if row.get("first_rate_nanos") is None else row["first_rate_nanos"]
    return int(60 * row.get("connect_fee_nanos", 0) + first * n + rate * (billed - n)) if billed else 0


def rate_call(terms: Mapping[str, Any], duration_ms: int, rounding: Mapping[str, Any]) -> tuple[int, int]:
    """(billed seconds, amount in nanos), the amount by decimal arithmetic and one rounding."""
    whole = Decimal(duration_ms).scaleb(-3).quantize(Decimal(1), SECONDS[rounding.get("seconds", "up")])
    billed = billed_seconds(terms, int(whole))
    if billed == 0:
        return 0, 0
    rate = Decimal(terms["rate_nanos"]).scaleb(-9)
    first = terms.get("first_rate_nanos")
    n = terms.get("initial_increment", 1)
    first_rate = rate if first is None else Decimal(first).scaleb(-9)
    # Multiply before the one division, so that nothing is cut off before the one rounding.
    money = EXACT.add(EXACT.multiply(first_rate, Decimal(n)), EXACT.multiply(rate, Decimal(billed - n)))
    money = EXACT.add(money, Decimal(terms.get("connect_fee_nanos", 0)).scaleb(-9) * 60)
    mode = rounding.get("mode", "half_up")
    places = 9 if mode == "none" else rounding.get("places", 6)
    return billed, int(round_sixtieth(money, places, MODES.get(mode, ROUND_HALF_UP)).scaleb(9))


def round_sixtieth(money60: Decimal, places: int, mode: str) -> Decimal:
    """`money60 / 60` rounded once to `places`.

    The quotient of a finite decimal by 60 ends or repeats one digit, so 60 digits decide every tie: a
    quotient that is exactly a tie ends, and any other differs from it within the first digits.
    """
    return EXACT.divide(money60, Decimal(60)).quantize(Decimal(1).scaleb(-places), mode, context=EXACT)
