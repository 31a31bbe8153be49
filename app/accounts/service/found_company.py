"""A person who belongs to no company founds one; it starts in the sandbox."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import Company
from app.carriers.service.manage_people import role_named
from app.carriers.service.save_company import free_slug
from app.errors import Conflict, Invalid
from app.security.actor import actor_of_user
from app.security.models import User


def found_company(
    session: Session, user: User, *, name: str, country: str, currency: str, sells: bool, buys: bool,
    ip: str | None, now: datetime,
) -> Company:  # fmt: skip
    """The company, with this person as its owner. Raises Conflict for somebody who has one, Invalid without a side."""
    if not (sells or buys):
        raise Invalid("Say whether the company sells routes, buys them, or both.")
    if user.confirmed_at is None:
        raise Conflict("Confirm your e-mail address first.")
    # Two clicks at once found one company: the second waits for this row, and finds the person in a company.
    alone = session.execute(
        sa.update(User)
        .where(User.id == user.id, User.company_id.is_(None))
        .values(active=User.active)
        .returning(User.id)
        .execution_options(synchronize_session=False)
    ).first()
    if alone is None:
        raise Conflict("You belong to a company already.")
    company = Company(
        slug=free_slug(session, name), name=name, country=country, currency=currency, sells=sells, buys=buys,
        status="sandbox", facts={}, created_at=now,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(company)
    except sa.exc.IntegrityError as fault:
        raise Conflict(
            "A company of that name was founded at the same moment.", hint="Found it once more."
        ) from fault
    user.company_id = company.id
    user.roles = [role_named(session, "owner", company)]
    session.flush()
    who = actor_of_user(session, user, ip)
    assert who is not None
    record(session, who, action="company.found", obj=company, now=now,
           after={"name": name, "country": country, "sells": sells, "buys": buys, "owner": user.email})  # fmt: skip
    return company
