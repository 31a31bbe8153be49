"""One mail message: each deck attached becomes an arrival, once, however often the message is read."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Company
from app.config import Settings
from app.decks.models import Arrival, DeckPolicy
from app.decks.service.reply_to_sender import reply_refused, reply_to_sender
from app.decks.service.take_file import (
    Incoming,
    as_stream,
    is_deck_file,
    known_arrival,
    mark_of,
    operator_company,
    take_file,
)
from app.mail.bounces import Bounce
from app.mail.service.note_bounce import note_bounce

FORGED = re.compile(r"\b(?:dmarc|spf|dkim)=fail\b", re.I)


@dataclass(frozen=True)
class Letter:
    """What is read of a message. `authentication`: the topmost Authentication-Results header, written by our own server."""

    message_id: str
    sender: str
    subject: str
    files: tuple[tuple[str, bytes], ...]
    authentication: str = ""
    raw_sha256: str = ""
    bounce: Bounce | None = None


def take_mail(session: Session, settings: Settings, letter: Letter, *, now: datetime) -> list[Arrival]:
    """The arrivals of this message. An unknown or doubtful sender's files wait in quarantine, unparsed and unanswered."""
    if letter.bounce is not None:
        return [_returned(session, letter, letter.bounce, now)]
    company = carrier_of(session, letter.sender)
    fault = ""
    if company is not None and FORGED.search(letter.authentication):
        fault = f"The mail server doubts that {letter.sender} sent this: {letter.authentication[:120]}"
    key = letter.message_id or letter.raw_sha256
    decks = [(name, content) for name, content in letter.files if is_deck_file(name)]
    found: list[Arrival] = []
    for number, (name, content) in enumerate(decks):
        came = Incoming(
            way="mail", mark=mark_of(key, letter.sender, str(number)), filename=name, sender=letter.sender,
            hints=f"{letter.subject} {name}", subject=letter.subject, message_id=letter.message_id,
        )  # fmt: skip
        known = known_arrival(session, came)
        arrival = known or take_file(
            session, settings, came, as_stream(content), company, fault=fault, now=now
        )
        found.append(arrival)
    if not decks:
        found.append(_without_deck(session, letter, key, company, now))
    for arrival in found:
        if arrival.state == "refused" and company is not None and not fault:
            reply_refused(session, settings.mail, arrival, now=now)
        elif arrival.deck_id is not None:
            # Known bytes are not checked again: their sender hears at once what they are.
            reply_to_sender(session, settings, arrival.deck_id, now=now)
    return found


def carrier_of(session: Session, sender: str) -> Company | None:
    """The carrier whose list names this address, or its domain."""
    address = sender.strip().lower()
    domain = f"@{address.rpartition('@')[2]}"
    wildcard = None
    for row in session.scalars(sa.select(DeckPolicy)):
        if address in row.senders:
            return session.get(Company, row.company_id)
        if domain in row.senders:
            wildcard = row.company_id
    return session.get(Company, wildcard) if wildcard is not None else None


def _without_deck(
    session: Session, letter: Letter, key: str, company: Company | None, now: datetime
) -> Arrival:
    came = Incoming(way="mail", mark=mark_of(key, letter.sender, "none"), filename="", sender=letter.sender)
    found = known_arrival(session, came)
    if found is None:
        found = Arrival(
            company_id=(company or operator_company(session)).id, way="mail", mark=came.mark, sender=letter.sender[:254],
            subject=letter.subject[:255], message_id=letter.message_id[:255], filename="", size_bytes=0, state="refused",
            reason="No rate deck is attached: attach CSV, XLSX, XLS, XLSB, ODS or a ZIP of these.", created_at=now,
        )  # fmt: skip
        session.add(found)
        session.flush()
    return found


def _returned(session: Session, letter: Letter, bounce: Bounce, now: datetime) -> Arrival:
    """A delivery report: put down on our message, and never answered."""
    key = letter.message_id or letter.raw_sha256
    came = Incoming(way="mail", mark=mark_of(key, letter.sender, "none"), filename="", sender=letter.sender)
    found = known_arrival(session, came)
    if found is None:
        mail = note_bounce(session, bounce)
        about = (
            f"“{mail.subject}” to {mail.recipient}" if mail is not None else "a message that is none of ours"
        )
        found = Arrival(
            company_id=mail.company_id if mail is not None else operator_company(session).id, way="mail", mark=came.mark,
            sender=letter.sender[:254], subject=letter.subject[:255], message_id=letter.message_id[:255], filename="",
            size_bytes=0, state="dropped", reason=f"Delivery report about {about}: {bounce.words}", created_at=now,
        )  # fmt: skip
        session.add(found)
        session.flush()
    return found


def raw_sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
