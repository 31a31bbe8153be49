"""The document that is signed: clauses filled in, schedules beside the template's, parties; canonical JSON and its hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from app.deals.peering import SETTLED_BY, Lane, Peering, places_words
from app.deals.terms import Quality, Rate, Terms, as_json

FORMAT = 1
CYCLES = {"week": "week", "ten_days": "ten days", "half_month": "half month", "month": "month"}
FRAUD = (
    "Traffic that is artificially generated or answered falsely is not owed; the side that sees it tells the other "
    "within 24 hours, and may block the numbers at once.",
    "The parties agree on no clause about fraud.",
)
WORDS = {
    "asr_bp": "ASR at least", "ner_bp": "NER at least", "acd_s": "ACD at least", "pdd_ms": "PDD at most",
    "mos_milli": "MOS at least", "uptime_bp": "Uptime at least",
}  # fmt: skip
LABELS = {
    "dispute_threshold_bp": "Dispute threshold", "sla_credit_pct": "Credit", "sla_min_calls": "Judged from calls on",
    "second_rounding": "Seconds are rounded", "amount_places": "Decimals of amounts", "amount_rounding": "Amounts are rounded",
    "termination_days": "Notice of termination", "notice_days": "Notice of increases", "payment_days": "Payment within",
    "dispute_days": "Disputes within",
}  # fmt: skip


# Reasons to end at once, in words; any other is shown as it was typed.
TRIGGERS = {"unpaid_30_days": "an invoice unpaid for 30 days", "fraud": "fraud", "insolvency": "insolvency",
            "sla_missed_3_months": "promised quality missed three months in a row"}  # fmt: skip
PROOFS = {"totp": "a code of the authenticator", "password": "the password"}


def document_of(
    *, agreement_id: int, number: int, template: dict[str, Any], parties: dict[str, dict[str, str]], product: str,
    route_class: str, terms: Terms, starts: str, trunks: list[str], reason: str,
) -> dict[str, Any]:  # fmt: skip
    """`template`: name, number, clauses, schedule. Every value is text or a whole number, so the hash is the same everywhere."""
    words = _words(terms, parties, product, route_class, starts)
    return {
        "format": FORMAT,
        "agreement": agreement_id,
        "version": number,
        "template": {"name": template["name"], "number": template["number"]},
        "parties": parties,
        "product": product,
        "route_class": route_class,
        "trunks": trunks,
        "reason": reason,
        "clauses": [
            {"title": clause["title"], "text": _filled(clause["text"], words)}
            for clause in template["clauses"]
        ],
        "schedules": schedules(terms, template["schedule"]),
        "terms": as_json(terms),
    }


def canonical(document: dict[str, Any]) -> bytes:
    """Sorted keys, no spaces, UTF-8: the bytes whose SHA-256 is signed."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(document: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(document)).hexdigest()


def schedules(terms: Terms, template: dict[str, Any]) -> list[dict[str, Any]]:
    """A rates, B volume, C quality, D technical, E money: rows of name, value, the template's value, changed."""
    agreed = as_json(terms.schedule)
    money = ("notice_days", "second_rounding", "amount_places", "amount_rounding", "billing_cycle", "time_zone", "payment_days",
             "dispute_days", "dispute_threshold_bp", "termination_days", "fraud_clause", "termination_triggers")  # fmt: skip
    quality = [
        _row(WORDS[name], measure(name, agreed["sla"][name]), measure(name, template["sla"][name]))
        for name in WORDS
    ]
    quality += [_compared(name, agreed, template) for name in ("sla_credit_pct", "sla_min_calls")]
    peered = [] if terms.peering is None else [
        {"title": "F. Peering", "rows": _peering(terms.peering, terms.currency), "rates": []}
    ]  # fmt: skip
    return [
        {"title": "A. Negotiated rates", "rows": [], "rates": [_rate(line, terms.currency) for line in terms.rates]},
        {"title": "B. Volume, term and trial", "rows": _volume(terms), "rates": []},
        {"title": "C. Quality", "rows": quality, "rates": []},
        {"title": "D. Technical", "rows": [_compared(name, agreed, template) for name in ("codecs", "transport")], "rates": []},
        {"title": "E. Money and notice", "rows": [_compared(name, agreed, template) for name in money], "rates": []},
        *peered,
    ]  # fmt: skip


def _row(name: str, value: str, usual: str) -> dict[str, Any]:
    return {"name": name, "value": value, "template": usual, "changed": value != usual}


def _compared(name: str, agreed: dict[str, Any], template: dict[str, Any]) -> dict[str, Any]:
    label = LABELS.get(name)
    return _row(
        label or name.replace("_", " ").capitalize(),
        _said(name, agreed[name]),
        _said(name, template.get(name)),
    )


