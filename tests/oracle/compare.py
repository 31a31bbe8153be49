"""The engine's Decision and the oracle's answer, brought to one comparable shape."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from tests.oracle.rating import billed_seconds, price60

Shape = dict[str, Any]


@cache
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


@cache
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


# -- what the engine said ----------------------------------------------------------------------------------------------


def of_engine(decision: dict[str, Any], *, explain: bool) -> Shape:
    """What of the engine's answer must be equal."""
    sell = decision["sell"]
    shape: Shape = {
        "status": decision["status"],
        "reason": decision["reason"],
        "valid_until": micros(decision["valid_until"]),
        "sell": None if sell is None else (sell["code"], nanos(sell["rate"]), nanos(sell["eff"])),
        "d": decision["reference_seconds"],
        "state": decision["state"],
        "mix": decision["mix"],
        "routes": [
            (
                r["rank"],
                r["offer"],
                r["code"],
                nanos(r["rate"]),
                nanos(r["first_rate"]),
                nanos(r["eff"]),
                nanos(r["score"]),
                r["deck_row"],
                r["demoted"],
                r["trial"],
                _origin(r["origin"]),
                r["jurisdiction"],
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
                micros(e["effective_from"]),
                micros(e["effective_until"]),
                e["demoted"],
                _origin(e["origin"]),
                e["jurisdiction"],
            )
            for e in decision["explain"]
        ]
    return shape


def _origin(found: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if found is None else found | {"surcharge": nanos(found["surcharge"])}


# -- what the oracle says -----------------------------------------------------------------------------------------------


def of_oracle(answer: dict[str, Any], *, explain: bool) -> Shape:
    """The same of the oracle's answer."""
    call, row = answer["call"], answer["sell_row"]
    sell = answer["sell"]
    shape: Shape = {
        "status": answer["status"],
        "reason": answer["reason"],
        "valid_until": answer["valid_until"],
        "sell": None
        if row is None
        else (row["code"], row["rate_nanos"], None if sell is None else half_up(sell, call.D * 10**9)),
        "d": call.d,
        "state": call.state["generation"],
        "mix": call.mix,
        "routes": [_route(call, rank, e) for rank, e in enumerate(answer["routes"], 1)],
    }
    if explain:
        shape["explain"] = [_explained(call, e, rank) for rank, e in enumerate(answer["routes"], 1)]
        shape["explain"] += [_explained(call, e, None) for e in answer["refused"]]
    return shape


def _route(call: Any, rank: int, e: dict[str, Any]) -> tuple[Any, ...]:
    row = e["row"]
    first = row["first_rate_nanos"]
    return (
        rank,
        e["offer"]["offer_id"],
        row["code"],
        row["rate_nanos"],
        row["rate_nanos"] if first is None else first,
        half_up(e["c"], call.D * 10**9),
        e["score"],
        row["deck_row"],
        e["demoted"],
        e["trial"],
        e["origin"],
        _jurisdiction(call, e),
    )


def _jurisdiction(call: Any, e: dict[str, Any]) -> dict[str, Any] | None:
    offer = e["offer"]
    if not (offer["lrn_rated"] or call.world.has_jurisdictions(offer["offer_id"])):
        return None
    states = {"a_state": e["sides"][0], "b_state": e["sides"][1]}
    keyed = {name: e[name] for name in ("keyed", "lrn_unknown", "lrn_by")}
    return {"is": e["j"], **states, **keyed}


def _explained(call: Any, e: dict[str, Any], rank: int | None) -> tuple[Any, ...]:
    row, down = e["row"], e["demotion"]
    billed = billed_seconds(row, call.d) if row else 0
    priced = row is not None and e["c"] is not None
    amount = price60(row, billed) * call.world.fx[row["currency"]] if priced else 0
    return (
        e["offer"]["offer_id"],
        e["verdict"],
        rank,
        row and row["code"],
        e["shadowed"],
        billed if row else None,
        half_up(e["c"], call.D * 10**9) if priced else None,
        half_up(amount, 60 * 10**9) if priced else None,
        e["score"],
        row and row["deck_row"],
        row and row["effective_from"],
        row and row["effective_until"],
        down and {word: down[word] for word in ("code", "level", "trial_ppm")} | {"trial": e["trial"]},
        e["origin"],
        _jurisdiction(call, e),
    )


def of_batch(answer: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The oracle's answer as the rows of `decide_many` without the call's number."""
    call, row, sell = answer["call"], answer["sell_row"], answer["sell"]
    status = answer["reason"] if answer["status"] == "no_route" else answer["status"]
    earned = None if row is None or sell is None else half_up(sell, call.D * 10**9)
    earned = fitting(earned)
    return [
        (
            status,
            rank,
            e["offer"]["offer_id"],
            e["row"]["code"],
            fitting(half_up(e["c"], call.D * 10**9)),
            e["row"]["deck_row"],
            earned,
        )
        for rank, e in enumerate(answer["routes"], 1)
    ] or [(status, None, None, None, None, None, earned)]


def fitting(nanos: int | None) -> int | None:
    """A figure beyond 64 bits has no place in a column."""
    return None if nanos is None or nanos >= 2**63 else nanos


def differences(found: Shape, expected: Shape) -> str:
    """The first places where they part, to be read by a person."""
    lines = []
    for word in expected:
        if isinstance(expected[word], list) and len(expected[word]) == len(found[word]):
            pairs = zip(found[word], expected[word], strict=True)
            lines += [f"{word}: engine {a}\n{' ' * len(word)}  oracle {b}" for a, b in pairs if a != b][:2]
        elif found[word] != expected[word]:
            lines.append(f"{word}: engine {found[word]}\n{' ' * len(word)}  oracle {expected[word]}")
    return "\n".join(lines)
