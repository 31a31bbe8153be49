"""What a volume deal commits to a month, and what it is worth (formulas: docs/deals.md)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from app.deals.terms import Terms, Volume


def committed(volume: Volume, month: int) -> int:
    """Minutes owed in month number `month` (1 = the first), the ramp applied, rounded down."""
    if 1 <= month <= len(volume.ramp_pct):
        return volume.commitment_minutes * volume.ramp_pct[month - 1] // 100
    return volume.commitment_minutes


def worth_a_month(terms: Terms) -> Decimal:
    """Minutes expected or committed, the greater, at the mean of the negotiated rates; 0 without rates. Rounded to cents.

    Of a peering: as if all of the expected minutes lay above the ratio, in the dearer direction."""
    if terms.peering is not None:
        dearer = max(Decimal(terms.peering.seller.rate), Decimal(terms.peering.buyer.rate))
        return (terms.volume.expected_minutes * dearer).quantize(Decimal("0.01"), ROUND_HALF_UP)
    if not terms.rates:
        return Decimal(0)
    mean = sum((Decimal(line.rate) for line in terms.rates), Decimal(0)) / len(terms.rates)
    minutes = max(terms.volume.expected_minutes, terms.volume.commitment_minutes)
    return (minutes * mean).quantize(Decimal("0.01"), ROUND_HALF_UP)
