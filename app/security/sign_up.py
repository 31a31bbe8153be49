"""The sign-up form: a name, an address, and a password of at least twelve characters, or none for a passkey."""

from __future__ import annotations

from typing import Any

from flask_security.forms import RegisterFormV2
from wtforms import BooleanField, PasswordField, StringField
from wtforms.validators import DataRequired, EqualTo, Length


class SignUpForm(RegisterFormV2):
    """Flask-Security checks the address and the password; whether the address is taken is never said."""

    name = StringField("Your name", [DataRequired(), Length(max=120)])
    password = PasswordField("Password", description="At least 12 characters; a sentence is good.")
    password_confirm = PasswordField(
        "Password again", [EqualTo("password", message="The two passwords differ.")]
    )
    with_passkey = BooleanField("Use a passkey instead of a password")

    def validate(self, **kwargs: Any) -> bool:
        """A password unless a passkey was chosen; then none is kept, whatever was typed."""
        if self.with_passkey.data:
            self.password.data = self.password_confirm.data = None
        fits = bool(super().validate(**kwargs))
        if not self.with_passkey.data and not self.password.data:
            self.password.errors = [*self.password.errors, "Choose a password, or a passkey instead."]
            return False
        return fits
