"""What a question really turned on, told from the oracle's answer: how a share of a million questions is known to test something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.oracle.call import Call
from tests.oracle.match import candidates, covers
from tests.oracle.worlds import World

Row = dict[str, Any]
STATE_VERDICTS = {
    "destination_blocked",
    "vendor_credit",
    "cap_reached",
    "channels_full",
    "cps_full",
}


def features(world: World, answer: Row) -> set[str]:
    """Names of all that this question met."""
    call: Call = answer["call"]
    found = {f"status {answer['status']}", f"policy {call.policy['kind']}"}
    found |= {name for e in answer["routes"] + answer["refused"] for name in _of_offer(world, call, e)}
    if answer["reason"] in ("blocked_codes", "closed_codes"):
        found.add("number blocked")
    if answer["reason"] in ("company", "trunk"):
        found.add("customer without credit")
    if answer["sell_row"] and call.policy["guard"] != "off":
        found.add("guard with a sell price")
    if call.mix:
        found.add("duration mix")
    if call.query["state"]:
        found.add("state given")
    a, b = call.sides(call.b)
    if a and b:
        found.add("both sides in known number blocks")
    if world.nanp and call.b[:8] in world.nanp["blocks"]:
        found.add("thousand block")
    if world.tables:
        found.add("clocks merged by the importer")
    return found


def _of_offer(world: World, call: Call, e: Row) -> Iterator[str]:
    offer, row = e["offer"], e["row"]
    yield f"verdict {e['verdict']}"
    if e["verdict"] in STATE_VERDICTS or (
        e["verdict"] == "disabled" and offer["offer_id"] in call.state["disabled_offers"]
    ):
        yield "refused by the state"
    if e["demoted"]:
        yield "demoted, on trial" if e["trial"] else "demoted"
    if any(
        q["offer_id"] == offer["offer_id"] and call.b.startswith(q["code"]) for q in call.state["quality"]
    ):
        yield "quality of the state"
    if e["lrn_by"]:
        yield f"LRN by {e['lrn_by']}"
    if e["keyed"] == "lrn" and row:
        yield "matched by the LRN"
    if e["origin"]:
        yield f"origin, {e['origin']['reading']}"
        yield "origin unknown" if e["origin"]["unknown"] else "origin known"
        if e["origin"]["surcharge"]:
            yield "origin surcharge"
    if row is None:
        return
    if e["shadowed"]:
        yield "nested codes"
    if row["jurisdiction"]:
        yield f"jurisdiction {e['j']}"
    if row["origin"]:
        yield "row of an origin group"
    if row["effective_until"] is not None:
        yield "row that ends"
    if row["deck_id"] > 1:
        yield "row of a later deck"
    if offer["schedule"]:
        yield "schedule"
    number = (call.lrn if offer["lrn_rated"] else None) or call.b
    rows = candidates(world, offer["offer_id"], number)
    if any(r["effective_from"] > call.t and len(r["code"]) >= len(row["code"]) for r in rows):
        yield "pending row that does not count yet"
    ended = [r for r in rows if r["effective_until"] is not None and r["effective_until"] <= call.t]
    if any(len(r["code"]) >= len(row["code"]) for r in ended):
        yield "ended row that no longer counts"
    same = [r for r in rows if r["code"] == row["code"] and r["deck_id"] != row["deck_id"]]
    if any(not covers(r["effective_from"], r["effective_until"], call.t) for r in same):
        yield "two clocks: an earlier deck's row gave way, or a later one's waits"


# Each of these must decide at least one question in a hundred, else the millions say nothing about it.
WANTED = (
    "nested codes",
    "row of a later deck",
    "two clocks: an earlier deck's row gave way, or a later one's waits",
    "clocks merged by the importer",
    "pending row that does not count yet",
    "ended row that no longer counts",
    "row that ends",
    "number blocked",
    "verdict blocked",
    "verdict closed",
    "verdict not_yet_effective",
    "verdict expired",
    "verdict no_match",
    "verdict disabled",
    "verdict destination_blocked",
    "verdict not_granted",
    "verdict loop",
    "verdict class",
    "verdict not_exclusive",
    "verdict cli",
    "verdict signature",
    "verdict number_length",
    "verdict schedule",
    "verdict no_fx",
    "verdict vendor_credit",
    "verdict cap_reached",
    "verdict channels_full",
    "verdict cps_full",
    "verdict quality_floor",
    "verdict max_cost",
    "verdict profit_guard",
    "verdict outranked",
    "verdict selected",
    "refused by the state",
    "state given",
    "customer without credit",
    "demoted",
    "demoted, on trial",
    "quality of the state",
    "schedule",
    "duration mix",
    "guard with a sell price",
    "origin, origin_first",
    "origin, code_first",
    "origin known",
    "origin unknown",
    "origin surcharge",
    "row of an origin group",
    "jurisdiction interstate",
    "jurisdiction intrastate",
    "jurisdiction indeterminate",
    "jurisdiction local",
    "both sides in known number blocks",
    "thousand block",
    "matched by the LRN",
    "LRN by query",
    "LRN by file",
    *(f"policy {kind}" for kind in ("cost", "quality", "priority", "cost_delta", "score", "percentage")),
)
