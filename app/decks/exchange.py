"""Rates of exchange, read from the table of a floor above by its name."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import Base


def exchange_rates(session: Session, base: str, now: datetime) -> dict[str, str]:
    """Base currency for one unit of each currency; the table belongs to a floor above and is read by name."""
    table = Base.metadata.tables["fx_rate"]
    rows = session.execute(
        sa.select(table.c.currency, table.c.rate)
        .where(table.c.valid_from <= now)
        .order_by(table.c.valid_from, table.c.id)
    )
    return {**{row.currency: row.rate for row in rows}, base: "1"}
