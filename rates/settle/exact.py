"""Rounding of exact integers. Nothing else in this package rounds."""

from __future__ import annotations

from typing import Final

NANOS: Final = 1_000_000_000
MINOR_PLACES: Final = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "XOF": 0, "XAF": 0, "UGX": 0, "KWD": 3, "BHD": 3, "OMR": 3,
                       "TND": 3, "JOD": 3, "IQD": 3, "LYD": 3}  # fmt: skip
"""Decimals of a currency's smallest coin where they are not 2."""


def divide(numerator: int, denominator: int) -> int:
    """Half away from zero; `denominator` > 0."""
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


def to_places(nanos: int, places: int) -> int:
    """Nanos rounded to `places` decimals (0–9), half away from zero."""
    step: int = 10 ** (9 - places)
    return divide(nanos, step) * step


def to_minor(nanos: int, currency: str) -> int:
    """An invoice line in its currency's smallest coin: the exact sum of its calls, rounded once."""
    return to_places(nanos, MINOR_PLACES.get(currency, 2))


def convert(nanos: int, fx_from_nanos: int, fx_to_nanos: int) -> int:
    """An amount in another currency; `fx_*`: nanos of the base currency for one unit of each, of the day of the call."""
    return divide(nanos * fx_from_nanos, fx_to_nanos)
