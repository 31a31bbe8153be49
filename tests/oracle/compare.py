"""The engine's Decision and the oracle's answer, brought to one comparable shape."""

from __future__ import annotations

from datetime import datetime
from typing import Any

Shape = dict[str, Any]


def nanos(text: str | None) -> int | None:
    """Whole nanos of a plain decimal string; anything else (exponent, more than nine places) is a fault."""
    if text is None:
        return None
    whole, _, part = text.partition(".")
    if not (whole.isdigit() and len(part) <= 9 and (part.isdigit() or not part)):
        raise AssertionError(f"{text!r} is not a plain decimal of at most nine places")
    if part.endswith("0") and len(part) > 4:
        raise AssertionError(f"{text!r} is not the shortest exact form")
    return int(whole + part.ljust(9, "0"))


def micros(text: str | None) -> int | None:
    """Microseconds since the epoch of `2026-11-21T05:00:00.000000Z`."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    assert text.endswith("Z"), text
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * 1_000_000 + moment.microsecond


def half_up(top: int, bottom: int) -> int:
    return (2 * top + bottom) // (2 * bottom)


def of_engine(decision: dict[str, Any], *, explain: bool) -> Shape:
    """What of the engine's answer must be equal."""
    sell = decision["sell"]
    shape: Shape = {
        "status": decision["status"],
        "reason": decision["reason"],
        "valid_until": micros(decision["valid_until"]),
        "sell": None if sell is None else nanos(sell["eff"]),
        "routes": [
            (
                r["rank"],
                r["offer"],
                r["code"],
                nanos(r["rate"]),
                nanos(r["eff"]),
                nanos(r["score"]),
                r["deck_row"],
            )
            for r in decision["routes"]
        ],
    }
    if explain:
        shape["explain"] = [
            (
                e["offer"],
                e["verdict"],
                e["rank"],
                e["code"],
                e["shadowed"],
                e["billed_seconds"],
                nanos(e["eff"]),
                nanos(e["amount"]),
                nanos(e["score"]),
                e["deck_row"],
            )
            for e in decision["explain"]
        ]
    return shape


def of_oracle(answer: dict[str, Any], *, explain: bool) -> Shape:
    """The same of the oracle's answer."""
    d = answer["d"]
    sell = answer["sell"]
    shape: Shape = {
        "status": answer["status"],
        "reason": answer["reason"],
        "valid_until": answer["valid_until"],
        "sell": None if sell is None else half_up(sell, d * 10**9),
        "routes": [
            (
                rank,
                *_head(e),
                e["row"]["rate_nanos"],
                half_up(e["c"], d * 10**9),
                e["score"],
                e["row"]["deck_row"],
            )
            for rank, e in enumerate(answer["routes"], 1)
        ],
    }
    if explain:
        shape["explain"] = [_explained(e, rank, d) for rank, e in enumerate(answer["routes"], 1)]
        shape["explain"] += [_explained(e, None, d) for e in answer["refused"]]
    return shape


def _head(e: dict[str, Any]) -> tuple[int, str | None]:
    return e["offer"]["offer_id"], e["row"]["code"] if e["row"] else None


def _explained(e: dict[str, Any], rank: int | None, d: int) -> tuple[Any, ...]:
    offer, code = _head(e)
    priced = e["row"] is not None and e["c"] is not None
    return (
        offer,
        e["verdict"],
        rank,
        code,
        e["shadowed"],
        e["billed"],
        half_up(e["c"], d * 10**9) if priced else None,
        half_up(e["c"], 60 * 10**9) if priced else None,
        e["score"],
        e["row"]["deck_row"] if e["row"] else None,
    )
