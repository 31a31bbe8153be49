"""The verdicts on one offer, in the order of docs/decision.md 4."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.oracle.call import Call
from tests.oracle.layers import starts
from tests.oracle.match import covers
from tests.oracle.policy import figures
from tests.oracle.schedule import is_open

Entry = dict[str, Any]
NUMBER = {
    "not_yet_effective": 1,
    "expired": 2,
    "no_match": 3,
    "blocked": 4,
    "closed": 4,
    "disabled": 5,
    "destination_blocked": 6,
    "not_granted": 7,
    "loop": 8,
    "class": 9,
    "not_exclusive": 10,
    "cli": 11,
    "signature": 12,
    "number_length": 13,
    "schedule": 14,
    "no_fx": 15,
    "vendor_credit": 16,
    "cap_reached": 17,
    "channels_full": 18,
    "cps_full": 18,
    "quality_floor": 19,
    "max_cost": 20,
    "profit_guard": 21,
}
FLOORS = {"asr": "floor_asr_ppm", "acd": "floor_acd_ms", "ner": "floor_ner_ppm", "mos": "floor_mos_milli"}


def granted(call: Call, offer_id: int) -> bool:
    if call.query["offers"] is not None:
        return call.query["offers"] == "all" or offer_id in call.query["offers"]
    if call.trunk is None:
        return True
    return any(
        g["offer_id"] == offer_id and covers(g["from_us"], g["until_us"], call.t)
        for g in call.trunk["grants"]
    )


def below_floor(call: Call, offer_id: int) -> bool:
    p = call.policy
    asked = any(p.get(word) is not None for word in [*FLOORS.values(), "ceiling_pdd_ms"])
    if not asked:
        return False
    found = figures(call, offer_id)
    below = any(
        p.get(w) is not None and found[n] is not None and found[n] < p[w]  # type: ignore[operator]
        for n, w in FLOORS.items()
    )
    ceiling, pdd = p.get("ceiling_pdd_ms"), found["pdd"]
    return below or (ceiling is not None and pdd is not None and pdd > ceiling)


def losing(call: Call, c: int) -> bool:
    """Whether the profit guard refuses this cost outright."""
    p, sell = call.policy, call.sell
    if p["guard"] == "off":
        return False
    if sell is None:
        return True
    gain = sell - c
    if p["guard"] == "no_loss":
        return gain < 0
    if p["guard"] == "loss_allowed":
        return bool(-gain > p["loss_nanos"] * call.D * 10**9)
    enough = gain >= p["min_abs_nanos"] * call.D * 10**9 and gain * 10**6 >= p["min_pct_ppm"] * sell
    return not enough


def reasons(call: Call, o: Entry, e: Entry) -> Iterator[tuple[str, bool]]:
    """Every filter with what it says, lazily."""
    p, state, trunk, i = call.policy, call.state, call.trunk, o["offer_id"]
    yield "blocked", e["row"]["status"] == 1
    yield "closed", e["row"]["status"] == 2
    yield "disabled", not o["enabled"] or i in state["disabled_offers"]
    yield (
        "destination_blocked",
        any(x["offer_id"] == i and call.b.startswith(x["code"]) for x in state["blocks"]),
    )
    yield "not_granted", not granted(call, i)
    yield (
        "loop",
        trunk is not None and o["carrier_id"] in (trunk["company_id"], *trunk["never_carriers"]),
    )
    yield "class", p.get("classes") is not None and o["class"] not in p["classes"]
    yield "not_exclusive", p.get("only_offers") is not None and i not in p["only_offers"]
    yield "cli", bool(p.get("need_cli")) and not o["keeps_cli"]
    yield "signature", bool(p.get("need_signature")) and not o["keeps_identity"]
    yield "number_length", not o["min_digits"] <= len(call.b) <= o["max_digits"]
    yield "schedule", not is_open(o["schedule"], call.t)
    yield "no_fx", e["c"] is None
    yield "vendor_credit", o["carrier_id"] in state["vendor_credit_out"]
    yield "cap_reached", i in state["cap_reached"]
    yield "channels_full", i in state["channels_full"]
    yield "cps_full", i in state["cps_full"]
    yield "quality_floor", below_floor(call, i)
    limit = p.get("max_cost_nanos")
    yield "max_cost", limit is not None and e["c"] > limit * call.D * 10**9
    yield "profit_guard", losing(call, e["c"])


def refuse(call: Call, o: Entry, e: Entry) -> str | None:
    return next((verdict for verdict, applies in reasons(call, o, e) if applies), None)


def refused_number(call: Call) -> str | None:
    """Number blocks: the longest code wins between the lists, a tie refuses."""
    trunk, b = call.trunk, call.b
    blocked = len(starts(b, trunk["blocked_codes"])) if trunk else 0
    opened = len(starts(b, trunk["opened_codes"])) if trunk else 0
    closed = len(starts(b, call.world.closed_codes))
    if blocked and blocked >= opened:
        return "blocked_codes"
    return "closed_codes" if closed > opened else None


def out_of_credit(call: Call) -> str | None:
    trunk, state = call.trunk, call.state
    if trunk and trunk["company_id"] in state["company_credit_out"]:
        return "company"
    return "trunk" if trunk and trunk["trunk_id"] in state["trunk_credit_out"] else None
