"""An explained answer as people read it: each filter's verdict, the arithmetic of the cost, the layer, digit by digit.

Made from the core's own document alone (docs/decision.md 4 and 7), for the page and the command line alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

# The filters in the order the core asks them, with the verdicts they give (docs/decision.md 4).
FILTERS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("a rate matches", ("not_yet_effective", "expired", "no_match")),
    ("code open", ("blocked", "closed")),
    ("switched on", ("disabled",)),
    ("destination open", ("destination_blocked",)),
    ("granted", ("not_granted",)),
    ("no loop", ("loop",)),
    ("class", ("class",)),
    ("exclusive list", ("not_exclusive",)),
    ("keeps CLI", ("cli",)),
    ("keeps signature", ("signature",)),
    ("number length", ("number_length",)),
    ("schedule", ("schedule",)),
    ("exchange rate", ("no_fx",)),
    ("vendor's credit", ("vendor_credit",)),
    ("cap of the deal", ("cap_reached",)),
    ("channels and CPS", ("channels_full", "cps_full")),
    ("quality floors", ("quality_floor",)),
    ("highest cost", ("max_cost",)),
    ("profit guard", ("profit_guard",)),
)


@dataclass(frozen=True)
class FilterVerdict:
    """`state`: passed · failed · not looked at."""

    name: str
    state: str


def filters(row: dict[str, Any]) -> list[FilterVerdict]:
    """Every filter's verdict on one vendor: the first that fails decides, those behind it are not looked at."""
    out: list[FilterVerdict] = []
    failed = False
    for name, verdicts in FILTERS:
        if failed:
            out.append(FilterVerdict(name, "not looked at"))
            continue
        failed = row["verdict"] in verdicts
        out.append(FilterVerdict(name, "failed" if failed else "passed"))
    return out


def digits(number: str, row: dict[str, Any]) -> list[tuple[str, str]]:
    """Each digit of the number with what it is: `shadow` (of a shorter code that was beaten), `hit` or nothing."""
    hit = len(row.get("code") or "")
    beaten = len((row.get("shadowed") or [""])[0])
    return [
        (digit, "shadow" if place <= beaten else "hit" if place <= hit else "")
        for place, digit in enumerate(number, start=1)
    ]


def matched_number(answer: dict[str, Any], row: dict[str, Any]) -> str:
    """The number the vendor was matched with: the LRN where its deck is rated by it."""
    keyed = (row.get("jurisdiction") or {}).get("keyed")
    return str(answer["lrn"] if keyed == "lrn" and answer.get("lrn") else answer["b"])


def arithmetic(answer: dict[str, Any], row: dict[str, Any]) -> list[str]:
    """The cost step by step, one line a step; empty where nothing was priced."""
    cost = row.get("cost")
    if not cost or row["verdict"] in ("blocked", "closed"):
        return []
    lines = []
    billed, first = cost["billed_seconds"], min(cost["initial_increment"], cost["billed_seconds"])
    seconds = cost["seconds"]
    increments = f"{cost['initial_increment']}/{cost['next_increment']}"
    free = f", the first {cost['free_seconds']} s free" if cost["free_seconds"] else ""
    lines.append(f"{seconds} s at {increments}{free}: {billed} s billed")
    if billed:
        parts = [cost["connect_fee"]] if cost["connect_fee"] != "0" else []
        if cost["first_rate"] == cost["rate"]:
            parts.append(f"{cost['rate']} × {billed}/60")
        else:
            parts.append(f"{cost['first_rate']} × {first}/60")
            if billed > first:
                parts.append(f"{cost['rate']} × {billed - first}/60")
        lines.append(f"{' + '.join(parts)} = {cost['amount']} {cost['currency']}")
    base = answer["currency"]
    if cost["currency"] != base:
        if cost["fx"] is None:
            lines.append(f"no exchange rate from {cost['currency']} to {base}")
            return lines
        lines.append(f"{cost['amount']} × {cost['fx']} = {row['amount']} {base}")
    if cost.get("mix"):
        shares = ", ".join(f"{part['weight'] / 10:g} % of {part['seconds']} s" for part in cost["mix"])
        lines.append(f"by the destination's own calls ({shares}): {row['eff']} {base} a minute")
    elif row.get("eff") is not None:
        lines.append(f"÷ {seconds} s × 60 = {row['eff']} {base} a minute")
    return lines


def layer(row: dict[str, Any]) -> list[str]:
    """Which origin group and jurisdiction priced the vendor, in words."""
    lines = []
    origin, jurisdiction = row.get("origin"), row.get("jurisdiction")
    if origin:
        group = origin["group"] or "no group"
        by = f" by {origin['prefix']}" if origin["prefix"] else ""
        words = [f"origin {group}{by}", origin["reading"].replace("_", " ")]
        if origin["surcharge"]:
            words.append(f"surcharge {origin['surcharge']}")
        if origin["unknown"]:
            words.append("caller unknown")
        lines.append(", ".join(words))
    if jurisdiction:
        states = f"{jurisdiction['a_state'] or '?'} → {jurisdiction['b_state'] or '?'}"
        words = [f"{jurisdiction['is']} ({states})", f"keyed by the {_keyed(jurisdiction)}"]
        words += _lrn(jurisdiction)
        lines.append(", ".join(words))
    return lines


def _keyed(jurisdiction: dict[str, Any]) -> str:
    return "LRN" if jurisdiction["keyed"] == "lrn" else "dialled number"


def quality_state(row: dict[str, Any]) -> str:
    """What the routing state says of the vendor's quality to this number; "" where it says nothing."""
    held = row.get("demoted")
    if not held:
        return ""
    words = f"{held['level']} below {held['code']}"
    if held["level"] != "critical":
        return words
    share = f"tried for {held['trial_ppm'] / 10_000:g} % of calls"
    return f"{words}: behind all others, {share}{', this one among them' if held['trial'] else ''}"


def hunting(answer: dict[str, Any], row: dict[str, Any]) -> str:
    """How long the switch waits on this route and which SIP codes stop or go on; "" for a vendor that is no route."""
    route = next((r for r in answer["routes"] if r["offer"] == row["offer"]), None)
    if route is None:
        return ""
    timers = {"timeout_ms": "in all", "no_reply_ms": "to a first reply", "ringing_ms": "to ringing"}
    words = [f"waits {route[name] / 1000:g} s {what}" for name, what in timers.items() if route.get(name)]
    codes = {"hunt_stop": "stops at", "hunt_next": "goes on at"}
    words += [f"{what} {' '.join(map(str, route[name]))}" for name, what in codes.items() if route.get(name)]
    return ", ".join(words)


def as_of(row: dict[str, Any]) -> str:
    """Since when the rate holds and where it stands."""
    if not row.get("effective_from"):
        return ""
    until = f" until {row['effective_until'][:16].replace('T', ' ')}" if row.get("effective_until") else ""
    return f"from {row['effective_from'][:16].replace('T', ' ')}{until}, deck {row['deck_id']} row {row['deck_row']}"


def _lrn(jurisdiction: Mapping[str, Any]) -> list[str]:
    """Who said what the LRN is, or that nobody could."""
    by = jurisdiction["lrn_by"]
    if by == "unavailable":
        return ["LRN unavailable: the dip failed"]
    if jurisdiction["lrn_unknown"]:
        return ["LRN unknown"]
    return [f"LRN by {by}"] if by else []
