"""Idempotency keys: stored in the transaction of their effect."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Timestamped


class IdempotencyKey(Base, Timestamped):
    __tablename__ = "idempotency_key"
    __table_args__ = (sa.UniqueConstraint("company_id", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    key: Mapped[str] = mapped_column(sa.String(120))
    request_sha256: Mapped[str] = mapped_column(sa.String(64))
    status: Mapped[int | None]
    response: Mapped[dict[str, Any]] = mapped_column(default=dict)
