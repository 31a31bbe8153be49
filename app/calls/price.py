"""What a test call through a product costs: the rate of the snapshot in force, the most it may cost, exact in nanos."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import lcr_core
from app.calls.models import OpenedCode
from app.clock import to_micros
from app.config import Settings
from app.errors import Invalid
from app.routing.current import decide
from app.routing.gather import fx_rates

NANOS = 10**9
OVER_SECONDS = 2
"""Between our BYE and its answer a call may go on this much longer than it was allowed to."""


class NotCallable(Invalid):
    """The product has no price for the number, or it is closed."""

    code = "not_callable"


@dataclass(frozen=True)
class Quote:
    """`terms` as lcr_core.rate_call takes them, of `currency`; `fx` base units for one unit of it, exact decimal text."""

    product_id: int
    number: str
    code: str
    destination: str
    currency: str
    terms: dict[str, Any]
    fx: str

    @property
    def rate(self) -> Decimal:
        return Decimal(self.terms["rate_nanos"]).scaleb(-9)

    def cost(self, duration_ms: int) -> Decimal:
        """In `currency`: the same function quotes and bills."""
        return cost_of(self.terms, duration_ms)

    def most(self, seconds: int) -> Decimal:
        """The most a call of at most `seconds` may cost, in the base currency, rounded up to a nano."""
        return to_base(self.cost((seconds + OVER_SECONDS) * 1000), self.fx, up=True)

    @property
    def base_rate(self) -> Decimal:
        """A minute in the base currency, rounded up to a nano."""
        return to_base(self.rate, self.fx, up=True)


def cost_of(terms: dict[str, Any], duration_ms: int) -> Decimal:
    """Exact to a nano, rounded nowhere else."""
    rounding = json.dumps({"seconds": "up", "places": 9, "mode": "none"})
    rated = json.loads(lcr_core.rate_call(json.dumps(terms), duration_ms, rounding))
    return Decimal(rated["amount_nanos"]).scaleb(-9)


def to_base(amount: Decimal, fx: str, *, up: bool = False) -> Decimal:
    """`amount` times `fx`, to a nano: half-up, or up where it is a bound."""
    whole = int(amount.scaleb(9)) * int(Decimal(fx).scaleb(9))
    nanos = -(-whole // NANOS) if up else (2 * whole + NANOS) // (2 * NANOS)
    return Decimal(nanos).scaleb(-9)


def quote(session: Session, settings: Settings, product_id: int, number: str, *, now: datetime) -> Quote:
    """Raises NotCallable with the reason the core gives, NoSnapshot before anything is published."""
    query = {
        "trunk": None, "dnis": number, "ani": None, "lrn": None, "a_lrn": None, "npdi": False, "call_id": None,
        "at_us": to_micros(now), "max": 1, "explain": True, "explain_scope": "all", "decision_id": None,
        "reference_seconds": None, "policy": None, "offers": [product_id], "sell": None,
    }  # fmt: skip
    answer = decide(settings.snapshot_dir, query)
    if answer["status"] == "blocked":
        raise NotCallable(
            f"{number} is a destination that is closed to test calls.",
            hint="Satellite, premium and emergency ranges stay closed.",
        )
    row = next((row for row in answer.get("explain") or [] if row["offer"] == product_id), None)
    if row is None or row.get("cost") is None:
        raise NotCallable(
            f"The product has no price for {number}.",
            hint="Its deck lists no code of this number that is in force.",
        )
    if row["verdict"] in ("blocked", "closed", "disabled"):
        raise NotCallable(f"The product does not take {number} now: {row['detail'] or row['verdict']}.")
    base = settings.lcr.base_currency
    fx = "1" if row["currency"] == base else fx_rates(session, base, now).get(row["currency"])
    if fx is None:
        raise NotCallable(f"There is no exchange rate from {row['currency']} to {base}.")
    cost = row["cost"]
    terms = {
        "rate_nanos": _nanos(row["rate"]), "first_rate_nanos": _nanos(cost["first_rate"]),
        "connect_fee_nanos": _nanos(cost["connect_fee"]), "initial_increment": cost["initial_increment"],
        "next_increment": cost["next_increment"], "free_seconds": cost["free_seconds"],
    }  # fmt: skip
    return Quote(product_id, number, row["code"], row["destination"] or "", row["currency"], terms, fx)


def is_open(session: Session, company_id: int, number: str, *, now: datetime) -> bool:
    """Whether the operator opened this dear destination for the company."""
    prefixes = [number[:length] for length in range(1, len(number) + 1)]
    wanted = sa.select(OpenedCode.id).where(
        OpenedCode.company_id == company_id, OpenedCode.code.in_(prefixes), OpenedCode.until > now
    )
    return session.scalar(wanted.limit(1)) is not None


def check_dear(session: Session, settings: Settings, company_id: int, found: Quote, *, now: datetime) -> None:
    """Raises NotCallable when the destination is dear and was not opened."""
    dear = Decimal(settings.calls.dear_rate)
    if found.base_rate > dear and not is_open(session, company_id, found.number, now=now):
        raise NotCallable(
            f"{found.destination or found.number} costs {found.base_rate.normalize():f} {settings.lcr.base_currency} a "
            f"minute: destinations above {dear:f} are closed to test calls.",
            hint="The exchange's operator may open it for you for a while.",
        )


def _nanos(text: str) -> int:
    return int(Decimal(text).scaleb(9))
