"""A month of a peering: the calls of both directions, and who owes what above the ratio."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.billing.calls import Usage, usage
from app.deals.models import Agreement
from app.deals.peering import Peering, balance


@dataclass(frozen=True)
class Peered:
    """`back`: calls the seller sent to the buyer. `payer` (buyer | seller | empty) sent `over_seconds` beyond the ratio and
    owes `owed_nanos`: 0 under bill and keep. Seconds are billed seconds of the whole month so far."""

    settlement: str
    ratio: str
    to_seller_seconds: int
    to_buyer_seconds: int
    payer: str
    over_seconds: int
    owed_nanos: int
    back: tuple[Usage, ...]

    @property
    def for_buyer_nanos(self) -> int:
        """What it adds to the buyer's account: less than 0 where the seller owes."""
        return self.owed_nanos if self.payer == "buyer" else -self.owed_nanos


def peered(
    session: Session, agreement: Agreement, peering: Peering | None, to_seller: list[Usage], start: datetime, end: datetime
) -> Peered | None:  # fmt: skip
    """`to_seller`: the calls of the buyer in `[start, end)`."""
    if peering is None:
        return None
    back = usage(session, agreement, start, end, back=True)
    found = balance(
        peering, sum(line.billed_seconds for line in to_seller), sum(line.billed_seconds for line in back)
    )
    return Peered(
        peering.settlement, peering.ratio, found.to_seller_seconds, found.to_buyer_seconds, found.payer, found.over_seconds,
        found.owed_nanos, tuple(line for line in back if line.calls),
    )  # fmt: skip


def read_peered(kept: dict[str, Any] | None) -> Peered | None:
    """Back from JSON."""
    if kept is None:
        return None
    return Peered(**{**kept, "back": tuple(Usage(**line) for line in kept["back"])})
