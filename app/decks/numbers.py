"""The exchange's number blocks, read from the table of a floor above by its name."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Base
from rates.store import Store


def number_blocks(session: Session, settings: Settings) -> str | None:
    """Path of the rows (rates.nanp) of the newest file of number blocks; None before one was imported."""
    table = Base.metadata.tables["number_file"]
    newest = sa.select(table.c.table_key).where(table.c.kind == "blocks").order_by(table.c.id.desc()).limit(1)
    key = session.scalar(newest)
    return Store(str(settings.store_dir)).path(key) if key else None
