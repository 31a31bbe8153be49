"""An agreed deal becomes a document that both sides can sign; an amendment becomes the next version of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Company, CustomerTrunk
from app.deals.document import digest, document_of
from app.deals.models import Agreement, AgreementVersion, Deal, Template
from app.deals.queries import agreement_of, open_version, side_of, versions_of
from app.deals.service.peer import check_peering
from app.deals.service.take import begin
from app.deals.templates_seed import standard_template
from app.deals.terms import Terms, as_json, read_terms
from app.errors import Conflict, Invalid
from app.security.actor import Actor


def draft_agreement(session: Session, who: Actor, deal: Deal, *, side: str, now: datetime) -> Agreement:
    """Agreement and version 1, for all of the buyer's trunks in use."""
    trunks = sa.select(CustomerTrunk.id).where(
        CustomerTrunk.company_id == deal.buyer_id, CustomerTrunk.enabled
    )
    agreement = Agreement(
        deal_id=deal.id, seller_id=deal.seller_id, buyer_id=deal.buyer_id,
        trunk_ids=sorted(session.scalars(trunks)), created_at=now,
    )  # fmt: skip
    begin(session, who, agreement, "draft", side=side, now=now)
    _draw(
        session,
        who,
        agreement,
        read_terms(deal.terms),
        standard_template(session, now=now),
        side=side,
        reason="",
        now=now,
    )
    return agreement


def amend(
    session: Session,
    who: Actor,
    agreement_id: int,
    *,
    terms: Terms,
    effective_from: datetime | None,
    reason: str,
    now: datetime,
) -> AgreementVersion:
    """Propose the next version; the one before stays in force until both have signed and the new one begins.

    `effective_from` None: with the second signature. Raises Conflict while another version waits, NotFound, Invalid.
    """
    agreement = agreement_of(session, agreement_id, who)
    side = side_of(who, agreement)
    if agreement.state != "concluded":
        raise Conflict(f"The agreement is {agreement.state}; only a concluded one is amended.")
    # Two amendments at once: the row is the lock, the unique number the guard.
    session.execute(sa.update(Agreement).where(Agreement.id == agreement.id).values(state=Agreement.state))
    if open_version(session, agreement.id) is not None:
        raise Conflict("A version waits for signatures already.", hint="Sign it or take it back first.")
    before = agreement.deal.terms
    check_peering(
        session, terms, buyer_id=agreement.buyer_id, currency=before["currency"], peers=bool(before.get("peering"))
    )  # fmt: skip
    if terms.peering is not None and terms.peering.product_id != before["peering"]["product_id"]:
        raise Invalid(
            "An amendment keeps the peer's product.", hint="Make another peering for another product."
        )
    if effective_from is not None and effective_from <= now:
        raise Invalid("An amendment takes effect ahead.", hint="Leave it empty: with the second signature.")
    if (
        agreement.effective_from is not None
        and effective_from is not None
        and effective_from < agreement.effective_from
    ):
        raise Invalid("An amendment cannot begin before the agreement.")
    newest = versions_of(session, agreement.id)[-1].template
    terms = msgspec.structs.replace(terms, starts=effective_from)
    return _draw(session, who, agreement, terms, newest, side=side, reason=reason.strip()[:2000], now=now)


def _draw(
    session: Session,
    who: Actor,
    agreement: Agreement,
    terms: Terms,
    template: Template,
    *,
    side: str,
    reason: str,
    now: datetime,
) -> AgreementVersion:
    number = len(versions_of(session, agreement.id)) + 1
    starts = terms.starts
    document = document_of(
        agreement_id=agreement.id, number=number, template=_plain(template), parties=_parties(agreement),
        product=agreement.deal.product.name, route_class=agreement.deal.product.route_class, terms=terms,
        starts=f"on {starts:%Y-%m-%d %H:%M:%S} UTC" if starts else "with the second signature",
        trunks=_trunks(session, agreement), reason=reason,
    )  # fmt: skip
    version = AgreementVersion(
        agreement_id=agreement.id, number=number, template_id=template.id, terms=as_json(terms), document=document,
        sha256=digest(document), wished_from=starts, proposed_by=who.company_id, reason=reason, created_at=now,
    )  # fmt: skip
    begin(session, who, version, "draw", side=side, now=now, note=reason, terms=version.terms)
    return version


def _plain(template: Template) -> dict[str, Any]:
    return {
        "name": template.name,
        "number": template.number,
        "clauses": template.clauses,
        "schedule": template.schedule,
    }


def _parties(agreement: Agreement) -> dict[str, dict[str, str]]:
    def party(company: Company) -> dict[str, str]:
        return {"name": company.name, "country": company.country}

    return {"seller": party(agreement.seller), "buyer": party(agreement.buyer)}


def _trunks(session: Session, agreement: Agreement) -> list[str]:
    """How many, not their names: those are the buyer's own."""
    return [f"trunk {number}" for number in agreement.trunk_ids]
