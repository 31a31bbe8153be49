"""The simulator's question: who asks, what they may see, and what they want to try out.

The answer is the core's own, over the same snapshot as the edge: screen and switch cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Company, CustomerTrunk, Product
from app.carriers.queries import customer_trunk_of
from app.carriers.sight import sight
from app.clock import to_micros
from app.errors import Invalid
from app.routing.caller import caller_number, routing_number
from app.routing.current import decide
from app.routing.dialled import dialled
from app.security.actor import Actor

# Policies one can try without having them on a trunk; the score is the worked example of the domain reference.
PRESETS: dict[str, dict[str, Any]] = {
    "cost": {"kind": "cost"},
    "cost_delta": {"kind": "cost_delta", "delta_ppm": 50_000},
    "priority": {"kind": "priority"},
    "percentage": {"kind": "percentage"},
    "quality": {"kind": "quality", "floor_asr_ppm": 400_000, "floor_acd_ms": 90_000, "ceiling_pdd_ms": 6_000},
    "score": {
        "kind": "score", "w_cost_ppm": 500_000, "w_asr_ppm": 200_000, "w_acd_ppm": 100_000, "w_pdd_ppm": 200_000,
        "asr_target_ppm": 550_000, "acd_target_ms": 180_000, "pdd_max_ms": 8_000,
    },
}  # fmt: skip
PRESET_LABELS = {
    "": "the trunk's own",
    "cost": "cost",
    "cost_delta": "cost within 5 %, then priority",
    "priority": "priority groups, cost inside",
    "percentage": "shared by the products' weights",
    "quality": "floors ASR 40 %, ACD 90 s, PDD 6 s, then cost",
    "score": "score: cost 50, ASR 20, ACD 10, PDD 20",
}


@dataclass(frozen=True)
class Question:
    """What was typed. `at` aware; `sell` per minute in the base currency."""

    number: str
    at: datetime
    trunk_id: int | None = None
    ani: str | None = None
    lrn: str | None = None
    a_lrn: str | None = None
    policy: str = ""
    reference_seconds: int | None = None
    max_routes: int | None = None
    sell: Decimal | None = None


def trunk_choices(session: Session, actor: Actor) -> list[tuple[int, str]]:
    """Trunks the actor may ask as: its own, the operator every one."""
    wanted = sa.select(CustomerTrunk, Company.name).join(Company, Company.id == CustomerTrunk.company_id)
    if not actor.is_operator:
        wanted = wanted.where(CustomerTrunk.company_id == actor.company_id)
    rows = session.execute(wanted.order_by(Company.name, CustomerTrunk.name))
    return [
        (trunk.id, f"{company}: {trunk.name}" if actor.is_operator else trunk.name) for trunk, company in rows
    ]


def simulate(
    session: Session, actor: Actor, root: Path, asked: Question, *, base_currency: str
) -> dict[str, Any]:
    """The decision with its explanation, as docs/decision.md 7 has it.

    Offers that are neither listed, nor granted to the trunk, nor the actor's own stay out of sight. Raises NotFound
    for a foreign trunk, Invalid for a question that makes no sense.
    """
    trunk = None
    if asked.trunk_id is not None:
        trunk = customer_trunk_of(session, asked.trunk_id, None if actor.is_operator else actor.company_id)
    read = dialled(trunk, asked.number)
    query: dict[str, Any] = {
        "trunk": trunk.id if trunk else None,
        "dnis": read.number,
        "ani": caller_number(asked.ani),
        "lrn": asked.lrn or read.lrn,
        "a_lrn": routing_number(asked.a_lrn),
        "npdi": read.npdi,
        "call_id": None,
        "at_us": to_micros(asked.at),
        "max": asked.max_routes,
        "explain": True,
        "explain_scope": "all" if actor.is_operator else "caller",
        "decision_id": None,
        "reference_seconds": asked.reference_seconds,
        "policy": _policy(asked, trunk),
        "offers": None,
        "sell": _sell(asked, base_currency),
    }
    if trunk is None and not actor.is_operator:
        query["offers"] = visible_offers(session, actor)
        query["explain_scope"] = "all"
    answer = decide(root, query)
    if query["offers"] is not None or actor.sandbox:
        # Before approval a trunk of one's own does not show more than the market does.
        seen = set(visible_offers(session, actor) if query["offers"] is None else query["offers"])
        answer["explain"] = [row for row in answer.get("explain") or [] if row["offer"] in seen]
    return answer


def visible_offers(session: Session, actor: Actor) -> list[int]:
    """Ids of what the market shows by name, and of the actor's own products."""
    return list(
        session.scalars(
            sa.select(Product.id)
            .where(
                sa.or_(Product.listed.is_(True), Product.company_id == actor.company_id),
                Product.id.not_in(sight(session, actor).unnamed),
            )
            .order_by(Product.id)
        )
    )


def _policy(asked: Question, trunk: CustomerTrunk | None) -> dict[str, Any] | None:
    if asked.policy and asked.policy not in PRESETS:
        raise Invalid(f"There is no policy {asked.policy}.", hint=f"Choose one of {', '.join(PRESETS)}.")
    policy = dict(PRESETS[asked.policy]) if asked.policy else None
    if asked.sell is not None:
        # A sell rate is typed to see what the guard would do.
        policy = policy if policy is not None else dict(trunk.policy if trunk else {"kind": "cost"})
        if policy.get("guard", "off") == "off":
            policy["guard"] = "no_loss"
    return policy


def _sell(asked: Question, base_currency: str) -> dict[str, Any] | None:
    if asked.sell is None:
        return None
    nanos = asked.sell * 10**9
    if nanos != nanos.to_integral_value() or nanos < 0:
        raise Invalid(f"{asked.sell} is not a sell rate.", hint="At most nine decimals, not negative.")
    return {"rate_nanos": int(nanos), "currency": base_currency}


@dataclass(frozen=True)
class Change:
    """One offer in two answers."""

    offer: int
    vendor: str
    product: str
    was: dict[str, Any] | None
    now: dict[str, Any] | None

    @property
    def differs(self) -> bool:
        keys = ("verdict", "rank", "eff", "code")
        return any((self.was or {}).get(key) != (self.now or {}).get(key) for key in keys)


def compare(first: dict[str, Any], second: dict[str, Any]) -> list[Change]:
    """Offers of either answer in the order of the first, then those only in the second."""
    before = {row["offer"]: row for row in first.get("explain") or []}
    after = {row["offer"]: row for row in second.get("explain") or []}
    changes = []
    for offer in [*before, *(o for o in after if o not in before)]:
        row = before.get(offer) or after[offer]
        changes.append(Change(offer, row["vendor"], row["product"], before.get(offer), after.get(offer)))
    return changes
