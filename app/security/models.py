"""Users, roles and API keys."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from flask_security.models import sqla as fs
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Timestamped, UtcDateTime

fs.FsModels.set_db_info(base_model=Base, user_table_name="user", role_table_name="role")  # type: ignore[no-untyped-call]


class Role(Base, fs.FsRoleMixin):
    """owner, rates, trader, viewer, operator: see app.security.permissions."""

    __tablename__ = "role"


class User(Base, fs.FsUserMixin):
    """A person; belongs to one company."""

    __tablename__ = "user"
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(120))


class WebAuthn(Base, fs.FsWebAuthnMixin):
    __tablename__ = "webauthn"


class ApiKey(Base, Timestamped):
    """A hashed, scoped key. `prefix` is shown, the whole key is seen once."""

    __tablename__ = "api_key"
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("company.id"), index=True)
    trunk_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer_trunk.id"))
    name: Mapped[str] = mapped_column(sa.String(120))
    prefix: Mapped[str] = mapped_column(sa.String(16))
    key_sha256: Mapped[str] = mapped_column(sa.String(64), unique=True)
    scopes: Mapped[list[str]]
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    created_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
