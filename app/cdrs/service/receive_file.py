"""A file of call records arrives: its bytes are kept, an import is queued."""

from __future__ import annotations

import re
from datetime import datetime
from typing import BinaryIO

from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import CustomerTrunk, Product
from app.cdrs.models import CallImport
from app.config import Settings
from app.decks.files import store_bytes
from app.errors import Invalid, NotFound
from app.jobs.service import enqueue
from app.security.actor import Actor

JOB = "calls.import"


def receive_file(
    session: Session,
    settings: Settings,
    who: Actor,
    stream: BinaryIO,
    *,
    filename: str,
    way: str,
    source: str = "",
    trunk_id: int | None = None,
    product_id: int | None = None,
    now: datetime,
) -> CallImport:
    """The import (flushed) with its job. `trunk_id` and `product_id` stand for records that name none.

    Raises TooLarge, Invalid, NotFound."""
    source = source.strip() or "switch"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}", source):
        raise Invalid(
            "The name of the switch is 1 to 40 letters, digits, spaces, dots or dashes.",
            hint="Use the same name for all files of one switch: it tells a call sent twice from two calls.",
        )
    trunk = session.get(CustomerTrunk, trunk_id) if trunk_id is not None else None
    if trunk_id is not None and (
        trunk is None or not (who.is_operator or trunk.company_id == who.company_id)
    ):
        raise NotFound(f"There is no trunk {trunk_id}.", hint="Choose one of your own.")
    if product_id is not None and not may_name(session, who, product_id):
        raise NotFound(f"There is no product {product_id}.", hint="Choose one that you bought.")
    kept = store_bytes(stream, settings.files_dir, limit=settings.web.max_upload_bytes)
    taken = CallImport(
        company_id=trunk.company_id if trunk is not None else who.company_id, filename=filename[-255:] or "records",
        size_bytes=kept.size, sha256=kept.sha256, file_key=kept.key, way=way, source=source, trunk_id=trunk_id,
        product_id=product_id, state="received", counts={}, uploaded_by=who.user_id, created_at=now,
    )  # fmt: skip
    session.add(taken)
    session.flush()
    queued = enqueue(
        session, JOB, title=f"Import call records: {taken.filename[:80]}", arguments={"import_id": taken.id},
        company_id=taken.company_id, created_by=who.user_id, now=now,
    )  # fmt: skip
    taken.job_id = queued.id
    record(
        session, who, action="calls.receive", obj=taken, now=now, company_id=taken.company_id,
        after={"file": taken.filename, "sha256": taken.sha256, "source": source},
    )  # fmt: skip
    return taken


def may_name(session: Session, who: Actor, product_id: int) -> bool:
    """Whether this company may know of the product: its own, a listed one, or the operator asks."""
    product = session.get(Product, product_id) if product_id < 2**31 else None
    return product is not None and (who.is_operator or product.listed or product.company_id == who.company_id)
