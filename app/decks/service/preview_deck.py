"""What a file would become, without becoming it: no row, no stored bytes, no product, no audit event."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from app.carriers.models import Product
from app.config import Settings
from app.decks.files import size_fits
from app.decks.service.run_check import check_request, run_with_template
from rates.deckcheck import CheckReport, Progress
from rates.options import DeckOptions


@dataclass(frozen=True)
class Preview:
    """`options`: those the file was read with, a template taken by itself included."""

    report: CheckReport
    options: DeckOptions
    size_bytes: int


def preview_deck(
    session: Session,
    settings: Settings,
    product: Product,
    file: Path,
    *,
    options: DeckOptions,
    now: datetime,
    progress: Progress | None = None,
) -> Preview:
    """Check `file` as a deck of `product` received `now`. Raises TooLarge, Invalid for an empty file.

    The session is rolled back before the file is parsed: whatever the caller made for the occasion, a product
    for example, goes with it, and no transaction waits for the child process.
    """
    size = size_fits(file.stat().st_size, settings.web.max_upload_bytes)
    settings.root.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="preview-", dir=settings.root))
    try:
        request = check_request(
            session, settings, product, file, file.name, options, received_at=now, deck_id=0, scratch=scratch
        )
        company_id = product.company_id
        session.rollback()
        checked = run_with_template(session, settings, request, company_id, progress=progress)
        return Preview(checked.report, checked.options, size)
    finally:
        session.rollback()
        shutil.rmtree(scratch, ignore_errors=True)
