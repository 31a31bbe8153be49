"""The short-call fee of a period (domain.md 6): a charge on the period, not a call rate."""

from __future__ import annotations

from typing import Literal

MILLION = 1_000_000


def short_call_fee(
    completed: int,
    short: int,
    *,
    share_ppm: int,
    fee_nanos: int,
    kind: Literal["all", "excess"],
    least_calls: int = 100,
) -> int:
    """Nanos. Owed when more than `share_ppm` of at least `least_calls` completed calls are short (≤ 6 s): for all of them, or
    for what lies above the share (rounded down to whole calls)."""
    if completed < least_calls or short * MILLION <= share_ppm * completed:
        return 0
    charged = short if kind == "all" else short - share_ppm * completed // MILLION
    return charged * fee_nanos
