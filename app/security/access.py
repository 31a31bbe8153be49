"""`actor()` and `@require(...)`: the one gate of every page and API route."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import flash, g, redirect, request, url_for
from flask_security import current_user

from app.clock import utc_now
from app.db import db
from app.errors import DomainError, Forbidden
from app.security.actor import KEY_PREFIX, Actor, actor_of_key, actor_of_user
from app.security.models import User
from app.security.permissions import PERMISSIONS
from app.security.second_factor import must_set_up
from app.security.sessions import is_fresh, session_holds

F = TypeVar("F", bound=Callable[..., Any])

__all__ = [
    "Actor",
    "Unauthenticated",
    "actor",
    "current_actor",
    "fresh",
    "is_api",
    "person",
    "require",
    "signed_in",
]


class Unauthenticated(DomainError):
    code = "unauthenticated"
    status = 401


class TwoFactorMissing(Forbidden):
    """The role trades or publishes, and the account has no second factor yet."""

    code = "two_factor_missing"


def is_api() -> bool:
    """True for requests answered to programs: below /api/, or with a bearer key."""
    return request.path.startswith("/api/") or "Authorization" in request.headers


def current_actor() -> Actor | None:
    """The actor of this request, or None; read once per request."""
    if "tandem_actor" not in g:
        g.tandem_actor = _read_actor()
    return cast("Actor | None", g.tandem_actor)


def _read_actor() -> Actor | None:
    header = request.headers.get("Authorization")
    if header is not None:
        # A wrong credential never falls back to a cookie.
        scheme, _, secret = header.partition(" ")
        if scheme.lower() != "bearer" or not secret.startswith(KEY_PREFIX):
            return None
        return actor_of_key(db.session, secret.strip(), utc_now(), request.remote_addr)
    found = person()
    return None if found is None else actor_of_user(db.session, found, request.remote_addr)


def person() -> User | None:
    """The account of this browser's sign-in, with or without a company; None when it does not hold any more."""
    if "tandem_person" not in g:
        user = cast(
            "User | None", current_user._get_current_object() if current_user.is_authenticated else None
        )
        g.tandem_person = (
            user if user is not None and session_holds(db.session, user, now=utc_now()) else None
        )
    return cast("User | None", g.tandem_person)


def actor() -> Actor:
    """The actor of this request. Raises Unauthenticated."""
    found = current_actor()
    if found is None:
        raise Unauthenticated(
            "Sign in, or send an API key.",
            hint="Send the header `Authorization: Bearer tk_…` with a key that is not revoked.",
        )
    return found


def require(*permissions: str, unfinished: bool = False) -> Callable[[F], F]:
    """Lets the view run only for an actor with every permission (none named: anyone signed in). `unfinished`: also
    for a person whose role needs a second factor that is not set up yet.

    Anonymous people go to the sign-in page, programs get 401; a missing permission is 403.
    """
    unknown = [name for name in permissions if name not in PERMISSIONS and name != "operator"]
    if unknown:
        raise ValueError(f"unknown permission {unknown[0]}")

    def decorate(view: F) -> F:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            found = current_actor()
            if found is None:
                if is_api():
                    actor()
                if person() is not None:
                    return redirect(url_for("welcome.index"))
                return redirect(url_for("security.login", next=request.full_path.rstrip("?")))
            if not unfinished and "Authorization" not in request.headers:
                user = person()
                if user is not None and must_set_up(user, found):
                    if is_api():
                        raise TwoFactorMissing(
                            "Your role needs a second factor.", hint="Set it up at /account, then come back."
                        )
                    return redirect(url_for("account.index"))
            missing = [name for name in permissions if name not in found.permissions]
            if missing:
                raise Forbidden(
                    "This needs a permission you do not have.",
                    hint=f"Ask an owner of {found.company_name} for: {PERMISSIONS.get(missing[0], missing[0])}.",
                    permission=missing[0],
                )
            return view(*args, **kwargs)

        guarded.required_permissions = permissions  # type: ignore[attr-defined]
        return cast("F", guarded)

    return decorate


def signed_in(view: F) -> F:
    """Lets the view run for any person whose sign-in holds, with or without a company or a second factor."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if "Authorization" in request.headers or person() is None:
            if is_api():
                raise Unauthenticated("Sign in; this is about a person, a key has none.")
            return redirect(url_for("security.login", next=request.full_path.rstrip("?")))
        return view(*args, **kwargs)

    guarded.required_permissions = ()  # type: ignore[attr-defined]
    return cast("F", guarded)


def fresh(view: F) -> F:
    """Lets the view run only shortly after the person has proved who they are; else the proof is asked for first."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if not is_fresh(now=utc_now()):
            flash("Prove that it is you first, then do it again.", "info")
            return redirect(url_for("security.verify", next=url_for("account.index")))
        return view(*args, **kwargs)

    return cast("F", guarded)
