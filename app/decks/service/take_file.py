"""One file that came by mail or folder: it becomes a deck of its carrier's product, or an arrival that waits for a person."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import BinaryIO, Literal, cast

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import Company, Product
from app.config import Settings
from app.decks.files import store_bytes
from app.decks.models import Arrival
from app.decks.service.receive_deck import receive_deck
from app.errors import DomainError, NotFound
from app.security.actor import Actor, system_actor
from rates.options import DeckOptions, Mode

DECK_FILES = frozenset((".csv", ".tsv", ".txt", ".xlsx", ".xls", ".xlsb", ".ods", ".zip", ".gz"))
MODES: tuple[tuple[str, Mode], ...] = (
    (r"\bfull[ _-]per[ _-]country\b", "full_per_country"), (r"\b(partial|amendment|update|changes only)\b", "partial"),
    (r"\b(full|a\s?[-–]\s?z)\b", "full"),
)  # fmt: skip


@dataclass(frozen=True)
class Incoming:
    """Where a file came from. `mark`: the same again is the same arrival. `hints`: words that may name product and mode."""

    way: Literal["mail", "folder"]
    mark: str
    filename: str
    hints: str = ""
    sender: str = ""
    subject: str = ""
    message_id: str = ""


def mark_of(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def known_arrival(session: Session, came: Incoming) -> Arrival | None:
    """The arrival this file already is."""
    return session.scalar(sa.select(Arrival).where(Arrival.way == came.way, Arrival.mark == came.mark))


def take_file(
    session: Session, settings: Settings, came: Incoming, stream: BinaryIO, company: Company | None, *,
    product: Product | None = None, fault: str = "", now: datetime,
) -> Arrival:  # fmt: skip
    """Take the file in once. Without `company`, with a `fault`, or where the product cannot be told, it is quarantined: its
    bytes are kept, nothing is parsed. A file that is too big or empty is refused."""
    found = known_arrival(session, came)
    if found is not None:
        return found
    owner = company or operator_company(session)
    arrival = Arrival(
        company_id=owner.id, way=came.way, mark=came.mark, sender=came.sender[:254], subject=came.subject[:255],
        message_id=came.message_id[:255], filename=PurePath(came.filename).name[:255], state="quarantined",
        reason=fault, size_bytes=0, created_at=now,
    )  # fmt: skip
    session.add(arrival)
    who = worker_of(owner.id, came)
    if company is not None and not fault:
        product = product or product_named(session, company, came.hints)
        if product is None:
            arrival.reason = f"{company.name} has several products and none is named: choose one."
    elif not fault:
        arrival.reason = (
            f"{came.sender or 'The folder'} belongs to no carrier."
            if came.way == "mail"
            else "No such carrier."
        )
    try:
        if product is not None and company is not None and not arrival.reason:
            _receive(session, settings, arrival, who, product, stream, mode_named(came.hints), now)
        else:
            kept = store_bytes(stream, settings.files_dir, limit=settings.web.max_upload_bytes)
            arrival.file_key, arrival.size_bytes = kept.key, kept.size
    except DomainError as refusal:
        arrival.state, arrival.reason = "refused", f"{refusal.message} {refusal.hint or ''}".strip()
    session.flush()
    record(
        session, who, action=f"arrival.{arrival.state}", obj=arrival, now=now, company_id=owner.id,
        after={"way": came.way, "from": came.sender, "file": arrival.filename, "deck": arrival.deck_id, "reason": arrival.reason},
    )  # fmt: skip
    return arrival


def release_arrival(
    session: Session,
    settings: Settings,
    who: Actor,
    arrival_id: int,
    product: Product,
    mode: Mode | None,
    *,
    now: datetime,
) -> Arrival:
    """A person says whose the quarantined file is: it becomes a deck. Raises NotFound where it waits no longer."""
    arrival = own_arrival(session, who, arrival_id)
    if arrival.state != "quarantined" or arrival.file_key is None:
        raise NotFound("This file does not wait any more.", hint="Look at the list of decks.")
    before = {"state": arrival.state, "company": arrival.company_id}
    arrival.company_id = product.company_id
    with (settings.files_dir / arrival.file_key).open("rb") as stream:
        _receive(session, settings, arrival, who, product, cast(BinaryIO, stream), mode, now)
    record(session, who, action="arrival.release", obj=arrival, now=now, company_id=product.company_id, before=before,
           after={"state": arrival.state, "deck": arrival.deck_id, "product": product.name})  # fmt: skip
    return arrival


def drop_arrival(session: Session, who: Actor, arrival_id: int, *, now: datetime) -> Arrival:
    """Lay a quarantined file aside; its bytes stay. Dropping twice is one drop."""
    arrival = own_arrival(session, who, arrival_id)
    if arrival.state == "quarantined":
        arrival.state = "dropped"
        record(session, who, action="arrival.drop", obj=arrival, now=now, company_id=arrival.company_id,
               before={"state": "quarantined"}, after={"state": "dropped"})  # fmt: skip
    return arrival


def own_arrival(session: Session, who: Actor, arrival_id: int) -> Arrival:
    """The arrival of the asking company; another's looks as if it were not there. Raises NotFound."""
    query = sa.select(Arrival).where(Arrival.id == (arrival_id if 0 <= arrival_id < 2**31 else 0))
    if not who.is_operator:
        query = query.where(Arrival.company_id == who.company_id)
    found = session.scalar(query.with_for_update())
    if found is None:
        raise NotFound(
            f"There is no arrival {arrival_id}.", hint="The list of decks shows those of your company."
        )
    return found


