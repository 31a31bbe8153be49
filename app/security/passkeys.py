"""What we ask of passkeys: the checks themselves are the webauthn package's, called by Flask-Security."""

from __future__ import annotations

from flask import current_app
from flask_security import UserMixin
from flask_security.webauthn_util import WebauthnUtil
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.config import Settings


class PasskeyRules(WebauthnUtil):
    """A passkey that signs in alone proves who holds it (PIN, finger, face); any kind of authenticator may be used."""

    def origin(self) -> str:
        """The address people know, not the Host header a request may claim."""
        settings: Settings = current_app.config["TANDEM"]
        return settings.web.public_url.rstrip("/") or str(super().origin())

    def authenticator_selection(self, user: UserMixin, usage: str) -> AuthenticatorSelectionCriteria:
        if usage != "first":
            return super().authenticator_selection(user, usage)
        return AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        )

    def user_verification(self, user: UserMixin | None, usage: list[str]) -> UserVerificationRequirement:
        if "secondary" in usage:
            return UserVerificationRequirement.DISCOURAGED
        return UserVerificationRequirement.REQUIRED
