"""A month of an agreement in money and quality, out of its machine-readable terms and the sums of its calls. Exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from app.billing.calls import Counts, Spans, Usage
from app.billing.peered import Peered, read_peered
from app.deals.document import measure
from app.deals.terms import Terms, Volume, nanos_of
from app.deals.volume import committed
from rates.settle.exact import to_minor

# Figures of an SLA that call records measure by destination, in the order they are shown.
FIGURES = ("asr_bp", "ner_bp", "acd_s", "pdd_ms")
LEAST_ANSWERED, LEAST_PDD, LEAST_MOS, LEAST_SPANS = 20, 10, 10, 20
EVERYWHERE = "all destinations"


@dataclass(frozen=True)
class Promise:
    """One figure of one destination, or of EVERYWHERE: `verdict` kept | missed | too_few | not_measured.

    `calls`: attempts; of MOS the test calls that were listened to, of uptime the spans of five minutes with enough attempts.
    """

    destination: str
    figure: str
    promised: str
    found: str
    calls: int
    verdict: str


@dataclass(frozen=True)
class Statement:
    """Amounts are nanos of `currency`; `total_nanos` is rounded once to its smallest coin: what the buyer owes, below 0
    what the seller does (a peering). `closed`: the month is over."""

    month: date
    number: int
    currency: str
    closed: bool
    lines: tuple[Usage, ...]
    billed_seconds: int
    charges_nanos: int
    tier_bp: int
    discount_nanos: int
    committed_minutes: int
    missing_minutes: int
    shortfall_nanos: int
    promises: tuple[Promise, ...]
    credit_nanos: int
    total_nanos: int
    peered: Peered | None = None

    @property
    def minutes(self) -> int:
        return self.billed_seconds // 60

    @property
    def verdict(self) -> str:
        """missed when one promise was, kept when one was and none missed, else too_few."""
        words = {promise.verdict for promise in self.promises}
        return next((word for word in ("missed", "kept") if word in words), "too_few")

    def document(self) -> dict[str, Any]:
        """As JSON: nanos stay whole numbers, the month is text."""
        told = asdict(self)
        told["month"] = self.month.strftime("%Y-%m")
        return {**told, "verdict": self.verdict, "minutes": self.minutes}


def read_statement(kept: dict[str, Any]) -> Statement:
    """Back from `document`."""
    told = {name: kept[name] for name in Statement.__dataclass_fields__ if name in kept}
    told["peered"] = read_peered(kept.get("peered"))
    told["month"] = date.fromisoformat(f"{kept['month']}-01")
    told["lines"] = tuple(Usage(**line) for line in kept["lines"])
    told["promises"] = tuple(Promise(**promise) for promise in kept["promises"])
    return Statement(**told)


def statement(
    terms: Terms, *, month: date, number: int, share: Fraction, closed: bool, usage: Sequence[Usage],
    above: Mapping[int, Fraction], measured: Mapping[str, Counts], up: Spans = Spans(),
    peered: Peered | None = None,
) -> Statement:  # fmt: skip
    """`number`: 1 = the first month of the agreement; `share`: the part of the month it was in force.

    `above`: by billed seconds, the cost of what lies beyond (app.billing.calls.above), for each boundary of the tiers.
    """
    charges = sum(line.amount_nanos for line in usage)
    seconds = sum(line.billed_seconds for line in usage)
    discount, reached = tier_discount(terms.volume, seconds, charges, above)
    owed = int(committed(terms.volume, number) * share)
    missing = max(0, owed - seconds // 60)
    shortfall = Fraction(missing) * _mean_rate(terms, charges, seconds) * terms.volume.shortfall_pct / 100
    promises = [*_promises(terms, usage, measured), *_uptime(terms.schedule.sla.uptime_bp, up)]
    failed = {promise.destination for promise in promises if promise.verdict == "missed"}
    concerned = sum(line.amount_nanos for line in usage if failed & {line.destination, EVERYWHERE})
    credit = Fraction(concerned * terms.schedule.sla_credit_pct, 100)
    if not closed:
        shortfall, credit = Fraction(0), Fraction(0)  # owed for whole months only
    # The ratio too is judged over whole months.
    above_ratio = peered.for_buyer_nanos if peered is not None and closed else 0
    total = charges - discount + shortfall - credit + above_ratio
    return Statement(
        month=month, number=number, currency=terms.currency, closed=closed, lines=tuple(line for line in usage if line.calls),
        billed_seconds=seconds, charges_nanos=charges, tier_bp=reached, discount_nanos=_whole(discount),
        committed_minutes=owed, missing_minutes=missing, shortfall_nanos=_whole(shortfall), promises=tuple(promises),
        credit_nanos=_whole(credit), total_nanos=to_minor(_whole(total), terms.currency), peered=peered,
    )  # fmt: skip


def tier_discount(
    volume: Volume, seconds: int, charges: int, above: Mapping[int, Fraction]
) -> tuple[Fraction, int]:
    """(what the tiers take off, discount of the tier that was reached in hundredths of a percent).

    Incremental: each tier's discount only on what lies beyond its begin. Retroactive: the reached one's on everything.
    """
    reached = max((tier.off_bp for tier in volume.tiers if tier.from_minutes * 60 <= seconds), default=0)
    if volume.tier_kind == "retroactive":
        return Fraction(charges * reached, 10_000), reached
    total, before = Fraction(0), 0
    for tier in volume.tiers:
        total += above[tier.from_minutes * 60] * (tier.off_bp - before) / 10_000
        before = tier.off_bp
    return total, reached


def _mean_rate(terms: Terms, charges: int, seconds: int) -> Fraction:
    """Nanos a minute: the mean of the negotiated rates; without any, what the month's minutes cost on average."""
    if terms.rates:
        return Fraction(sum(nanos_of(line.rate) for line in terms.rates), len(terms.rates))
    return Fraction(charges * 60, seconds) if seconds else Fraction(0)


