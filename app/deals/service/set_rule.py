"""The company's own rule of two persons."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from app.audit.record import record
from app.deals.models import TradeRule
from app.errors import Invalid
from app.security.actor import Actor


def set_rule(
    session: Session, who: Actor, *, second_person_above: Decimal | None, now: datetime
) -> TradeRule:
    """None: one person is enough. Raises Invalid."""
    if second_person_above is not None and not 0 <= second_person_above < 10**10:
        raise Invalid("A limit is an amount from 0 on.")
    rule = session.get(TradeRule, who.company_id)
    before = {"second_person_above": rule.second_person_above} if rule else {}
    if rule is None:
        rule = TradeRule(company_id=who.company_id)
        session.add(rule)
    rule.second_person_above = (
        None if second_person_above is None else second_person_above.quantize(Decimal("0.01"))
    )
    session.flush()
    record(session, who, action="trade_rule.set", obj=("trade_rule", who.company_id), before=before,
           after={"second_person_above": rule.second_person_above}, now=now)  # fmt: skip
    return rule