def _receive(
    session: Session, settings: Settings, arrival: Arrival, who: Actor, product: Product, stream: BinaryIO,
    mode: Mode | None, now: datetime,
) -> None:  # fmt: skip
    options = DeckOptions(mode=mode)
    options = msgspec.structs.replace(
        options, defaults=msgspec.structs.replace(options.defaults, effective_from=None)
    )
    received = receive_deck(
        session,
        who,
        product,
        stream,
        arrival.filename,
        options=options,
        source=arrival.way,
        settings=settings,
        now=now,
    )
    arrival.deck_id, arrival.state, arrival.size_bytes = received.deck.id, "taken", received.deck.size_bytes
    arrival.file_key, arrival.reason = received.deck.file_key, ""


def worker_of(company_id: int, came: Incoming) -> Actor:
    return replace(system_actor(company_id, f"{came.way} {came.sender}".strip()[:120]))


def operator_company(session: Session) -> Company:
    found = session.scalar(sa.select(Company).order_by(Company.is_operator.desc(), Company.id))
    if found is None:
        raise NotFound("There is no company yet.", hint="Run `tandem demo load`, or add a company.")
    return found


def product_named(session: Session, company: Company, hints: str) -> Product | None:
    """The product whose name stands in the hints (the longest such name), or the carrier's only one."""
    products = session.scalars(sa.select(Product).where(Product.company_id == company.id)).all()
    text = " ".join(hints.split()).casefold()
    named = [one for one in products if re.search(rf"(?<!\w){re.escape(one.name.casefold())}(?!\w)", text)]
    if named:
        return max(named, key=lambda one: len(one.name))
    return products[0] if len(products) == 1 else None


def mode_named(hints: str) -> Mode | None:
    """Full or partial, where the sender says so in words; None = not stated."""
    found = [mode for pattern, mode in MODES if re.search(pattern, hints, re.I)]
    return found[0] if len(found) == 1 or found[:1] == ["full_per_country"] else None


def is_deck_file(name: str) -> bool:
    return PurePath(name).suffix.lower() in DECK_FILES


def as_stream(content: bytes) -> BinaryIO:
    return io.BytesIO(content)
