"""Call records and their billing, written out in a test."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from rates.records.attempt import Attempt
from rates.settle.rate import Rated, Rounding, rate
from rates.settle.tariff import Tariffs
from tests.named.tiny import nanos, row
from tests.oracle.worlds import timeline

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def us(text: str) -> int:
    """Microseconds of an instant written as UTC."""
    return (dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC) - EPOCH) // dt.timedelta(microseconds=1)


def call(answered: str | int, ms: int, dnis: str = "442079460000", **more: Any) -> Attempt:
    """An answered call of `ms`; set up two seconds before."""
    at = us(answered) if isinstance(answered, str) else answered
    words: dict[str, Any] = {
        "source": "sw1", "call_id": f"c{at}", "setup_us": at - 2_000_000, "ringing_us": at - 1_000_000, "answer_us": at,
        "end_us": at + ms * 1000, "duration_ms": ms, "sip_code": 200, "dnis": dnis,
    }  # fmt: skip
    return Attempt(**(words | more))


def missed(setup: str, code: int, *, ringing_ms: int | None = None, **more: Any) -> Attempt:
    at = us(setup)
    ringing = None if ringing_ms is None else at + ringing_ms * 1000
    words: dict[str, Any] = {
        "source": "sw1", "call_id": f"c{at}", "setup_us": at, "ringing_us": ringing, "sip_code": code, "dnis": "442079460000",
    }  # fmt: skip
    return Attempt(**(words | more))


def deck_of(*rows: dict[str, Any]) -> Any:
    return timeline(list(rows))


def from_(instant: str, code: str, per_minute: str, terms: str = "1/1", **more: Any) -> dict[str, Any]:
    """A deck row in force from an instant, as UTC."""
    return row(code, per_minute, terms, effective_from=us(instant), received_at=us("2020-01-01")) | more


def tariffs(root: Path, at: str = "2025-01-01", **decks: Any) -> Tariffs:
    """`cost` is timeline 1, `sell` timeline 2."""
    numbers = {"cost": 1, "sell": 2}
    return Tariffs.build(root, {numbers[name]: table for name, table in decks.items()}, at_us=us(at))


def bill(tariff: Tariffs, record: Attempt, number: int = 1, rounding: Rounding | None = None) -> Rated:
    match = tariff.match(number, record)
    assert match is not None, "no row prices this call"
    return rate(record, match, rounding)


def money(text: str) -> int:
    return nanos(text)
