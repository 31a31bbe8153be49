"""Naive least-cost routing, straight from docs/decision.md: every offer, every prefix, no cleverness, integers only.

Written apart from the engine and kept to 80 lines of code (counted by a test), hence the long lines.
"""

# ruff: noqa: C408, E501, E701, E704, RET, SIM
# fmt: off
from tests.oracle.rating import billed_seconds, price60

POLICY = dict(kind="cost", prior_ppm=500_000, min_attempts=30, min_answered=20, min_pdd=10, min_mos=10, guard="off", min_abs_nanos=0, min_pct_ppm=0, loss_nanos=0, loss_first=0)
NUMBER = {"not_yet_effective": 1, "expired": 2, "no_match": 3, "blocked": 4, "closed": 4, "disabled": 5, "not_granted": 6, "loop": 7, "class": 8, "no_fx": 9, "quality_floor": 10, "max_cost": 11, "profit_guard": 12}
FIGURES = {"asr": ("answered", "attempts", "min_attempts", 10**6), "ner": ("effective", "attempts", "min_attempts", 10**6), "acd": ("talk_ms", "answered", "min_answered", 1), "pdd": ("pdd_ms_sum", "pdd_samples", "min_pdd", 1), "mos": ("mos_milli_sum", "mos_samples", "min_mos", 1)}
FLOORS = {"asr": "floor_asr_ppm", "acd": "floor_acd_ms", "ner": "floor_ner_ppm", "mos": "floor_mos_milli"}

def prefixes(number): return [number[:i] for i in range(len(number), 0, -1)]  # longest first
def covers(start, end, t): return (start is None or start <= t) and (end is None or t < end)
def longest(number, codes): return max((len(p) for p in prefixes(number) if p in codes), default=0)
def valid(rows, t): return [r for r in rows if covers(r["effective_from"], r["effective_until"], t)]
def ids(e): return (e["offer"]["carrier_id"], e["offer"]["offer_id"])

def comparable(row, d, fx):
    billed = billed_seconds(row, d)
    return None if fx.get(row["currency"]) is None else price60(row, billed) * fx[row["currency"]], billed

def figures(world, offer, number, p):
    found = {}
    for name, (top, bottom, least, scale) in FIGURES.items():
        rows = [r for c in prefixes(number) if (r := world.quality.get((offer, c))) and r[bottom] >= p[least]]
        found[name] = rows[0][top] * scale // rows[0][bottom] if rows else None
    return found