def _promises(terms: Terms, usage: Sequence[Usage], measured: Mapping[str, Counts]) -> list[Promise]:
    """By destination: a month counts from the agreed number of calls on."""
    names = {line.code: line.destination for line in usage}
    counts: dict[str, Counts] = {}
    for code, found in measured.items():
        name = names.get(code, code)
        counts[name] = counts.get(name, Counts()).plus(found)
    sla, out = terms.schedule.sla, []
    for name, found in sorted(counts.items()):
        enough = found.attempts >= terms.schedule.sla_min_calls
        for figure in FIGURES:
            wanted: int | None = getattr(sla, figure)
            if wanted is not None and found.attempts:
                value = _figure(figure, found) if enough else None
                out.append(_judged(name, figure, wanted, value, found.attempts))
        if sla.mos_milli is not None and found.mos_samples:
            value = found.mos_milli_sum // found.mos_samples if found.mos_samples >= LEAST_MOS else None
            out.append(_judged(name, "mos_milli", sla.mos_milli, value, found.mos_samples))
    if sla.mos_milli is not None and not any(found.mos_samples for found in counts.values()):
        out.append(_judged(EVERYWHERE, "mos_milli", sla.mos_milli, None, 0))
    return out


def _uptime(wanted: int | None, up: Spans) -> list[Promise]:
    """Of all the time there was, so that 99.9 % allow 43 minutes in 30 days; what nobody called through counts as up."""
    if wanted is None:
        return []
    value = (up.whole - up.down) * 10_000 // up.whole if up.seen >= LEAST_SPANS else None
    return [_judged(EVERYWHERE, "uptime_bp", wanted, value, up.seen)]


def _judged(destination: str, figure: str, wanted: int, value: int | None, samples: int) -> Promise:
    if value is None:
        verdict = "too_few" if samples else "not_measured"
    else:
        verdict = "kept" if (value <= wanted if figure == "pdd_ms" else value >= wanted) else "missed"
    said = "–" if value is None else measure(figure, value)
    return Promise(destination, figure, measure(figure, wanted), said, samples, verdict)


def _figure(name: str, c: Counts) -> int | None:
    """In the promise's unit; None below the least number of samples."""
    if name == "asr_bp":
        return c.answered * 10_000 // c.attempts
    if name == "ner_bp":
        return c.effective * 10_000 // c.attempts
    if name == "acd_s":
        return c.talk_ms // c.answered // 1000 if c.answered >= LEAST_ANSWERED else None
    return c.pdd_ms_sum // c.pdd_samples if c.pdd_samples >= LEAST_PDD else None


def _whole(value: Fraction | int) -> int:
    """Nanos, half away from zero."""
    exact = Fraction(value)
    sign = -1 if exact < 0 else 1
    return sign * int(abs(exact) + Fraction(1, 2))


def in_currency(nanos: int) -> str:
    """Plain decimals."""
    return f"{Decimal(nanos).scaleb(-9).normalize():f}"
