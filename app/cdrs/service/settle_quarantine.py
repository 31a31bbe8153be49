"""A person decides about a record in quarantine: take it (once its reason is gone, or as the right version), or drop it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import CustomerTrunk
from app.cdrs.models import CallQuarantine, CallRecord
from app.cdrs.names import Names
from app.cdrs.priced import Exchange, Priced, price
from app.cdrs.service.import_calls import announce, compiled, row_of
from app.cdrs.sums import sum_up
from app.clock import from_micros, to_micros
from app.config import Settings
from app.deals.rounding import Roundings
from app.errors import Conflict, Invalid, NotFound
from app.security.actor import Actor
from rates.records.attempt import Attempt
from rates.records.faults import WORDS, fault_of
from rates.records.intake import sort_out
from rates.settle.rate import Rated
from rates.settle.tariff import Match


def settle_quarantine(
    session: Session, settings: Settings, who: Actor, quarantine_id: int, *, take: bool, now: datetime
) -> CallQuarantine:
    """A taken correction makes a new version; the old one stays, and the sums move by the difference. Audited with both amounts.

    Raises NotFound, Conflict (settled before), Invalid (the reason still stands)."""
    query = sa.select(CallQuarantine).where(CallQuarantine.id == min(quarantine_id, 2**31 - 1))
    if not who.is_operator:
        query = query.where(CallQuarantine.company_id == who.company_id)
    line = session.scalar(query.with_for_update())
    if line is None:
        raise NotFound(f"There is no record {quarantine_id} in quarantine.", hint="The list shows yours.")
    if line.settled:
        raise Conflict(f"It was {line.settled} already.", hint="Nothing is left to decide.")
    before: dict[str, object] = {"reason": line.reason}
    after: dict[str, object] = {"settled": "taken" if take else "dropped"}
    if take:
        old, new = _take(session, settings, line, now)
        before["cost_nanos"], after["cost_nanos"] = old and old.cost_nanos, new.cost.amount_nanos
        announce(session, now)
    line.settled, line.settled_by, line.settled_at = str(after["settled"]), who.user_id, now
    record(
        session, who, action="calls.settle", obj=line, now=now, company_id=line.company_id, before=before, after=after
    )  # fmt: skip
    return line


def _take(
    session: Session, settings: Settings, line: CallQuarantine, now: datetime
) -> tuple[CallRecord | None, Priced]:
    if not line.record:
        raise Invalid("This line could not be read.", hint="Mend it in the file and send the file again.")
    found = Attempt(**line.record)
    reason = fault_of(found, now_us=to_micros(now))
    default = session.get(CustomerTrunk, line.trunk_id) if line.trunk_id else None
    names = Names(session, default.company_id if default else line.company_id)
    trunk = names.trunk(found.trunk, line.trunk_id)
    offer = names.offer(found.product, line.product_id, trunk) if trunk else None
    if reason is None and (trunk is None or offer is None):
        reason = "unknown_trunk" if trunk is None else "unknown_product"
    if reason is None and trunk and offer and not names.had_bought(trunk, offer, from_micros(found.start_us)):
        reason = "not_bought"
    if reason is not None or trunk is None or offer is None:
        raise Invalid(WORDS[reason or "unknown_product"], hint="Its reason still stands; mend that first.")
    with compiled(session, settings, [(trunk, offer)], now) as tariffs:
        exchange = Exchange.load(session, settings.lcr.base_currency)
        priced = price(found, trunk, offer, tariffs, exchange, Roundings.load(session))
    if isinstance(priced, str):
        raise Invalid(WORDS[priced], hint="Its reason still stands; mend that first.")
    old = session.scalar(
        sa.select(CallRecord)
        .where(
            CallRecord.company_id == priced.company_id, CallRecord.identity == found.identity(),
            CallRecord.current.is_(True),
        )
        .with_for_update()
    )  # fmt: skip
    if old is not None and not sort_out([found], {old.identity: old.content}).other:
        raise Conflict("This very record is stored already.", hint="Drop it here.")
    if old is not None:
        old.current = False
    session.execute(sa.insert(CallRecord), [row_of(priced, line.import_id, old.version + 1 if old else 1)])
    sum_up(session, [priced], [stored(old)] if old else [], now=now)
    return old, priced


def stored(row: CallRecord) -> Priced:
    """A stored record as it was summed up: at the prices it was rated with, never at today's."""
    record_ = Attempt(**row.record)
    cost = _rated(row.code, row.cost_currency, row.cost_rate_nanos, row.cost_billed, row.cost_nanos)
    sell, sell_base = None, None
    if row.sell_nanos is not None and row.margin_nanos is not None:
        sell = _rated(
            row.code, row.sell_currency or "", row.sell_rate_nanos or 0, row.sell_billed or 0, row.sell_nanos
        )
        sell_base = row.margin_nanos + row.cost_base_nanos
    return Priced(
        record_,
        row.trunk_id,
        row.company_id,
        row.product_id,
        row.seller_id,
        cost,
        row.cost_base_nanos,
        sell,
        sell_base,
    )


def _rated(code: str, currency: str, rate_nanos: int, billed: int, amount: int) -> Rated:
    """Only what sums are made of; the increments were applied when the record was rated."""
    match = Match(code, "", currency, rate_nanos, None, 0, 1, 1, 0, 0, 0)
    return Rated(match, billed, amount)
