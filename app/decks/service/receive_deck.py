"""Take a file in: bytes first, then the row that says whose and for which product."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import BinaryIO

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import Product
from app.config import Settings
from app.decks.files import store_bytes
from app.decks.models import Deck, DeckVersion
from app.decks.service.choose_mapping import options_of
from app.decks.service.start_check import start_check
from app.errors import Conflict, Invalid
from app.security.actor import Actor
from rates.options import DeckOptions

# A file in one of these states is the deck we have; in the others its sender tries again.
AGAIN = ("discarded", "rejected", "failed", "needs_mapping")


@dataclass(frozen=True)
class Received:
    """`again`: the same bytes were here before for this product."""

    deck: Deck
    again: bool


def receive_deck(
    session: Session,
    who: Actor,
    product: Product,
    stream: BinaryIO,
    filename: str,
    *,
    options: DeckOptions,
    source: str,
    settings: Settings,
    now: datetime,
    check: bool = True,
) -> Received:
    """Store the bytes and enqueue the check. Raises TooLarge, Invalid (empty file or name), nothing kept then.

    The same bytes for the same product are the same deck; a discarded or refused one is checked again
    with the options given now. `check` False leaves starting it to the caller (the command line).
    """
    name = PurePath(filename.replace("\\", "/")).name.strip()[:255]
    if not name:
        raise Invalid("The file has no name.", hint="Choose a file, or name it in the upload.")
    kept = store_bytes(stream, settings.files_dir, limit=settings.web.max_upload_bytes)
    deck = session.scalar(
        sa.select(Deck)
        .where(Deck.product_id == product.id, Deck.sha256 == kept.sha256)
        .order_by(Deck.id.desc())
        .limit(1)
        .with_for_update(of=Deck)
    )
    if deck is not None and deck.state == "approved":
        if _in_force(session, deck, product):
            _refuse_other_terms(deck, options)
            return Received(deck, again=True)
        deck = None  # later versions lie on top: sending it once more asks for those prices once more
    again = deck is not None
    if deck is not None and deck.state not in AGAIN and _same_terms(deck, options):
        return Received(deck, again=True)
    if deck is None:
        deck = Deck(
            company_id=product.company_id, product_id=product.id, filename=name, size_bytes=kept.size,
            sha256=kept.sha256, file_key=kept.key, source=source, state="received", received_at=now,
            uploaded_by=who.user_id, options=msgspec.to_builtins(options, str_keys=True), report={}, created_at=now,
        )  # fmt: skip
        session.add(deck)
    else:
        # The notice period counts from the newest receipt.
        deck.received_at, deck.options, deck.filename = now, msgspec.to_builtins(options, str_keys=True), name
        deck.template_id = None
    session.flush()
    record(
        session, who, action="deck.receive", obj=deck, now=now, company_id=deck.company_id,
        after={"file": name, "sha256": kept.sha256, "bytes": kept.size, "product": product.name, "source": source},
    )  # fmt: skip
    if check:
        start_check(session, who, deck, now=now)
    return Received(deck, again)


def _in_force(session: Session, deck: Deck, product: Product) -> bool:
    """The newest version of the product came from this deck."""
    newest = sa.select(DeckVersion.deck_id).where(
        DeckVersion.product_id == product.id, DeckVersion.number == product.version
    )
    return session.scalar(newest) == deck.id


def _same_terms(deck: Deck, options: DeckOptions) -> bool:
    """The sender states what was stated before (what is not stated now does not differ)."""
    before = options_of(deck)
    mode = options.mode in (None, before.mode)
    return mode and options.defaults.effective_from in (None, before.defaults.effective_from)


def _refuse_other_terms(deck: Deck, options: DeckOptions) -> None:
    before = deck.options.get("mode")
    if options.mode is not None and before not in (None, options.mode):
        raise Conflict(
            f"These bytes were approved before as a {before} deck of this product (deck {deck.id}).",
            hint="Send a file that differs, or roll back to the version you want.",
            deck_id=deck.id,
        )
