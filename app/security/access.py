"""`actor()` and `@require(...)`: the one gate of every page and API route."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import g, redirect, request, url_for
from flask_security import current_user

from app.clock import utc_now
from app.db import db
from app.errors import DomainError, Forbidden
from app.security.actor import KEY_PREFIX, Actor, actor_of_key, actor_of_user
from app.security.permissions import PERMISSIONS

F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["Actor", "Unauthenticated", "actor", "current_actor", "is_api", "require"]


class Unauthenticated(DomainError):
    code = "unauthenticated"
    status = 401


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
    if not current_user.is_authenticated:
        return None
    return actor_of_user(db.session, current_user, request.remote_addr)


def actor() -> Actor:
    """The actor of this request. Raises Unauthenticated."""
    found = current_actor()
    if found is None:
        raise Unauthenticated(
            "Sign in, or send an API key.",
            hint="Send the header `Authorization: Bearer tk_…` with a key that is not revoked.",
        )
    return found


def require(*permissions: str) -> Callable[[F], F]:
    """Lets the view run only for an actor with every permission (none named: anyone signed in).

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
                return redirect(url_for("security.login", next=request.full_path.rstrip("?")))
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