def _said(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(TRIGGERS.get(str(part)) or str(part).replace("_", " ") for part in value) or "none"
    if name.endswith("_bp"):
        return f"{percent(value)} %"
    if name.endswith("_pct"):
        return f"{value} %"
    if name.endswith("_days"):
        return f"{value} days"
    return str(value).replace("_", " ") if name != "time_zone" else str(value)


def measure(name: str, value: int | None) -> str:
    """A figure of Quality in words."""
    if value is None:
        return "not promised"
    if name.endswith("_bp"):
        return f"{percent(value)} %"
    if name == "mos_milli":
        return f"{value // 1000}.{value % 1000:03}".rstrip("0").rstrip(".")
    return f"{value:,} {'s' if name == 'acd_s' else 'ms'}"


def percent(bp: int) -> str:
    """Hundredths of a percent as percent: 150 → 1.5."""
    return f"{bp // 100}.{bp % 100:02}".rstrip("0").rstrip(".")


def said_quality(quality: Quality) -> str:
    words = [f"{WORDS[n]} {measure(n, v)}" for n, v in as_json(quality).items() if v is not None]
    return ", ".join(words) or "none"


def _rate(line: Rate, currency: str) -> dict[str, str]:
    return {
        "code": line.code, "destination": line.destination, "rate": line.rate, "currency": currency,
        "increments": f"{line.initial_increment}/{line.next_increment}", "connect_fee": line.connect_fee,
        "reach": "and longer codes" if line.below else "this code only",
    }  # fmt: skip


def _volume(terms: Terms) -> list[dict[str, Any]]:
    v = terms.volume
    tiers = "; ".join(f"from {t.from_minutes:,} min −{percent(t.off_bp)} %" for t in v.tiers)
    said = {
        "Expected a month": f"{v.expected_minutes:,} minutes" if v.expected_minutes else "not stated",
        "Commitment a month": f"{v.commitment_minutes:,} minutes, {v.shortfall_pct} % of the shortfall owed"
        if v.commitment_minutes else "none",
        "Ramp": ", ".join(f"month {n}: {p} %" for n, p in enumerate(v.ramp_pct, 1)) or "none",
        "Tiers": f"{tiers} ({v.tier_kind})" if tiers else "none",
        "Cap a month": f"{v.cap_minutes:,} minutes" if v.cap_minutes else "none",
        "Channels": f"{v.channels:,}" if v.channels else "not limited",
        "Calls a second": f"{v.calls_per_second:,}" if v.calls_per_second else "not limited",
        "Term": term_words(terms.term_months),
        "Trial": f"{terms.trial.days} days; accepted with {said_quality(terms.trial.accept)} over at least "
        f"{terms.trial.min_calls:,} calls" if terms.trial else "none",
    }  # fmt: skip
    usual = {"Ramp": "none", "Tiers": "none", "Cap a month": "none", "Commitment a month": "none", "Trial": "none",
             "Channels": "not limited", "Calls a second": "not limited", "Expected a month": "not stated",
             "Term": term_words(0)}  # fmt: skip
    return [_row(name, value, usual[name]) for name, value in said.items()]


def _peering(peering: Peering, currency: str) -> list[dict[str, Any]]:
    """What holds in place of rates: every calendar month (UTC) by itself, in billed seconds."""

    def above(lane: Lane) -> str:
        return f"{lane.rate} {currency} a minute" if peering.settlement == "hybrid" else "nothing is paid"

    said = {
        "Settlement": SETTLED_BY[peering.settlement],
        "Ratio": f"{peering.ratio} : 1 of the greater to the smaller direction, a calendar month (UTC)",
        "Judged from": f"{peering.judged_from_minutes:,} minutes of the greater direction a month",
        "The seller ends calls to": places_words(peering.seller, 1_000),
        "Above the ratio to the seller": above(peering.seller),
        "The buyer ends calls to": places_words(peering.buyer, 1_000),
        "Above the ratio to the buyer": above(peering.buyer),
        "Within the ratio": "nothing is owed by either side",
        "The buyer's product": f"number {peering.product_id}",
    }
    return [_row(name, value, "none") for name, value in said.items()]


def term_words(months: int) -> str:
    return f"{months} months" if months else "until notice is given"


def _words(
    terms: Terms, parties: dict[str, dict[str, str]], product: str, route_class: str, starts: str
) -> dict[str, str]:
    s = terms.schedule
    plain = {name: _said(name, value) for name, value in as_json(s).items() if name != "sla"}
    for name in ("notice_days", "payment_days", "dispute_days", "termination_days", "sla_credit_pct"):
        plain[name] = str(getattr(s, name))
    return plain | {
        "seller": parties["seller"]["name"], "buyer": parties["buyer"]["name"], "product": product,
        "route_class": route_class.replace("_", "-"), "currency": terms.currency, "starts": starts,
        "term": term_words(terms.term_months), "billing_cycle": CYCLES[s.billing_cycle],
        "dispute_threshold": percent(s.dispute_threshold_bp), "fraud": FRAUD[0] if s.fraud_clause else FRAUD[1],
    }  # fmt: skip


def _filled(text: str, words: dict[str, str]) -> str:
    """Only known words between braces; nothing else of the text is looked at, values are never filled again."""
    out, rest = [], text
    while "{" in rest:
        before, _, rest = rest.partition("{")
        word, closed, after = rest.partition("}")
        out.append(before)
        out.append(words[word] if closed and word in words else "{" + word + closed)
        rest = after
    return "".join([*out, rest])
