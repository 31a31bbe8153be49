"""What follows Flask-Security's acts: session rows start and end, and each act is an event of the audit log."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Flask, g, request
from flask_login import user_logged_out
from flask_security import login_user
from flask_security.signals import (
    change_email_confirmed,
    password_changed,
    password_reset,
    tf_disabled,
    tf_profile_changed,
    user_authenticated,
    user_confirmed,
    user_registered,
    wan_deleted,
    wan_registered,
)

from app.audit.record import record
from app.clock import utc_now
from app.db import db
from app.security.actor import Actor
from app.security.models import User
from app.security.sessions import end_sessions, end_this_session, start_session, this_session

log = structlog.get_logger("app.accounts")


def follow_acts(app: Flask) -> None:
    """Connect all of them to this application; the receivers live as long as it does."""
    for signal, receiver in (
        (user_registered, _signed_up),
        (user_confirmed, _confirmed),
        (user_authenticated, _signed_in),
        (user_logged_out, _signed_out),
        (password_changed, _password_changed),
        (password_reset, _password_reset),
        (change_email_confirmed, _address_changed),
        (tf_profile_changed, _second_factor_changed),
        (tf_disabled, _second_factor_off),
        (wan_registered, _passkey_added),
        (wan_deleted, _passkey_removed),
    ):
        signal.connect(receiver, app)


def _note(
    user: User, action: str, after: dict[str, Any] | None = None, before: dict[str, Any] | None = None
) -> None:
    """One event by the person about their own account; committed with what it tells of."""
    who = Actor(
        user.id, user.company_id or 0, user.email, frozenset(), frozenset(), False, ip=request.remote_addr
    )
    record(db.session, who, action=action, obj=user, before=before, after=after, now=utc_now())
    db.session.commit()


def _signed_up(_app: Flask, user: User, **_: Any) -> None:
    db.session.flush()
    _note(user, "user.sign_up", {"email": user.email})


def _signed_in(_app: Flask, user: User, authn_via: list[str] | None = None, **_: Any) -> None:
    g.pop("tandem_actor", None)
    g.pop("tandem_person", None)
    start_session(db.session, user, authn_via or [], now=utc_now())
    _note(user, "user.sign_in", {"by": ", ".join(authn_via or [])})


def _signed_out(_app: Flask, user: Any, **_: Any) -> None:
    """Nobody (an anonymous stand-in) signs out when a cookie is refused."""
    if this_session(db.session) is None:
        return
    end_this_session(db.session, "signed out", now=utc_now())
    if isinstance(user, User):
        _note(user, "user.sign_out")
    else:
        db.session.commit()


def _others_end(user: User, why: str) -> None:
    """How one gets in has changed: whoever got in before, elsewhere, does it again."""
    here = this_session(db.session)
    mine = here.id if here is not None and here.user_id == user.id else None
    end_sessions(db.session, user.id, why, now=utc_now(), except_id=mine)


def _password_changed(_app: Flask, user: User, **_: Any) -> None:
    _others_end(user, "password changed")
    _note(user, "user.password_change")


def _password_reset(_app: Flask, user: User, **_: Any) -> None:
    end_sessions(db.session, user.id, "password reset", now=utc_now())
    _note(user, "user.password_reset")


def _address_changed(_app: Flask, user: User, old_email: str = "", **_: Any) -> None:
    _others_end(user, "address changed")
    _note(user, "user.email_change", {"email": user.email}, {"email": old_email})


def _second_factor_changed(_app: Flask, user: User, **_: Any) -> None:
    _others_end(user, "second factor changed")
    _note(user, "user.two_factor", {"method": user.tf_primary_method})


def _second_factor_off(_app: Flask, user: User, **_: Any) -> None:
    _others_end(user, "second factor removed")
    _note(user, "user.two_factor", {"method": None})


def _passkey_added(_app: Flask, user: User, name: str = "", **_: Any) -> None:
    _others_end(user, "passkey added")
    _note(user, "user.passkey_add", {"name": name})


def _passkey_removed(_app: Flask, user: User, name: str = "", **_: Any) -> None:
    _others_end(user, "passkey removed")
    _note(user, "user.passkey_remove", before={"name": name})


def _confirmed(_app: Flask, user: User, **_: Any) -> None:
    """Somebody who signed up for a passkey has nothing to sign in with yet: the link, used once, is the first sign-in."""
    _note(user, "user.confirm", {"email": user.email})
    if user.password is None and not user.webauthn:
        login_user(user, authn_via=["confirm"])
