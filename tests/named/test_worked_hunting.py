"""Worked example H of the domain reference, and the case 486 then 503 then 404."""

from __future__ import annotations

import json
from typing import Any

import lcr_core


def hunt(*attempts: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lcr_core.hunt(json.dumps(attempts)))
    return found


def test_h_a_hunted_call_is_one_call_for_the_customer_and_one_seizure_for_each_vendor() -> None:
    found = hunt(
        {"vendor": "V2", "code": 503, "ended_ms": 400},
        {"vendor": "V1", "code": 480, "q850": 19, "ringing_ms": 2_100, "ended_ms": 47_100},
        {"vendor": "V3", "code": 200, "ringing_ms": 100, "ended_ms": 200},
    )
    assert found["customer"] == {
        "calls": 1, "answered": 0, "pdd_ms": 2_500, "final_code": 480, "billable": False,
    }  # fmt: skip
    assert found["vendors"] == [
        {"vendor": "V2", "seizures": 1, "answered": 0, "effective": 0, "step": "next"},
        {"vendor": "V1", "seizures": 1, "answered": 0, "effective": 1, "step": "stop"},
    ]


def test_case_18_busy_stops_congestion_goes_on_and_an_unknown_number_goes_on_once() -> None:
    busy = {"vendor": "A", "code": 486, "ended_ms": 100}
    congested = {"vendor": "B", "code": 503, "ended_ms": 100}
    unknown = {"vendor": "C", "code": 404, "ended_ms": 100}
    assert [v["vendor"] for v in hunt(busy, congested, unknown)["vendors"]] == ["A"]
    found = hunt(congested, unknown, unknown | {"vendor": "D"}, busy)
    assert [(v["vendor"], v["step"]) for v in found["vendors"]] == [
        ("B", "next"),
        ("C", "next_once"),
        ("D", "stop"),
    ]
    assert found["customer"]["final_code"] == 404
