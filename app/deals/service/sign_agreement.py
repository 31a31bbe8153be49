"""Signing: each side once, the second signature concludes or amends and takes the agreement into the routes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.config import Settings
from app.deals.document import digest
from app.deals.models import Agreement, AgreementVersion, Signature
from app.deals.queries import agreement_of, open_version, side_of, signatures_of
from app.deals.service.activate import activate
from app.deals.service.answer_offer import needs_two
from app.deals.service.take import take
from app.deals.terms import read_terms
from app.errors import Conflict, Invalid, NotFound
from app.security.actor import Actor


def sign(
    session: Session,
    who: Actor,
    agreement_id: int,
    *,
    sha256: str,
    typed_name: str,
    proof: str,
    settings: Settings,
    now: datetime,
) -> AgreementVersion:
    """`sha256`: the document that was read; `proof`: how the person proved to be it (app.security.proof, checked by the view).

    Raises NotFound, IllegalMove, Conflict (another document, signed already, same person twice), Invalid.
    """
    agreement = agreement_of(session, agreement_id, who)
    side = side_of(who, agreement)
    version = open_version(session, agreement.id)
    if version is None:
        raise Conflict("Nothing waits for a signature here.")
    if sha256 != version.sha256 or digest(version.document) != version.sha256:
        raise Conflict(
            "This is not the document that waits for signatures.", hint="Reload the page and read it again."
        )
    name = " ".join(typed_name.split())
    if not 3 <= len(name) <= 120:
        raise Invalid("Type your full name.", hint="3 to 120 characters.")
    if who.user_id is None:
        raise NotFound("There is no such person.")
    given = next((s for s in signatures_of(session, version.id) if s.side == side), None)
    if given is not None and given.complete:
        raise Conflict("Your side has signed already.")
    if given is not None and given.first_user_id == who.user_id:
        raise Conflict(
            "You signed first; another person must be the second.", hint="Ask a colleague who may trade."
        )
    if given is None and needs_two(session, who.company_id, read_terms(version.terms)):
        take(session, who, version, "initial", side=side, now=now)
        first = _signature(version, who, side, name, proof, now)
        first.complete, first.first_user_id, first.first_name, first.first_at = False, who.user_id, name, now
        session.add(first)
        session.flush()
        return version
    second = version.state == "half"
    take(session, who, version, "countersign" if second else "sign", side=side, now=now)
    if given is None:
        session.add(_signature(version, who, side, name, proof, now))
    else:
        given.user_id, given.email, given.typed_name, given.proof = who.user_id, who.email, name, proof
        given.ip, given.signed_at, given.complete = who.ip, now, True
    session.flush()
    if second:
        _conclude(session, who, agreement, version, side=side, settings=settings, now=now)
    return version


def revoke(
    session: Session, who: Actor, agreement_id: int, *, note: str = "", now: datetime
) -> AgreementVersion:
    """Take back the document that waits; with version 1 the whole agreement. Raises IllegalMove once both have signed."""
    agreement = agreement_of(session, agreement_id, who)
    side = side_of(who, agreement)
    version = open_version(session, agreement.id)
    if version is None:
        raise Conflict("Nothing waits for a signature here.")
    take(session, who, version, "revoke", side=side, now=now, note=note[:2000])
    if version.number == 1:
        take(session, who, agreement, "revoke", side=side, now=now, note=note[:2000])
    return version


def _signature(
    version: AgreementVersion, who: Actor, side: str, name: str, proof: str, now: datetime
) -> Signature:
    return Signature(
        version_id=version.id, side=side, company_id=who.company_id, user_id=who.user_id, email=who.email,
        typed_name=name, proof=proof, sha256=version.sha256, ip=who.ip, signed_at=now,
    )  # fmt: skip


def _conclude(
    session: Session,
    who: Actor,
    agreement: Agreement,
    version: AgreementVersion,
    *,
    side: str,
    settings: Settings,
    now: datetime,
) -> None:
    """A start that has passed meanwhile is now: nobody is priced backwards."""
    version.effective_from = max(version.wished_from or now, now)
    session.flush()
    take(session, who, agreement, "conclude" if version.number == 1 else "amend", side=side, now=now)
    activate(session, who, agreement, version, settings=settings, now=now)
