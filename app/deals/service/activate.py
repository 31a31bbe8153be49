"""From signature to routes: the product the buyer's trunks get, its prices, its grants; and the end of all that."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import CustomerTrunk, Product
from app.carriers.service.announce import announce_rights
from app.config import Settings
from app.deals.models import Agreement, AgreementVersion, Deal
from app.deals.peering import Peering
from app.deals.queries import agreement_of, missed_in_a_row, open_version, side_of, version_at
from app.deals.rounding import rounding_of
from app.deals.service.lay_rates import lay_rates
from app.deals.service.take import take
from app.deals.terms import Terms, read_terms
from app.errors import Conflict, Invalid
from app.jobs.service import enqueue
from app.market.service.grant_by_agreement import cut_off, grant_by_agreement, reschedule
from app.security.actor import Actor
from rates.settle.rate import Rounding

SLA_TRIGGER = "sla_missed_3_months"


def activate(
    session: Session,
    who: Actor,
    agreement: Agreement,
    version: AgreementVersion,
    *,
    settings: Settings,
    now: datetime,
) -> None:
    """Grants `[effective_from, until)` for the buyer's trunks in the transaction of the second signature.

    The first version also ends, at the same instant, what those trunks had bought of the product before: the
    negotiated prices come in its place. Raises Conflict when another agreement covers product and buyer then.
    """
    terms = read_terms(version.terms)
    start = version.effective_from or now
    base = agreement.deal.product
    first = version.number == 1
    peers = terms.peering is not None
    if first:
        _alone(session, agreement, start, peers=peers)
        agreement.effective_from = start
    begun = agreement.effective_from or start
    agreement.effective_until = months_after(begun, terms.term_months) if terms.term_months else None
    if agreement.effective_until is not None and agreement.effective_until <= start:
        raise Invalid("The term would be over before this version begins.", hint="Agree on a longer term.")
    if first and terms.trial is not None:
        agreement.trial_until = start + timedelta(days=terms.trial.days)
    trunks = _trunks(session, agreement)
    current = agreement.product
    wanted = (
        own_product(session, who, agreement, base, now)
        if current is None and _needs_own(terms)
        else (current or base)
    )
    if current is not None and current.id == base.id and _needs_own(terms):
        wanted = own_product(session, who, agreement, base, now)
    if first and not peers:  # a peering stands beside what is bought of the product
        cut_off(session, who, at=start, now=now, product_id=base.id, trunk_ids=trunks)
    if current is None or wanted.id != current.id:
        if current is not None:
            cut_off(session, who, at=start, now=now, agreement_id=agreement.id)
        agreement.product_id, agreement.product = wanted.id, wanted
        grant_by_agreement(
            session, who, agreement_id=agreement.id, product=wanted, buyer_id=agreement.buyer_id, trunk_ids=trunks,
            start=start, until=agreement.effective_until, now=now,
        )  # fmt: skip
    else:
        reschedule(session, who, agreement_id=agreement.id, until=agreement.effective_until, now=now)
    if terms.peering is not None and agreement.back_product_id is None:
        grant_back(session, who, agreement, terms.peering, start=start, now=now)
    session.flush()
    lay_rates(session, agreement, settings=settings, now=now)
    announce_rights(session, f"agreement {agreement.id}", now=now)
    enqueue(
        session, "snapshot.build", title="Build the routing snapshot", arguments={"reason": f"agreement {agreement.id}"},
        now=now, coalesce=True,
    )  # fmt: skip


def terminate(
    session: Session, who: Actor, agreement_id: int, *, at: datetime | None, reason: str, now: datetime
) -> Agreement:
    """Give notice. `at` None: the earliest end, the agreed days from now. Raises Invalid for an earlier one, IllegalMove."""
    agreement = agreement_of(session, agreement_id, who)
    side = side_of(who, agreement)
    if not reason.strip():
        raise Invalid("Notice needs a reason.", hint="One sentence; the other side reads it.")
    earliest = now + timedelta(days=notice_of(session, agreement, now))
    end = at or earliest
    if end < earliest:
        raise Invalid(
            f"Notice runs until {earliest:%Y-%m-%d %H:%M:%S} UTC at least.", hint="Choose a later end."
        )
    if agreement.effective_until is not None:
        end = min(end, agreement.effective_until)
    stop(session, who, agreement, "terminate", side=side, at=end, note=reason.strip()[:2000], now=now)
    return agreement


def notice_of(session: Session, agreement: Agreement, now: datetime) -> int:
    """Days of notice of the version in force; none once its trigger of three months with a missed promise is met."""
    version = version_at(session, agreement.id, now)
    if version is None:
        return 0
    schedule = read_terms(version.terms).schedule
    if SLA_TRIGGER in schedule.termination_triggers and missed_in_a_row(session, agreement.id) >= 3:
        return 0
    return schedule.termination_days


def stop(
    session: Session,
    who: Actor,
    agreement: Agreement,
    action: str,
    *,
    side: str,
    at: datetime,
    note: str,
    now: datetime,
) -> None:
    """Terminated at `at`: the grants end there, to the microsecond; an amendment that waits for signatures lapses."""
    take(session, who, agreement, action, side=side, now=now, note=note, effective_until=at)
    waiting = open_version(session, agreement.id)
    if waiting is not None:
        take(session, who, waiting, "lapse", side="system", now=now, note="The agreement ends.")
    cut_off(session, who, at=at, now=now, agreement_id=agreement.id)
    announce_rights(session, f"agreement {agreement.id} ended", now=now)


def months_after(start: datetime, months: int) -> datetime:
    """The same day and time so many months later (UTC), or that month's last day where it is shorter."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return start.replace(year=year, month=month + 1, day=min(start.day, monthrange(year, month + 1)[1]))


