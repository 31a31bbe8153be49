"""Proof that the person at the keyboard is the one signed in: a fresh code of the authenticator, or without one the password."""

from __future__ import annotations

from typing import Any, cast

from flask import current_app
from flask_security import verify_password
from sqlalchemy.orm import Session

from app.errors import Forbidden
from app.security.actor import Actor
from app.security.models import User
from app.security.one_use import CODE_WINDOW_S


class WrongProof(Forbidden):
    code = "wrong_proof"


def prove(session: Session, who: Actor, secret: str) -> str:
    """`totp` or `password`: how it was proved. Raises Forbidden for keys, WrongProof. With two-factor only the code counts."""
    user = session.get(User, who.user_id) if who.user_id is not None else None
    if user is None:
        raise Forbidden("An API key cannot sign.", hint="A person signs, signed in on the pages.")
    secret = secret.strip() if user.tf_primary_method else secret
    if user.tf_primary_method:
        factory = cast("Any", current_app.extensions["security"])._totp_factory
        if factory.verify_totp(
            token=secret, totp_secret=user.tf_totp_secret, user=user, window=CODE_WINDOW_S
        ):
            return "totp"
        raise WrongProof(
            "The code is wrong or was used already.", hint="Wait for the next code of your authenticator."
        )
    if user.password and verify_password(secret, user.password):
        return "password"
    raise WrongProof("The password is wrong.")
