"""A carrier that is vendor and customer at once: both invoices stand, the balance is paid."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Balance:
    """`payer` pays `amount_nanos`: `them`, `us` or `nobody`; `set_off_nanos` of each side's invoices is paid by the other's."""

    payer: str
    amount_nanos: int
    set_off_nanos: int


def net(receivable_nanos: int, payable_nanos: int) -> Balance:
    """What they owe us and what we owe them, one currency, neither negative. Raises ValueError else."""
    if receivable_nanos < 0 or payable_nanos < 0:
        raise ValueError("An invoice to be set off is not negative: credit notes reduce it first.")
    difference = receivable_nanos - payable_nanos
    payer = "them" if difference > 0 else "us" if difference < 0 else "nobody"
    return Balance(payer, abs(difference), min(receivable_nanos, payable_nanos))


def exposure(receivable_nanos: int, payable_nanos: int, *, netted: bool) -> int:
    """What counts against their limit: with a netting agreement the difference, else all they owe."""
    return receivable_nanos - payable_nanos if netted else receivable_nanos
