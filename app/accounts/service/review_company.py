"""Ask for approval; approve or refuse. Until then the company works in the sandbox."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.checklist import steps_of
from app.accounts.models import Review
from app.audit.record import record
from app.carriers.models import Company
from app.carriers.service.announce import announce_rights
from app.config import Mail
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.mail.service.write_mail import write_mail
from app.security.actor import Actor
from app.security.models import Role, User


def submit_company(session: Session, actor: Actor, *, now: datetime) -> Review:
    """Into the operator's queue. Raises Conflict when it is there or approved, Invalid while needed steps are open."""
    company = session.get_one(Company, actor.company_id)
    missing = [step.title for step in steps_of(session, company) if step.needed and not step.done]
    if missing:
        raise Invalid(f"Still to do: {', '.join(missing)}.", hint="The checklist links to each.")
    before = company.status
    _move(session, company, ("sandbox", "refused"), "submitted")
    review = Review(company_id=company.id, submitted_at=now, submitted_by=actor.user_id)
    session.add(review)
    session.flush()
    record(session, actor, action="company.submit", obj=company, before={"status": before},
           after={"status": "submitted"}, now=now)  # fmt: skip
    return review


def decide_company(
    session: Session,
    actor: Actor,
    company_id: int,
    *,
    approve: bool,
    note: str,
    settings: Mail,
    now: datetime,
) -> Company:
    """The operator's word; its owners get a mail. Raises NotFound, Conflict when it does not wait (any more)."""
    if not actor.is_operator:
        raise Forbidden("Only the operator approves companies.")
    company = session.get(Company, company_id)
    if company is None:
        raise NotFound("There is no such company.")
    if not approve and not note.strip():
        raise Invalid("Say what is missing.", hint="The company's owners read it.")
    status = "active" if approve else "refused"
    _move(session, company, ("submitted",), status)
    review = session.scalars(
        sa.select(Review)
        .where(Review.company_id == company.id, Review.decided_at.is_(None))
        .order_by(Review.id.desc())
    ).first()
    if review is not None:
        review.decided_at, review.decided_by, review.note = now, actor.user_id, note.strip()
        review.verdict = "approved" if approve else "refused"
    record(session, actor, action="company.approve" if approve else "company.refuse", obj=company, now=now,
           before={"status": "submitted"}, after={"status": status, "note": note.strip()}, company_id=company.id)  # fmt: skip
    owners = session.scalars(
        sa.select(User).where(User.company_id == company.id, User.roles.any(Role.name == "owner"))
    )
    words = (
        "is approved: what you list is visible and your trunks are live"
        if approve
        else "was not approved yet"
    )
    for owner in owners:
        write_mail(
            session, settings, company_id=company.id, mark=f"review-{review.id if review else company.id}-{owner.id}",
            recipient=owner.email, subject=f"{company.name} {'is approved' if approve else 'was not approved yet'}",
            text=f"{company.name} {words}.\n\n{note.strip()}\n", now=now,
        )  # fmt: skip
    announce_rights(session, "company approved" if approve else "company refused", now=now)
    return company


def _move(session: Session, company: Company, allowed: tuple[str, ...], to: str) -> None:
    """One conditional update: of two clicks at once, one moves it."""
    moved = session.execute(
        sa.update(Company)
        .where(Company.id == company.id, Company.status.in_(allowed))
        .values(status=to)
        .returning(Company.id)
        .execution_options(synchronize_session=False)
    ).first()
    if moved is None:
        session.refresh(company)
        raise Conflict(f"The company is {company.status}.", hint="Reload the page to see what happened.")
    session.refresh(company)


def note_test_call(session: Session, actor: Actor, company_id: int, *, note: str, now: datetime) -> Company:
    """The operator made a test call over the company's trunk. Raises NotFound, Invalid without a word of it."""
    company = session.get(Company, company_id)
    if company is None or not actor.is_operator:
        raise NotFound("There is no such company.")
    if not note.strip():
        raise Invalid("Say what was called and what was heard.")
    before = company.facts.get("test_call")
    company.facts = {
        **company.facts,
        "test_call": {"at": now.isoformat(), "by": actor.email, "note": note.strip()},
    }
    session.flush()
    record(session, actor, action="company.test_call", obj=company, before={"test_call": before},
           after={"test_call": company.facts["test_call"]}, now=now, company_id=company.id)  # fmt: skip
    return company
