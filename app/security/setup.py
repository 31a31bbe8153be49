"""Flask-Security on our models: argon2id passwords, sessions, TOTP with recovery codes, sign-in limits."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, request, session
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_security import FSQLALiteUserDatastore, MailUtil, Security, logout_user
from flask_wtf.csrf import CSRFProtect

from app.config import Settings
from app.db import db
from app.security.access import person
from app.security.models import Role, User, WebAuthn
from app.security.one_use import CODE_WINDOW_S, HashedRecoveryCodes, OneUseTotp
from app.security.passkeys import PasskeyRules
from app.security.passwords import StrongPasswords
from app.security.sessions import FRESH, renew_token
from app.security.sign_up import SignUpForm

log = structlog.get_logger("app.security")
csrf = CSRFProtect()
limiter = Limiter(get_remote_address, storage_uri="memory://", default_limits=[], headers_enabled=True)


def kept_secret(settings: Settings, name: str, given: str) -> str:
    """The configured secret, or one made once and kept in the data directory, readable by its owner only."""
    if given:
        return given
    path: Path = settings.root / name
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        text = path.read_text().strip()
        if text:
            return text
        raise RuntimeError(f"{path} is empty: delete it and start again") from None
    with os.fdopen(handle, "w") as stream:
        text = secrets.token_urlsafe(48)
        stream.write(text)
    return text


def configure(app: Flask, settings: Settings) -> None:
    """Everything Flask-Security reads; must run before `install`."""
    salt = kept_secret(settings, "password_salt", settings.web.password_salt)
    key = kept_secret(settings, "secret_key", settings.web.secret_key)
    app.config.update(
        SECRET_KEY=key,
        # The prefix makes browsers refuse it without Secure, from another host, or for a part of the paths.
        SESSION_COOKIE_NAME="__Host-tandem_session" if settings.web.secure_cookies else "tandem_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.web.secure_cookies,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.web.session_hours),
        WTF_CSRF_CHECK_DEFAULT=False,  # checked below for everything that rides on a cookie
        WTF_CSRF_TIME_LIMIT=None,
        SECURITY_PASSWORD_SALT=salt,
        SECURITY_PASSWORD_HASH="argon2",
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_DEPRECATED_PASSWORD_SCHEMES=[],
        SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS={
            "argon2__time_cost": settings.web.password_time_cost,
            "argon2__memory_cost": settings.web.password_memory_kib,
            "argon2__parallelism": 1,
        },
        SECURITY_PASSWORD_LENGTH_MIN=12,
        SECURITY_PASSWORD_CHECK_BREACHED=None,  # would ask a server outside
        SECURITY_PASSWORD_COMPLEXITY_CHECKER=None,  # StrongPasswords judges
        SECURITY_REGISTERABLE=True,
        SECURITY_REGISTER_URL="/sign-up",
        SECURITY_POST_REGISTER_VIEW="/sign-up/sent",
        SECURITY_CONFIRMABLE=True,
        SECURITY_CONFIRM_URL="/confirm",
        SECURITY_CONFIRM_EMAIL_WITHIN=timedelta(days=2),
        SECURITY_AUTO_LOGIN_AFTER_CONFIRM=False,
        SECURITY_POST_CONFIRM_VIEW="/welcome",
        SECURITY_CONFIRM_ERROR_VIEW="/confirm",
        SECURITY_RECOVERABLE=True,
        SECURITY_RESET_URL="/reset",
        SECURITY_RESET_PASSWORD_WITHIN=timedelta(hours=1),
        SECURITY_AUTO_LOGIN_AFTER_RESET=False,
        SECURITY_CHANGE_EMAIL=True,
        SECURITY_CHANGE_EMAIL_URL="/account/email",
        SECURITY_CHANGE_EMAIL_CONFIRM_URL="/account/email/confirm",
        SECURITY_CHANGE_EMAIL_WITHIN=timedelta(hours=2),
        SECURITY_POST_CHANGE_EMAIL_VIEW="/account",
        SECURITY_CHANGEABLE=True,
        SECURITY_POST_CHANGE_VIEW="/account",
        SECURITY_SEND_PASSWORD_CHANGE_EMAIL=True,
        SECURITY_EMAIL_HTML=False,
        SECURITY_EMAIL_SENDER=settings.mail.sender,
        SECURITY_EMAIL_SUBJECT_REGISTER="Confirm your e-mail address",
        SECURITY_EMAIL_SUBJECT_CONFIRM="Confirm your e-mail address",
        SECURITY_EMAIL_SUBJECT_PASSWORD_RESET="Set a new password",
        SECURITY_EMAIL_SUBJECT_PASSWORD_NOTICE="Your password was set anew",
        SECURITY_EMAIL_SUBJECT_PASSWORD_CHANGE_NOTICE="Your password was changed",
        SECURITY_CHANGE_EMAIL_SUBJECT="Confirm your new e-mail address",
        SECURITY_TRACKABLE=True,
        SECURITY_TWO_FACTOR=True,
        SECURITY_TWO_FACTOR_ENABLED_METHODS=["authenticator"],
        SECURITY_TWO_FACTOR_REQUIRED=False,
        SECURITY_TWO_FACTOR_AUTHENTICATOR_VALIDITY=CODE_WINDOW_S,
        # No code by mail: who reads the mail could set the password anew and then had both factors.
        SECURITY_TWO_FACTOR_RESCUE_EMAIL=False,
        SECURITY_TWO_FACTOR_RESCUE_MAIL=settings.mail.sender,
        SECURITY_TOTP_SECRETS={"1": kept_secret(settings, "totp_key", "")},
        SECURITY_TOTP_ISSUER="Tandem",
        SECURITY_MULTI_FACTOR_RECOVERY_CODES=True,
        SECURITY_WEBAUTHN=True,
        SECURITY_WAN_RP_NAME="Tandem",
        SECURITY_WAN_REGISTER_URL="/account/passkeys",
        SECURITY_WAN_SIGNIN_URL="/sign-in/passkey",
        SECURITY_WAN_DELETE_URL="/account/passkeys/remove",
        SECURITY_WAN_VERIFY_URL="/verify/passkey",
        SECURITY_WAN_ALLOW_USER_HINTS=False,  # which keys an address has is nobody's business
        SECURITY_RETURN_GENERIC_RESPONSES=True,
        SECURITY_LOGIN_URL="/sign-in",
        SECURITY_LOGOUT_URL="/sign-out",
        SECURITY_LOGOUT_METHODS=["POST"],
        SECURITY_POST_LOGIN_VIEW="/",
        SECURITY_POST_LOGOUT_VIEW="/sign-in",
        SECURITY_CHANGE_URL="/account/password",
        SECURITY_TWO_FACTOR_SETUP_URL="/account/two-factor",
        SECURITY_TWO_FACTOR_POST_SETUP_VIEW="/account",
        SECURITY_TWO_FACTOR_TOKEN_VALIDATION_URL="/sign-in/code",
        SECURITY_TWO_FACTOR_SELECT_URL="/sign-in/second-factor",
        SECURITY_TWO_FACTOR_ALWAYS_VALIDATE=True,
        SECURITY_MULTI_FACTOR_RECOVERY_CODES_URL="/account/recovery-codes",
        SECURITY_MULTI_FACTOR_RECOVERY_URL="/sign-in/recovery-code",
        SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False, "test_environment": True},
        SECURITY_USER_IDENTITY_ATTRIBUTES=[{"email": {"mapper": _plain_email, "case_insensitive": True}}],
        SECURITY_FRESHNESS=FRESH,
        SECURITY_FRESHNESS_GRACE_PERIOD=timedelta(0),
        RATELIMIT_STORAGE_URI="memory://",
    )


def _plain_email(identity: str) -> str | None:
    text = identity.strip().lower()
    return text if 3 <= len(text) <= 254 and "@" in text else None


# Each POST of these costs a hash or a mail, or is a guess; they are limited alike.
LIMITED = (
    "login", "two_factor_token_validation", "mf_recovery", "register", "send_confirmation", "forgot_password",
    "reset_password", "change_email", "change_password", "verify", "wan_signin", "wan_signin_response", "wan_verify",
    "two_factor_rescue", "two_factor_setup_validate",
)  # fmt: skip


# What somebody guesses at who has chosen an account; counted per account on top.
GUESSED = ("login", "two_factor_token_validation", "mf_recovery")
PROOFS = ("security.verify", "security.wan_verify_response")
WATCHED = (
    *(f"security.{name}" for name in GUESSED), *PROOFS, "security.wan_signin_response", "security.change_password",
    "security.reset_password", "security.two_factor_setup_validate",
)  # fmt: skip


def account_tried() -> str:
    """The account a try is about: the address typed, or the one whose password was right a moment ago."""
    if request.endpoint == "security.login":
        sent = request.get_json(silent=True) if request.is_json else request.form
        tried = sent.get("email") if isinstance(sent, Mapping) else None
    else:
        tried = session.get("tf_user_id")
    return f"account {str(tried).strip().lower()[:254]}" if tried else f"address {get_remote_address()}"


def passed(response: Response) -> bool:
    """Flask-Security sends on whom it lets in and shows the form again to the others."""
    return response.status_code in (301, 302, 303)


def _refused(response: Response) -> bool:
    return not passed(response)


def _per_source() -> str:
    settings: Settings = current_app.config["TANDEM"]
    return f"{settings.web.sign_ins_per_minute}/minute"


def _per_account() -> str:
    settings: Settings = current_app.config["TANDEM"]
    return f"{settings.web.wrong_sign_ins_per_account}/10 minutes"


# Decorated once a process, however many applications there are: the limiter adds a limit up each time it is named.
_guarded: dict[str, Any] = {}


def install(app: Flask, settings: Settings, *, mail_util: type[MailUtil]) -> None:
    """Registers sign-in, sign-up, CSRF and the limits; mails go through `mail_util`."""
    csrf.init_app(app)
    limiter.init_app(app)
    datastore = FSQLALiteUserDatastore(db, User, Role, WebAuthn)
    Security(
        app, datastore, register_form=SignUpForm, mail_util_cls=mail_util, webauthn_util_cls=PasskeyRules,
        password_util_cls=StrongPasswords, totp_cls=OneUseTotp, mf_recovery_codes_util_cls=HashedRecoveryCodes,
    )  # fmt: skip
    for name in LIMITED:
        if name not in _guarded:
            view = limiter.limit(_per_source, methods=["POST"])(app.view_functions[f"security.{name}"])
            if name in GUESSED:
                view = limiter.limit(
                    _per_account, methods=["POST"], key_func=account_tried, deduct_when=_refused
                )(view)
            _guarded[name] = view
        app.view_functions[f"security.{name}"] = _guarded[name]

    @app.before_request
    def drop_ended_sessions() -> None:
        # Flask-Security's own pages look at the cookie only; an ended session must not open them either.
        if "_user_id" in session and "Authorization" not in request.headers and person() is None:
            logout_user()

    @app.after_request
    def note_refusals(response: Response) -> Response:
        """Tries that failed, for whoever watches the log; what was typed is not written down, it may be a password."""
        if request.method == "POST" and request.endpoint in WATCHED and not passed(response):
            log.warning(
                "sign_in_refused", at=request.endpoint, ip=request.remote_addr, status=response.status_code
            )
        return response

    @app.after_request
    def renew_token_after_proof(response: Response) -> Response:
        if request.method == "POST" and request.endpoint in PROOFS and passed(response):
            renew_token(db.session)
            db.session.commit()
        return response

    @app.before_request
    def protect_cookie_requests() -> None:
        # A bearer key is not sent by browsers on their own, so it needs no CSRF token.
        exempt = "Authorization" in request.headers and request.path.startswith("/api/")
        if not exempt and app.config.get("WTF_CSRF_ENABLED", True):
            csrf.protect()

    @app.teardown_request
    def forget_actor(_error: BaseException | None) -> None:
        g.pop("tandem_actor", None)
        g.pop("tandem_person", None)