def score(p, c, c_min, q):
    def part(name, figure): return 0 if not (w := p.get(f"w_{name}_ppm", 0) * 1000) else w * p["prior_ppm"] // 10**6 if q[name] is None else figure(w, q[name])
    return ((p.get("w_cost_ppm", 0) * 1000 * c_min // c if c else p.get("w_cost_ppm", 0) * 1000)
        + part("asr", lambda w, f: w * min(f, p["asr_target_ppm"]) // p["asr_target_ppm"]) + part("acd", lambda w, f: w * min(f, p["acd_target_ms"]) // p["acd_target_ms"])
        + part("ner", lambda w, f: w * f // 10**6) + part("pdd", lambda w, f: w * max(0, p["pdd_max_ms"] - f) // p["pdd_max_ms"]))

def granted(o, q, trunk, t):
    if q["offers"] is not None: return q["offers"] == "all" or o["offer_id"] in q["offers"]
    return not trunk or any(g["offer_id"] == o["offer_id"] and covers(g["from_us"], g["until_us"], t) for g in trunk["grants"])

# The first verdict of 5-12 that applies, or None.
def refuse(world, o, t, q, trunk, p, c, sell, d):
    if not o["enabled"]: return "disabled"
    if not granted(o, q, trunk, t): return "not_granted"
    if trunk and o["carrier_id"] in [trunk["company_id"], *trunk["never_carriers"]]: return "loop"
    if p.get("classes") is not None and o["class"] not in p["classes"]: return "class"
    if c is None: return "no_fx"
    f = figures(world, o["offer_id"], q["dnis"], p)
    if any(p.get(word) is not None and f[name] is not None and f[name] < p[word] for name, word in FLOORS.items()): return "quality_floor"
    if p.get("ceiling_pdd_ms") is not None and f["pdd"] is not None and f["pdd"] > p["ceiling_pdd_ms"]: return "quality_floor"
    if p.get("max_cost_nanos") is not None and c > p["max_cost_nanos"] * d * 10**9: return "max_cost"
    guards = dict(off=lambda: True, no_loss=lambda: sell >= c, loss_allowed=lambda: c - sell <= p["loss_nanos"] * d * 10**9,
                  min_margin=lambda: sell - c >= p["min_abs_nanos"] * d * 10**9 and (sell - c) * 10**6 >= p["min_pct_ppm"] * sell)
    return "profit_guard" if p["guard"] != "off" and (sell is None or not guards[p["guard"]]()) else None

def order(members, p, d, world, q):
    members.sort(key=lambda e: (e["c"], ids(e)))
    start = band = 0
    for e in members:
        if p["kind"] == "score": e["score"] = score(p, e["c"], members[0]["c"], figures(world, e["offer"]["offer_id"], q["dnis"], p))
        reach = start * (10**6 + p["delta_ppm"]) if p.get("delta_ppm") is not None else (start + p.get("delta_nanos", 0) * d * 10**9) * 10**6
        if not band or e["c"] * 10**6 > reach: band, start = band + 1, e["c"]
        e["band"] = band
    members.sort(key=lambda e: -e["score"] if p["kind"] == "score" else (e["band"], e["offer"]["priority"]) if p["kind"] == "cost_delta" else e["offer"]["priority"] if p["kind"] == "priority" else 0)

def decide(world, q):
    b, t, trunk = q["dnis"], q["at_us"], world.trunks.get(q["trunk"])
    p = {**POLICY, **{k: v for k, v in (q["policy"] if q["policy"] is not None else trunk["policy"] if trunk else {}).items() if v is not None}}
    d = q["reference_seconds"] or p.get("reference_seconds") or world.reference_seconds
    blocked, opened = (longest(b, trunk["blocked_codes"]), longest(b, trunk["opened_codes"])) if trunk else (0, 0)
    if (blocked and blocked >= opened) or longest(b, world.closed_codes) > opened:
        return dict(status="blocked", reason="blocked_codes" if blocked and blocked >= opened else "closed_codes", routes=[], refused=[], sell=None, sell_row=None, d=d, valid_until=None)
    k = min(q["max"] or (trunk and trunk["max_routes"]) or 5, (trunk and trunk["max_routes"]) or 1000)
    seen = [r for c in prefixes(b) for r in world.rows(trunk["rate_card_id"], c)] if trunk and trunk["rate_card_id"] and q["sell"] is None else []
    sell_row = next(iter([q["sell"]] if q["sell"] else valid(seen, t)), None)
    sell_row = None if sell_row is None or sell_row.get("status") else sell_row
    sell, members, refused = comparable(sell_row, d, world.fx)[0] if sell_row else None, [], []
    ends = [x for g in (trunk["grants"] if trunk and q["offers"] is None else []) for x in (g["from_us"], g["until_us"])]
    for o in world.offers:
        rows = [r for c in prefixes(q["lrn"] if o["lrn_rated"] and q["lrn"] else b) for r in world.rows(o["offer_id"], c)]
        now, e, seen = valid(rows, t), dict(offer=o, row=None, c=None, billed=None, score=None, shadowed=[]), seen + rows
        if not now: verdict = "no_match" if not rows else "not_yet_effective" if any(r["effective_from"] > t for r in rows) else "expired"
        else:
            c, billed = comparable(now[0], d, world.fx)
            e |= dict(row=now[0], shadowed=[r["code"] for r in now[1:]], c=c, billed=billed)
            verdict = [None, "blocked", "closed"][now[0]["status"]] or refuse(world, o, t, q, trunk, p, c, sell, d)
        (refused if verdict else members).append(e | {"verdict": verdict})
    order(members, p, d, world, q)
    kept = []
    for e in members:
        if p["guard"] == "loss_allowed" and sell < e["c"] and len(kept) >= p["loss_first"]: refused.append(e | {"verdict": "profit_guard"})
        else: kept.append(e | {"verdict": "selected" if len(kept) < k else "outranked"})
    refused.sort(key=lambda e: (NUMBER[e["verdict"]], ids(e)))
    reason = None if kept else "all_refused" if any(NUMBER[e["verdict"]] > 3 for e in refused) else "no_code"
    return dict(status="ok" if kept else "no_route", reason=reason, routes=kept[:k], refused=kept[k:] + refused, sell=sell, sell_row=sell_row, d=d,
        valid_until=min((x for x in [*ends, *(x for r in seen + world.unnamed(b) for x in (r["effective_from"], r["effective_until"]))] if x is not None and x > t), default=None))
