"""Peering: each side ends the other's calls to what it brings. Typed terms, and the exact formula of a month.

    h, l  = billed seconds of the direction that carried more, and of the other
    over  = max(0, h − ratio · l), 0 while h stays below judged_from_minutes
    owed  = over / 60 · rate of the direction that carried more   (hybrid; 0 under bill and keep)

Within the ratio each side keeps what it bills its own customers and owes the other nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import msgspec

RATIO_MAX = Decimal(1_000)
CODES_MAX = 1_000
SETTLEMENTS = ("bill_and_keep", "hybrid")
SETTLED_BY = {"bill_and_keep": "bill and keep", "hybrid": "hybrid: paid above the ratio"}


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: str
    destination: str = ""


class Lane(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One direction: what this side ends for the other, and what a minute above the ratio costs there."""

    brings: tuple[Place, ...]
    rate: str = "0"


class Peering(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`seller`: whose offer it was; `buyer`: who answered it, with its product `product_id`. Whoever sends one direction
    more than `ratio` times the other is beyond the ratio."""

    settlement: Literal["bill_and_keep", "hybrid"]
    seller: Lane
    buyer: Lane
    product_id: int
    ratio: str = "2"
    judged_from_minutes: int = 0

    def lane(self, side: str) -> Lane:
        return self.buyer if side == "buyer" else self.seller


@dataclass(frozen=True)
class Balance:
    """Billed seconds each way; `payer` (buyer | seller | empty) sent `over_seconds`, rounded down, beyond the ratio and
    owes `owed_nanos`, which was counted of the exact value and rounded once to the nano."""

    to_seller_seconds: int
    to_buyer_seconds: int
    payer: str
    over_seconds: int
    owed_nanos: int


def balance(peering: Peering, to_seller_seconds: int, to_buyer_seconds: int) -> Balance:
    """`to_seller_seconds`: of the calls the buyer sent to what the seller brings."""
    heavy, light = max(to_seller_seconds, to_buyer_seconds), min(to_seller_seconds, to_buyer_seconds)
    over = max(Fraction(0), heavy - Fraction(peering.ratio) * light)
    if heavy < peering.judged_from_minutes * 60 or not over:
        return Balance(to_seller_seconds, to_buyer_seconds, "", 0, 0)
    payer = "buyer" if to_seller_seconds > to_buyer_seconds else "seller"
    owed = 0
    if peering.settlement == "hybrid":
        lane = peering.lane("seller" if payer == "buyer" else "buyer")
        exact = over / 60 * Fraction(lane.rate) * 10**9
        owed = int(exact + Fraction(1, 2))
    return Balance(to_seller_seconds, to_buyer_seconds, payer, int(over), owed)


def places_words(lane: Lane, most: int = 12) -> str:
    """Codes with their names, the first of them."""
    shown = [f"{place.code} {place.destination}".strip() for place in lane.brings[:most]]
    more = len(lane.brings) - most
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
