"""Flask-Security on our models: argon2id passwords, sessions, TOTP with recovery codes, sign-in limits."""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from flask import Flask, g, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_security import FSQLALiteUserDatastore, Security
from flask_wtf.csrf import CSRFProtect

from app.config import Settings
from app.db import db
from app.security.models import Role, User, WebAuthn

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
        SESSION_COOKIE_NAME="tandem_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.web.secure_cookies,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        WTF_CSRF_CHECK_DEFAULT=False,  # checked below for everything that rides on a cookie
        WTF_CSRF_TIME_LIMIT=None,
        SECURITY_PASSWORD_SALT=salt,
        SECURITY_PASSWORD_HASH="argon2",
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_DEPRECATED_PASSWORD_SCHEMES=[],
        SECURITY_PASSWORD_HASH_OPTIONS={
            "argon2__time_cost": settings.web.password_time_cost,
            "argon2__memory_cost": settings.web.password_memory_kib,
            "argon2__parallelism": 1,
        },
        SECURITY_PASSWORD_LENGTH_MIN=12,
        SECURITY_PASSWORD_CHECK_BREACHED=None,  # would ask a server outside
        SECURITY_PASSWORD_COMPLEXITY_CHECKER=None,
        SECURITY_REGISTERABLE=False,
        SECURITY_CHANGEABLE=True,
        SECURITY_SEND_PASSWORD_CHANGE_EMAIL=False,
        SECURITY_TRACKABLE=True,
        SECURITY_TWO_FACTOR=True,
        SECURITY_TWO_FACTOR_ENABLED_METHODS=["authenticator"],
        SECURITY_TWO_FACTOR_REQUIRED=False,
        SECURITY_TOTP_SECRETS={"1": kept_secret(settings, "totp_key", "")},
        SECURITY_TOTP_ISSUER="Tandem",
        SECURITY_MULTI_FACTOR_RECOVERY_CODES=True,
        SECURITY_WEBAUTHN=False,
        SECURITY_RETURN_GENERIC_RESPONSES=True,
        SECURITY_LOGIN_URL="/sign-in",
        SECURITY_LOGOUT_URL="/sign-out",
        SECURITY_LOGOUT_METHODS=["POST"],
        SECURITY_POST_LOGIN_VIEW="/",
        SECURITY_POST_LOGOUT_VIEW="/sign-in",
        SECURITY_CHANGE_URL="/account/password",
        SECURITY_TWO_FACTOR_SETUP_URL="/account/two-factor",
        SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False, "test_environment": True},
        SECURITY_USER_IDENTITY_ATTRIBUTES=[{"email": {"mapper": _plain_email, "case_insensitive": True}}],
        SECURITY_FRESHNESS=timedelta(hours=12),
        SECURITY_FRESHNESS_GRACE_PERIOD=timedelta(hours=1),
        RATELIMIT_STORAGE_URI="memory://",
    )


def _plain_email(identity: str) -> str | None:
    text = identity.strip().lower()
    return text if 3 <= len(text) <= 254 and "@" in text else None


def install(app: Flask, settings: Settings) -> None:
    """Registers sign-in, CSRF and the sign-in limit."""
    csrf.init_app(app)
    limiter.init_app(app)
    datastore = FSQLALiteUserDatastore(db, User, Role, WebAuthn)
    Security(app, datastore)
    limit = limiter.limit(f"{settings.web.sign_ins_per_minute}/minute", methods=["POST"])
    for name in ("security.login", "security.two_factor_token_validation", "security.mf_recovery"):
        app.view_functions[name] = cast("Any", limit(app.view_functions[name]))

    @app.before_request
    def protect_cookie_requests() -> None:
        # A bearer key is not sent by browsers on their own, so it needs no CSRF token.
        exempt = "Authorization" in request.headers and request.path.startswith("/api/")
        if not exempt and app.config.get("WTF_CSRF_ENABLED", True):
            csrf.protect()

    @app.teardown_request
    def forget_actor(_error: BaseException | None) -> None:
        g.pop("tandem_actor", None)
