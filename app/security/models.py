"""Users, their sessions and passkeys, roles, API keys."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from flask_security import AsaList
from flask_security.models import sqla as fs
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Timestamped, UtcDateTime

AsaList.cache_ok = True  # it has no state; without the word each comparison with a list warns
fs.FsModels.set_db_info(base_model=Base, user_table_name="user", role_table_name="role")  # type: ignore[no-untyped-call]


class Role(Base, fs.FsRoleMixin):
    """owner, rates, trader, noc, finance, viewer, operator: see app.security.permissions."""

    __tablename__ = "role"


class User(Base, fs.FsUserMixin):
    """A person; belongs to one company, or to none between sign-up and founding or joining one."""

    __tablename__ = "user"
    company_id: Mapped[int | None] = mapped_column(sa.ForeignKey("company.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    # Number of the last time step whose authenticator code was taken: no code is taken twice.
    tf_last_counter: Mapped[int | None] = mapped_column(sa.BigInteger)


class WebAuthn(Base, fs.FsWebAuthnMixin):
    """A passkey: `usage` first (signs in alone) or secondary (second factor)."""

    __tablename__ = "webauthn"


class UserSession(Base, Timestamped):
    """One sign-in. The cookie carries a random token, this row its hash: ended here, the cookie is worth nothing."""

    __tablename__ = "user_session"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"), index=True)
    token_sha256: Mapped[str] = mapped_column(sa.String(64), unique=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime())
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    why: Mapped[str] = mapped_column(sa.String(40), default="")  # why it ended
    ip: Mapped[str] = mapped_column(sa.String(64), default="")
    agent: Mapped[str] = mapped_column(sa.String(200), default="")
    authn: Mapped[str] = mapped_column(sa.String(60), default="")  # password,authenticator …


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
    # Networks (CIDR) it may come from; empty: any.
    ip_list: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    created_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
