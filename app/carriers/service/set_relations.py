"""Say which companies belong together and from whom a company buys: its calls are never sent back to these."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import Company
from app.carriers.service.announce import announce_rights
from app.errors import Invalid, NotFound
from app.security.actor import Actor

WORDS = ("group", "upstreams")


def set_relations(
    session: Session, actor: Actor, company_id: int, *, group: str, upstreams: list[str], now: datetime
) -> Company:
    """`group`: a name several companies share, "" for none; `upstreams`: slugs. Only the operator does this.

    Raises NotFound for an unknown company, Invalid for an unknown slug or the company's own.
    """
    company = session.get(Company, company_id)
    if company is None or not actor.is_operator:
        raise NotFound("There is no such company.")
    known = set(session.scalars(sa.select(Company.slug)))
    for slug in upstreams:
        if slug not in known or slug == company.slug:
            raise Invalid(f"{slug} cannot be an upstream of {company.name}.", field="upstreams")
    before = {word: company.facts.get(word) for word in WORDS}
    after = {"group": group, "upstreams": sorted(set(upstreams))}
    rest = {word: value for word, value in company.facts.items() if word not in WORDS}
    company.facts = rest | {word: value for word, value in after.items() if value}
    session.flush()
    record(session, actor, action="company.relations", obj=company, before=before, after=after, now=now,
           company_id=company.id)  # fmt: skip
    announce_rights(session, "company relations changed", now=now)
    return company
