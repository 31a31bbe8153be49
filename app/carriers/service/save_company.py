"""Create a company, change its facts, suspend or open it again."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import Company
from app.carriers.service.announce import announce_rights
from app.errors import Conflict, Forbidden, NotFound
from app.security.actor import Actor

FIELDS = ("name", "country", "currency", "facts")


def slug_of(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "company"


def free_slug(session: Session, name: str) -> str:
    """A short name nobody has; a taken one gets a number, so that asking tells nothing."""
    slug, number = slug_of(name), 1
    while session.scalar(sa.select(Company.id).where(Company.slug == slug)) is not None:
        number += 1
        slug = f"{slug_of(name)[:36]}-{number}"
    return slug


def create_company(session: Session, actor: Actor, values: dict[str, Any], *, now: datetime) -> Company:
    """A new company with its sides; only the operator does this."""
    if not actor.is_operator:
        raise Forbidden("Only the operator adds companies.")
    slug = slug_of(values["name"])
    if session.scalar(sa.select(Company.id).where(Company.slug == slug)) is not None:
        raise Conflict(f"There is already a company {values['name']}.", hint="Choose another name.")
    company = Company(slug=slug, created_at=now, facts={}, status="active", **values)
    session.add(company)
    session.flush()
    record(session, actor, action="company.create", obj=company, after=values, now=now, company_id=company.id)
    return company


def edit_company(session: Session, actor: Actor, values: dict[str, Any], *, now: datetime) -> Company:
    """The company's own facts; sides and status are the operator's."""
    company = session.get_one(Company, actor.company_id)
    before = {name: getattr(company, name) for name in FIELDS}
    for name in FIELDS:
        setattr(company, name, values[name])
    session.flush()
    record(session, actor, action="company.edit", obj=company, before=before, after=values, now=now)
    announce_rights(session, "company changed", now=now)
    return company


def set_status(session: Session, actor: Actor, company_id: int, status: str, *, now: datetime) -> Company:
    """active or suspended; a suspended company's people and keys are refused at once."""
    company = session.get(Company, company_id)
    if company is None or not actor.is_operator:
        raise NotFound("There is no such company.")
    if company.is_operator:
        raise Conflict("The operator's own company cannot be suspended.")
    before, company.status = company.status, status
    session.flush()
    record(session, actor, action="company.status", obj=company, before={"status": before},
           after={"status": status}, now=now, company_id=company.id)  # fmt: skip
    announce_rights(session, "company changed", now=now)
    return company
