"""Naive least-cost routing, straight from docs/decision.md: every offer, every prefix, no cleverness, integers only.

Written apart from the engine. The pieces, each within 80 lines of code (counted by a test): clocks (two clocks to one), layers (origin,
jurisdiction), match (an offer's one row), schedule, filters (verdicts), policy (order), rating (seconds to money), and this, the whole.
"""

from __future__ import annotations

from typing import Any

from tests.oracle import layers
from tests.oracle.call import Call
from tests.oracle.filters import NUMBER, out_of_credit, refuse, refused_number
from tests.oracle.layers import starts
from tests.oracle.match import comparable, next_edge
from tests.oracle.policy import draw, ids, order
from tests.oracle.schedule import next_change
from tests.oracle.worlds import World

Row = dict[str, Any]


def demotion(call: Call, offer_id: int) -> Row:
    rows = {x["code"]: x for x in call.state["demoted"] if x["offer_id"] == offer_id}
    row = rows.get(starts(call.b, rows))
    down = row is not None and row["level"] == "critical"
    trial = row is not None and down and draw(f"trial|{offer_id}|{call.seed}", 10**6) < row["trial_ppm"]
    return {"demotion": row, "demoted": down, "trial": trial}


def judged(call: Call, o: Row) -> Row:
    """One offer with its match and its verdict."""
    lrn = call.lrn if o["lrn_rated"] else None
    number, world = lrn or call.b, call.world
    a, b = call.sides(number)
    e = {"offer": o, "score": None, **call.match(o["offer_id"], number)}
    e |= {
        "j": layers.jurisdiction(world.nanp, a, b),
        "sides": (a and a["state"], b and b["state"]),
        "lrn_unknown": o["lrn_rated"] and not lrn and not call.query["npdi"],
        "keyed": "lrn" if lrn else "dialled",
        "lrn_by": call.lrn_by if o["lrn_rated"] else None,
    }
    e |= demotion(call, o["offer_id"])
    return e | {"verdict": e["verdict"] or refuse(call, o, e)}


def priced(call: Call, row: Row | None) -> int | None:
    """What the call earns: nothing without an open row."""
    return None if row is None or row["status"] else comparable(call.world, row, call.seconds)


def decide(world: World, query: Row) -> Row:
    call = Call(world, query)
    answer: Row = {
        "call": call,
        "routes": [],
        "refused": [],
        "sell": None,
        "sell_row": None,
        "valid_until": None,
        "reason": None,
    }
    if reason := refused_number(call):
        return answer | {"status": "blocked", "reason": reason}
    if reason := out_of_credit(call):
        return answer | {"status": "no_credit", "reason": reason}
    trunk, card = call.trunk, call.trunk["rate_card_id"] if call.trunk and query["sell"] is None else None
    sell_row = query["sell"] and query["sell"] | {"status": 0}
    if card is not None:
        sell_row = call.match(card, call.b)["row"]
    call.sell = priced(call, sell_row)
    entries = [judged(call, o) for o in world.offers]
    kept, refused = [], [e for e in entries if e["verdict"]]
    for e in order(call, [e for e in entries if not e["verdict"]]):
        loses = call.policy["guard"] == "loss_allowed" and (call.sell or 0) < e["c"]
        if loses and len(kept) >= call.policy["loss_first"]:
            refused.append(e | {"verdict": "profit_guard"})
        else:
            kept.append(e)
    most = (trunk and trunk["max_routes"]) or None
    k = min(query["max"] or most or 5, most or 1000)
    routes = [e | {"verdict": "selected" if n < k else "outranked"} for n, e in enumerate(kept)]
    refused.sort(key=lambda e: (NUMBER[e["verdict"]], ids(e)))
    reason = None if kept else "all_refused" if any(NUMBER[e["verdict"]] > 3 for e in refused) else "no_code"
    edges = [
        next_edge(world, o["offer_id"], (call.lrn if o["lrn_rated"] else None) or call.b, call.t)
        for o in world.offers
    ]
    edges += [
        next_edge(world, None, call.b, call.t),
        next_edge(world, card, call.b, call.t) if card is not None else None,
    ]
    edges += [next_change(o["schedule"], call.t) for o in world.offers]
    edges += [
        x
        for g in (trunk["grants"] if trunk and query["offers"] is None else [])
        for x in (g["from_us"], g["until_us"])
    ]
    return answer | {
        "status": "ok" if kept else "no_route",
        "reason": reason,
        "routes": routes[:k],
        "refused": routes[k:] + refused,
        "sell": call.sell,
        "sell_row": None if sell_row is None or sell_row["status"] else sell_row,
        "valid_until": min((x for x in edges if x is not None and x > call.t), default=None),
    }
