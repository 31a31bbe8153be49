"""What a new rate card changes for the buyer, code by code, on effective price."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from ratecards.match import eff_nanos, longest, terms_by_code


@dataclass(frozen=True)
class CardChange:
    """`label`: NEW, INCREASE, DECREASE, TERMS_CHANGED, CLOSED. Nanos per minute of a 180 s call; None where there is no price."""

    code: str
    destination: str
    label: str
    old_nanos: int | None
    new_nanos: int | None


def card_changes(old: pa.Table, new: pa.Table, *, reference_seconds: int = 180) -> list[CardChange]:
    """Changes for every code of either card, each priced by longest match in both; unchanged codes are left out."""
    before, after = terms_by_code(old), terms_by_code(new)
    changes = []
    for code in sorted(before.keys() | after.keys()):
        was, now = longest(before, code), longest(after, code)
        if now is None:
            if was is not None:
                changes.append(
                    CardChange(code, was.destination, "CLOSED", eff_nanos(was, reference_seconds), None)
                )
            continue
        price = eff_nanos(now, reference_seconds)
        if was is None:
            changes.append(CardChange(code, now.destination, "NEW", None, price))
            continue
        short = (eff_nanos(was, 30), eff_nanos(now, 30))
        long = (eff_nanos(was, reference_seconds), price)
        if long[1] != long[0] or short[1] != short[0]:
            up = long[1] > long[0] or (long[1] == long[0] and short[1] > short[0])
            changes.append(
                CardChange(code, now.destination, "INCREASE" if up else "DECREASE", long[0], long[1])
            )
        elif (was.initial_increment, was.next_increment) != (now.initial_increment, now.next_increment):
            changes.append(CardChange(code, now.destination, "TERMS_CHANGED", long[0], long[1]))
    return changes
