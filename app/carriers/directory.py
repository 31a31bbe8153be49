"""Reads of companies and people: one's own company, and all of them for the operator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Company, CustomerTrunk, Product
from app.errors import NotFound
from app.security.actor import Actor
from app.security.models import User
from app.security.second_factor import has_second_factor


def person_of(session: Session, user_id: int, actor: Actor) -> User:
    """The person, if of the actor's company (the operator sees all). Raises NotFound."""
    found = session.get(User, user_id)
    if found is None or (found.company_id != actor.company_id and not actor.is_operator):
        raise NotFound("There is no such person.")
    return found


def company_of(session: Session, actor: Actor) -> Company:
    return session.get_one(Company, actor.company_id)


@dataclass(frozen=True)
class PersonRow:
    id: int
    name: str
    email: str
    role: str
    active: bool
    last_seen: datetime | None
    two_factor: bool


def people(session: Session, actor: Actor) -> list[PersonRow]:
    users = session.scalars(sa.select(User).where(User.company_id == actor.company_id).order_by(User.email))
    return [
        PersonRow(
            u.id, u.name, u.email, ", ".join(sorted(r.name for r in u.roles)), u.active, u.current_login_at,
            has_second_factor(u),
        )
        for u in users
    ]  # fmt: skip


@dataclass(frozen=True)
class CompanyRow:
    id: int
    name: str
    country: str
    currency: str
    sides: str
    status: str
    products: int
    trunks: int
    people: int


def companies(session: Session) -> list[CompanyRow]:
    """All companies with counts; for the operator's pages only."""

    def count(model: type[Product] | type[CustomerTrunk] | type[User]) -> sa.ScalarSelect[int]:
        return (
            sa.select(sa.func.count())
            .select_from(model)
            .where(model.company_id == Company.id)
            .correlate(Company)
            .scalar_subquery()
        )

    query = sa.select(Company, count(Product), count(CustomerTrunk), count(User)).order_by(Company.name)
    return [
        CompanyRow(c.id, c.name, c.country, c.currency, sides(c), c.status, products, trunks, users)
        for c, products, trunks, users in session.execute(query)
    ]


def sides(company: Company) -> str:
    words = [(company.is_operator, "operator"), (company.sells, "seller"), (company.buys, "buyer")]
    return ", ".join(word for yes, word in words if yes) or "none"


@dataclass(frozen=True)
class Relations:
    """What the loop guard knows: `group` and `upstreams` (slugs) of the company, names of its group, and what may be chosen."""

    group: str
    upstreams: list[str]
    kin: list[str]
    groups: list[str]
    sellers: list[tuple[str, str]]


def relations(session: Session, company: Company) -> Relations:
    """For the operator's page only."""
    others = list(session.scalars(sa.select(Company).where(Company.id != company.id).order_by(Company.name)))
    group = str(company.facts.get("group") or "")
    upstreams = list(company.facts.get("upstreams") or ())
    return Relations(
        group,
        upstreams,
        [c.name for c in others if group and str(c.facts.get("group") or "").casefold() == group.casefold()],
        sorted({str(c.facts["group"]) for c in others if c.facts.get("group")}),
        [(c.slug, c.name) for c in others if c.sells or c.slug in upstreams],
    )


def company_by_id(session: Session, company_id: int) -> Company:
    """Any company; for the operator's pages only. Raises NotFound."""
    found = session.get(Company, company_id)
    if found is None:
        raise NotFound("There is no such company.")
    return found
