"""Codes that work once: those of the authenticator app, and the recovery codes, of which only hashes are kept."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

import sqlalchemy as sa
from flask_security import MfRecoveryCodesUtil, Totp
from passlib.exc import UsedTokenError

from app.db import db
from app.errors import Conflict
from app.security.models import User

CODE_WINDOW_S = 10  # how far the clock of a telephone may be off
CODES = 10
BITS = 112  # of each recovery code: a plain hash of it can be kept


class OneUseTotp(Totp):
    """A code that was taken is refused afterwards, also by the other of two requests at once."""

    def get_last_counter(self, user: Any) -> int | None:
        counter: int | None = user.tf_last_counter
        return counter

    def set_last_counter(self, user: Any, tmatch: Any) -> None:
        """One conditional update: of two at once, one is let in. Raises UsedTokenError (the caller says: invalid)."""
        taken = db.session.execute(
            sa.update(User)
            .where(
                User.id == user.id, sa.or_(User.tf_last_counter.is_(None), User.tf_last_counter < tmatch.counter)
            )
            .values(tf_last_counter=tmatch.counter)
            .returning(User.id)
            .execution_options(synchronize_session=False)
        ).first()  # fmt: skip
        if taken is None:
            raise UsedTokenError
        db.session.refresh(user, ["tf_last_counter"])


def _digest(code: str) -> str:
    return hashlib.sha256("".join(code.split()).replace("-", "").lower().encode()).hexdigest()


class HashedRecoveryCodes(MfRecoveryCodesUtil):
    """Shown once, when they are made."""

    def create_recovery_codes(self, user: Any) -> list[str]:
        """Ten new codes; the old ones are void."""
        codes = [secrets.token_hex(BITS // 8) for _ in range(CODES)]
        user.mf_recovery_codes = [_digest(code) for code in codes]
        return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in codes]

    def get_recovery_codes(self, user: Any) -> list[str]:
        """None can be shown again."""
        return []

    def check_recovery_code(self, user: Any, code: str) -> bool:
        return _digest(code) in (user.mf_recovery_codes or [])

    def delete_recovery_code(self, user: Any, code: str) -> bool:
        """Strikes it out. Raises Conflict when another request has used one in the meantime."""
        standing = list(user.mf_recovery_codes or [])
        left = [kept for kept in standing if kept != _digest(code)]
        taken = db.session.execute(
            sa.update(User)
            .where(User.id == user.id, User.mf_recovery_codes == standing)
            .values(mf_recovery_codes=left)
            .returning(User.id)
            .execution_options(synchronize_session=False)
        ).first()
        if taken is None:
            raise Conflict("A recovery code was used at the same moment.", hint="Try another one.")
        db.session.refresh(user, ["mf_recovery_codes"])
        return True
