"""What people read of an explanation: filters, arithmetic, digits, layers."""

from __future__ import annotations

from typing import Any

from app.routing.explained import (
    arithmetic,
    as_of,
    digits,
    filters,
    hunting,
    layer,
    matched_number,
    quality_state,
)

ANSWER: dict[str, Any] = {"b": "17185550123", "lrn": "19735550000", "currency": "USD"}


def row(**changes: Any) -> dict[str, Any]:
    cost = {
        "seconds": 61, "initial_increment": 30, "next_increment": 6, "free_seconds": 0, "connect_fee": "0.01",
        "first_rate": "0.02", "rate": "0.01", "currency": "EUR", "fx": "1.08", "billed_seconds": 66, "amount": "0.026",
        "mix": None,
    }  # fmt: skip
    return {
        "verdict": "selected", "code": "1973", "shadowed": ["19", "1"], "amount": "0.02808", "eff": "0.02762",
        "cost": cost, "origin": None, "jurisdiction": None, "effective_from": "2026-11-01T00:00:00.000000Z",
        "effective_until": None, "deck_id": 5, "deck_row": 17,
    } | changes  # fmt: skip


def test_filters_behind_the_one_that_failed_are_not_looked_at() -> None:
    states = {f.name: f.state for f in filters(row(verdict="class"))}
    assert states["granted"] == "passed"
    assert states["class"] == "failed"
    assert states["profit guard"] == "not looked at"
    assert {f.state for f in filters(row())} == {"passed"}
    assert filters(row(verdict="expired"))[0].state == "failed"


def test_the_cost_is_shown_step_by_step() -> None:
    assert arithmetic(ANSWER, row()) == [
        "61 s at 30/6: 66 s billed",
        "0.01 + 0.02 × 30/60 + 0.01 × 36/60 = 0.026 EUR",
        "0.026 × 1.08 = 0.02808 USD",
        "÷ 61 s × 60 = 0.02762 USD a minute",
    ]
    assert arithmetic(ANSWER, row(verdict="blocked")) == []


def test_digits_are_of_the_number_that_was_matched() -> None:
    keyed = {
        "is": "interstate",
        "a_state": "NY",
        "b_state": "NJ",
        "keyed": "lrn",
        "lrn_unknown": False,
        "lrn_by": "file",
    }
    matched = matched_number(ANSWER, row(jurisdiction=keyed))
    assert matched == "19735550000"
    assert [kind for _, kind in digits(matched, row())][:5] == ["shadow", "shadow", "hit", "hit", ""]
    assert layer(row(jurisdiction=keyed)) == ["interstate (NY → NJ), keyed by the LRN, LRN by file"]
    assert as_of(row()) == "from 2026-11-01 00:00, deck 5 row 17"


def test_a_demoted_vendor_says_so_and_what_share_of_calls_tries_it() -> None:
    held = {"code": "44", "level": "critical", "trial_ppm": 20_000, "trial": True}
    words = "critical below 44: behind all others, tried for 2 % of calls"
    assert quality_state(row(demoted=held)) == f"{words}, this one among them"
    assert quality_state(row(demoted=held | {"trial": False})) == words
    assert quality_state(row(demoted=held | {"level": "warn", "trial": False})) == "warn below 44"
    assert quality_state(row(demoted=None)) == ""


def test_a_route_says_how_the_next_one_is_come_to() -> None:
    route = {
        "offer": 7,
        "timeout_ms": 6000,
        "no_reply_ms": 1500,
        "ringing_ms": None,
        "hunt_stop": [486, 600],
        "hunt_next": None,
    }
    answer = ANSWER | {"routes": [route]}
    assert hunting(answer, row(offer=7)) == "waits 6 s in all, waits 1.5 s to a first reply, stops at 486 600"
    assert hunting(answer, row(offer=8)) == ""


def test_the_origin_says_group_prefix_reading_and_surcharge() -> None:
    origin = {"group": "Rest", "prefix": None, "reading": "code_first", "unknown": True, "surcharge": "0.25"}
    assert layer(row(origin=origin)) == ["origin Rest, code first, surcharge 0.25, caller unknown"]
