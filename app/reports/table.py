"""A report: fixed columns, and rows that are made while they are written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from typing import Any

NO_DATA = "no data"


class Kind(Enum):
    """What a cell holds, and so how it is written."""

    TEXT = "text"  # str
    CODE = "code"  # str of digits: never a number in a spreadsheet
    NANOS = "nanos"  # int, 10⁻⁹ of a unit
    PPM = "ppm"  # int, millionths; written as a percentage
    COUNT = "count"  # int
    FIGURE = "figure"  # Decimal; None is "no data" (empty denominator), not an empty cell
    INSTANT = "instant"  # aware datetime, UTC


@dataclass(frozen=True, slots=True)
class Column:
    """`wide`: left out on the page's table where room is short, never in a file."""

    title: str
    kind: Kind
    wide: bool = False


Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """`rows` may be read once. `name` becomes part of the file's name; `note` says what was asked, in words."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Iterator[Row]
    note: str = ""


def decimal_text(nanos: int, places: int = 4) -> str:
    """Exact decimal of nanos with at least `places` decimals."""
    whole, part = divmod(abs(nanos), 1_000_000_000)
    return f"{'-' if nanos < 0 else ''}{whole}.{f'{part:09d}'.rstrip('0').ljust(places, '0')}"


def percent_text(ppm: int) -> str:
    """Millionths as a percentage with two decimals, half-up: 123456 → 12.35."""
    return f"{(Decimal(ppm) / 10_000).quantize(Decimal('0.01'), ROUND_HALF_UP):f}"


def instant_text(instant: datetime) -> str:
    """2026-11-21T05:00:00Z; the fraction only where there is one."""
    text = instant.replace(tzinfo=None).isoformat(
        timespec="microseconds" if instant.microsecond else "seconds"
    )
    return text + "Z"


def cell_text(kind: Kind, value: Any) -> str:
    """A cell as text, exact and without any decoration."""
    if value is None:
        return NO_DATA if kind is Kind.FIGURE else ""
    if kind is Kind.NANOS:
        return decimal_text(value)
    if kind is Kind.PPM:
        return percent_text(value)
    if kind is Kind.INSTANT:
        return instant_text(value)
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def ratio(numerator: int, denominator: int, places: int, scale: int = 1) -> Decimal | None:
    """numerator·scale/denominator, half-up; None for an empty denominator."""
    if not denominator:
        return None
    return (Decimal(numerator * scale) / denominator).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
