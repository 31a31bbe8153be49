"""Who must have a second factor, and who has one."""

from __future__ import annotations

from flask import current_app
from flask_security.twofactor import is_tf_setup

from app.config import Settings
from app.security.actor import Actor
from app.security.models import User
from app.security.permissions import needs_two_factor


def has_second_factor(user: User) -> bool:
    """An authenticator app, a passkey as second factor, or a passkey as the only way in (it proves possession and PIN)."""
    usages = {key.usage for key in user.webauthn}
    return is_tf_setup(user) or "secondary" in usages or (user.password is None and "first" in usages)


def is_demo_account(email: str) -> bool:
    """One of the published accounts of a demo; never true elsewhere."""
    return any(email == plan.email for plan in current_app.config.get("DEMO_LOGINS", ()))


def must_set_up(user: User, actor: Actor) -> bool:
    """Whether this person has to set up a second factor before anything else."""
    settings: Settings = current_app.config["TANDEM"]
    if not settings.web.two_factor_required or is_demo_account(user.email):
        return False
    if not settings.web.two_factor_everyone and not needs_two_factor(actor.permissions):
        return False
    return not has_second_factor(user)