def _needs_own(terms: Terms) -> bool:
    """Whether the buyer gets other prices, limits or measurements than whoever else buys the product."""
    v = terms.volume
    rounded = rounding_of(terms.schedule) != Rounding()
    return bool(
        terms.rates
        or terms.peering
        or terms.trial
        or v.cap_minutes
        or v.channels
        or v.calls_per_second
        or rounded
    )


def own_product(session: Session, who: Actor, agreement: Agreement, base: Product, now: datetime) -> Product:
    """`base` with the agreement's prices in place of its own."""
    own = Product(
        company_id=base.company_id, vendor_trunk_id=base.vendor_trunk_id, name=f"{base.name[:56]} · agreement {agreement.id}",
        route_class=base.route_class, currency=base.currency, tech_prefix=base.tech_prefix, priority=base.priority,
        unlisted_rule=base.unlisted_rule, notice_days=base.notice_days, timeout_ms=base.timeout_ms, enabled=True,
        listed=False, lrn_rated=base.lrn_rated, routing={}, derived_from=base.id, created_at=now,
    )  # fmt: skip
    session.add(own)
    session.flush()
    record(session, who, action="product.derive", obj=own, after={"from": base.id, "agreement": agreement.id}, now=now,
           company_id=base.company_id)  # fmt: skip
    return own


def _trunks(session: Session, agreement: Agreement) -> list[int]:
    """Those of the agreement that the buyer still has."""
    wanted = sa.select(CustomerTrunk.id).where(
        CustomerTrunk.id.in_(agreement.trunk_ids), CustomerTrunk.company_id == agreement.buyer_id
    )
    found = sorted(session.scalars(wanted))
    if not found:
        raise Conflict(
            "The buyer has no trunk that could use this.", hint="Create a trunk, then agree again."
        )
    return found


def grant_back(
    session: Session, who: Actor, agreement: Agreement, peering: Peering, *, start: datetime, now: datetime
) -> None:
    """The other direction of a peering: the buyer's product for all trunks that the seller has in use."""
    wanted = sa.select(CustomerTrunk.id).where(
        CustomerTrunk.company_id == agreement.seller_id, CustomerTrunk.enabled
    )
    trunks = sorted(session.scalars(wanted))
    if not trunks:
        raise Conflict("The seller has no trunk that could send calls.", hint="Create a trunk, then sign.")
    base = session.get_one(Product, peering.product_id)
    own = own_product(session, who, agreement, base, now)
    agreement.back_product_id, agreement.back_product, agreement.back_trunk_ids = own.id, own, trunks
    grant_by_agreement(
        session, who, agreement_id=agreement.id, product=own, buyer_id=agreement.seller_id, trunk_ids=trunks,
        start=start, until=agreement.effective_until, now=now,
    )  # fmt: skip


def _alone(session: Session, agreement: Agreement, start: datetime, *, peers: bool) -> None:
    """Two agreements at once about one product and buyer would price a call twice; a peering beside a purchase does not:
    each has a product of its own."""
    peered = Agreement.back_product_id
    base_id = agreement.deal.product_id
    rival = session.scalar(
        sa.select(Agreement.id)
        .join(Deal, Deal.id == Agreement.deal_id)
        .where(
            Agreement.id != agreement.id, Agreement.buyer_id == agreement.buyer_id, Deal.product_id == base_id,
            Agreement.state.in_(("concluded", "terminated")),
            peered.is_not(None) if peers else peered.is_(None),
            sa.or_(Agreement.effective_until.is_(None), Agreement.effective_until > start),
        )
    )  # fmt: skip
    if rival is not None:
        raise Conflict(
            f"Agreement {rival} already covers this product for this buyer.",
            hint="Amend it, or let it end first.",
        )
