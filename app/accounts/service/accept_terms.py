"""The company accepts the exchange's terms: typed name, hash of the text, time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts import terms
from app.accounts.models import TermsAcceptance
from app.audit.record import record
from app.errors import Forbidden, Invalid
from app.security.actor import Actor


def accept_terms(
    session: Session, actor: Actor, *, typed_name: str, text_sha256: str, now: datetime
) -> TermsAcceptance:
    """Raises Invalid when the name is not the account's or the text has changed since it was shown."""
    if actor.user_id is None:
        raise Forbidden("A person signs, not a key.")
    if text_sha256 != terms.text_sha256():
        raise Invalid("The text has changed since you opened it.", hint="Read it again.")
    if " ".join(typed_name.casefold().split()) != " ".join(actor.name.casefold().split()):
        raise Invalid("Type your name as it stands in your account.", hint=f"It is {actor.name}.")
    made = TermsAcceptance(
        company_id=actor.company_id, version=terms.VERSION, text_sha256=text_sha256, typed_name=typed_name.strip(),
        user_id=actor.user_id, ip=actor.ip or "", at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    after = {"version": made.version, "text_sha256": text_sha256, "typed_name": made.typed_name}
    record(session, actor, action="terms.accept", obj=made, after=after, now=now)
    return made
