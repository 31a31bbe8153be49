"""One file of the watched folder: take it in, or, once its deck is checked, file it away with a report."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Company, Product
from app.config import Settings
from app.decks.models import Arrival, Deck
from app.decks.service.take_file import Incoming, is_deck_file, known_arrival, mark_of, take_file
from app.decks.summary import deck_summary
from app.decks.watched import Found, file_away

Swept = Literal["taken", "filed", "waiting"]
GOOD = ("review", "approved")


def sweep_file(session: Session, settings: Settings, found: Found, *, now: datetime) -> Swept:
    """Commits by itself: the arrival must be on record before the file moves, or a kill between would lose it."""
    root = Path(settings.watch.folder)
    carrier, product_name = (*found.parts, "", "")[:2]
    came = Incoming(
        way="folder", mark=mark_of(found.place, *map(str, found.state)), filename=found.parts[-1],
        hints=" ".join(found.parts[1:]), subject=found.place,
    )  # fmt: skip
    arrival = known_arrival(session, came)
    if arrival is None:
        taken = _take(session, settings, root, found, came, carrier, product_name, now)
        if taken is None:
            return "waiting"
        arrival = taken
        session.commit()
        if arrival.state == "taken":
            return "taken"
    deck = session.get(Deck, arrival.deck_id, populate_existing=True) if arrival.deck_id else None
    if deck is not None and deck.state in ("received", "checking"):
        return "waiting"
    report = _report(session, arrival, deck)
    session.rollback()
    file_away(root, found.place, "done" if deck is not None and deck.state in GOOD else "failed", report)
    return "filed"


def _take(
    session: Session, settings: Settings, root: Path, found: Found, came: Incoming, carrier: str, product_name: str,
    now: datetime,
) -> Arrival | None:  # fmt: skip
    """None when the file changed or went away since it was seen."""
    company = (
        session.scalar(sa.select(Company).where(Company.slug == carrier.lower()))
        if len(found.parts) > 1
        else None
    )
    fault = "" if is_deck_file(came.filename) else "This kind of file is no rate deck."
    product = _product(session, company, product_name) if len(found.parts) > 2 else None
    if company is not None and len(found.parts) > 2 and product is None:
        fault = f"{company.name} has no product {product_name}."
    try:
        handle = os.open(root / found.place, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as stream:
        facts = os.fstat(stream.fileno())
        if (facts.st_size, facts.st_mtime_ns, facts.st_ino) != found.state:
            return None
        return take_file(session, settings, came, stream, company, product=product, fault=fault, now=now)


def _product(session: Session, company: Company | None, name: str) -> Product | None:
    if company is None:
        return None
    wanted = sa.func.lower(Product.name) == name.lower()
    if name.isdigit() and len(name) < 10:
        wanted = sa.or_(wanted, Product.id == int(name))
    return session.scalar(sa.select(Product).where(Product.company_id == company.id, wanted))


def _report(session: Session, arrival: Arrival, deck: Deck | None) -> dict[str, Any]:
    body: dict[str, Any] = {"file": arrival.subject, "state": arrival.state, "reason": arrival.reason}
    if deck is not None:
        kept = deck_summary(session, deck)
        names = ("id", "state", "next", "sha256", "rows_read", "codes", "error_count", "warning_count", "labels", "problems",
                 "version")  # fmt: skip
        body["deck"] = {name: kept[name] for name in names if name in kept}
    return body
