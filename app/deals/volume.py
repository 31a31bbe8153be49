"""Money of a volume deal, exact: tiers, commitment with ramp, worth a month (formulas: the field's, see docs/deals.md)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from app.deals.terms import Terms, Volume

BP = Decimal(10_000)


def tiered(minutes: int, rate: Decimal, volume: Volume) -> Decimal:
    """What so many minutes of a month cost at this rate. Incremental: each tier's minutes at its own rate;
    retroactive: all minutes at the rate of the tier that was reached."""
    steps = [(0, Decimal(0)), *((t.from_minutes, Decimal(t.off_bp)) for t in volume.tiers)]
    if volume.tier_kind == "retroactive":
        off = max(off for start, off in steps if start <= minutes)
        return minutes * rate * (BP - off) / BP
    total = Decimal(0)
    for number, (start, off) in enumerate(steps):
        end = steps[number + 1][0] if number + 1 < len(steps) else minutes
        total += max(0, min(minutes, end) - start) * rate * (BP - off) / BP
    return total


def committed(volume: Volume, month: int) -> int:
    """Minutes owed in month number `month` (1 = the first), the ramp applied, rounded down."""
    if 1 <= month <= len(volume.ramp_pct):
        return volume.commitment_minutes * volume.ramp_pct[month - 1] // 100
    return volume.commitment_minutes


def shortfall(minutes: int, rate: Decimal, volume: Volume, month: int) -> Decimal:
    """Penalty of a month: share × minutes missing × rate."""
    missing = max(0, committed(volume, month) - minutes)
    return missing * rate * volume.shortfall_pct / 100


def worth_a_month(terms: Terms) -> Decimal:
    """Minutes expected or committed, the greater, at the mean of the negotiated rates; 0 without rates. Rounded to cents."""
    if not terms.rates:
        return Decimal(0)
    mean = sum((Decimal(line.rate) for line in terms.rates), Decimal(0)) / len(terms.rates)
    minutes = max(terms.volume.expected_minutes, terms.volume.commitment_minutes)
    return (minutes * mean).quantize(Decimal("0.01"), ROUND_HALF_UP)
