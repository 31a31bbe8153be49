"""Quality, scores and the order of the members (docs/decision.md 5)."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.oracle.call import Call

Entry = dict[str, Any]
POLICY: Entry = {
    "kind": "cost",
    "prior_ppm": 500_000,
    "min_attempts": 30,
    "min_answered": 20,
    "min_pdd": 10,
    "min_mos": 10,
    "guard": "off",
    "min_abs_nanos": 0,
    "min_pct_ppm": 0,
    "loss_nanos": 0,
    "loss_first": 0,
    "delta_nanos": 0,
}
FIGURES = {  # name: counter above, counter below, least of the one below, scale
    "asr": ("answered", "attempts", "min_attempts", 10**6),
    "ner": ("effective", "attempts", "min_attempts", 10**6),
    "acd": ("talk_ms", "answered", "min_answered", 1),
    "pdd": ("pdd_ms_sum", "pdd_samples", "min_pdd", 1),
    "mos": ("mos_milli_sum", "mos_samples", "min_mos", 1),
}


def ids(e: Entry) -> tuple[int, int]:
    return e["offer"]["carrier_id"], e["offer"]["offer_id"]


def prefixes(number: str) -> list[str]:
    """Longest first."""
    return [number[:n] for n in range(len(number), 0, -1)]


def figures(call: Call, offer_id: int) -> dict[str, int | None]:
    """Each from the longest code with enough samples."""
    found: dict[str, int | None] = {}
    for name, (top, bottom, least, scale) in FIGURES.items():
        rows = [row for c in prefixes(call.b) if (row := call.quality.get((offer_id, c)))]
        rows = [row for row in rows if row[bottom] >= call.policy[least]]
        found[name] = rows[0][top] * scale // rows[0][bottom] if rows else None
    return found


def score(p: Entry, c: int, c_min: int, q: dict[str, int | None]) -> int:
    def part(name: str, formula: Any) -> int:
        weight = (p.get(f"w_{name}_ppm") or 0) * 1000
        figure = q[name]
        if not weight:
            return 0
        return int(weight * p["prior_ppm"] // 10**6 if figure is None else formula(weight, figure))

    cost = (p.get("w_cost_ppm") or 0) * 1000
    return (
        (cost * c_min // c if c else cost)
        + part("asr", lambda w, f: w * min(f, p["asr_target_ppm"]) // p["asr_target_ppm"])
        + part("acd", lambda w, f: w * min(f, p["acd_target_ms"]) // p["acd_target_ms"])
        + part("ner", lambda w, f: w * f // 10**6)
        + part("pdd", lambda w, f: w * max(0, p["pdd_max_ms"] - f) // p["pdd_max_ms"])
    )


def draw(text: str, total: int) -> int:
    """A whole number below `total`, the same for the same text."""
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big") * total >> 64


def drawn(call: Call, part: list[Entry]) -> list[Entry]:
    left = sorted((e for e in part if e["offer"]["weight"]), key=ids)
    order: list[Entry] = []
    while left:
        x = draw(f"share|{call.seed}|{len(order)}", sum(e["offer"]["weight"] for e in left))
        running = 0
        for e in left:
            running += e["offer"]["weight"]
            if running > x:
                break
        left = [other for other in left if other is not e]
        order.append(e)
    return order + [e for e in part if not e["offer"]["weight"]]


def banded(call: Call, part: list[Entry]) -> list[Entry]:
    """`part` comes by cost; a band holds what is as good as its cheapest."""
    p, bands = call.policy, list[list[Entry]]()
    for e in part:
        start = bands[-1][0]["c"] if bands else 0
        if p.get("delta_ppm") is not None:
            near = e["c"] * 10**6 <= start * (10**6 + p["delta_ppm"])
        else:
            near = e["c"] <= start + p["delta_nanos"] * call.D * 10**9
        if bands and near:
            bands[-1].append(e)
        else:
            bands.append([e])
    return [e for band in bands for e in sorted(band, key=lambda e: e["offer"]["priority"])]


def ordered(call: Call, part: list[Entry]) -> list[Entry]:
    """One part by the policy; the forced ones are then taken out to its head."""
    kind = call.policy["kind"]
    part = sorted(part, key=lambda e: (e["c"], ids(e)))
    if kind == "priority":
        part = sorted(part, key=lambda e: e["offer"]["priority"])
    if kind == "score":
        part = sorted(part, key=lambda e: -e["score"])
    if kind == "cost_delta":
        part = banded(call, part)
    if kind == "percentage":
        part = drawn(call, part)
    forced = call.policy.get("first_offers") or []
    head = [e for offer_id in forced for e in part if e["offer"]["offer_id"] == offer_id]
    return head + [e for e in part if e["offer"]["offer_id"] not in forced]


def order(call: Call, members: list[Entry]) -> list[Entry]:
    if call.policy["kind"] == "score" and members:
        c_min = min(e["c"] for e in members)
        for e in members:
            e["score"] = score(call.policy, e["c"], c_min, figures(call, e["offer"]["offer_id"]))
    last = [e for e in members if e["demoted"] and not e["trial"]]
    return ordered(call, [e for e in members if e not in last]) + ordered(call, last)
