"""What a password must be: at least twelve characters of any kind, hard to guess, not made of our own words, not breached."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from flask import current_app, g
from flask_security.password_util import PasswordUtil
from zxcvbn import zxcvbn

from app.config import Settings
from app.security.breached import is_breached

# Words that somebody who knows the place tries first; to them come the person's own name and address.
OWN_WORDS = (
    "tandem", "exchange", "carrier", "wholesale", "voice", "routing", "route", "routes", "rates", "deck", "trunk",
    "telecom", "operator", "owner", "trader", "finance", "admin", "password",
)  # fmt: skip
LEAST_SCORE = 3  # of zxcvbn: at least 10^8 guesses
LOOKED_AT = 72  # characters that are judged: more of them never make it weaker
LEFT = 5  # letters that must remain when our own words are taken out


class StrongPasswords(PasswordUtil):
    """Kept exactly as typed (only Unicode is normalised); no rules on which characters it has."""

    def validate(self, password: str, is_register: bool, **kwargs: Any) -> tuple[list[str] | None, str]:
        """(what is wrong or None, the normalised password)."""
        faults, plain = super().validate(password, is_register, **kwargs)
        return faults or faults_of(plain, known_words(kwargs), current_app.config["TANDEM"]) or None, plain


def known_words(facts: dict[str, Any]) -> list[str]:
    """The words of the person's name and address, and of the form's other texts, at least four letters long."""
    person = facts.get("user") or g.get("tandem_person")
    texts = [value for key, value in facts.items() if isinstance(value, str) and "password" not in key]
    if person is not None:
        texts += [person.email or "", person.name or ""]
    words = {word for text in texts for word in re.findall(r"[^\W\d_]{4,}", text.casefold())}
    return sorted(words)


def faults_of(password: str, words: list[str], settings: Settings) -> list[str]:
    """Why it is refused, each with what to do; empty when it is good."""
    rest = password.casefold()
    for word in sorted({*OWN_WORDS, *words}, key=len, reverse=True):
        rest = rest.replace(word, "")
    if rest != password.casefold() and len(re.findall(r"[^\W\d_]", rest)) < LEFT:
        return ["It is made of your name, your address or words of this exchange. Take other words."]
    judged = zxcvbn(password[:LOOKED_AT], user_inputs=[*OWN_WORDS, *words])
    if judged["score"] < LEAST_SCORE:
        return [
            f"It is too easy to guess. {judged['feedback']['warning']} Take four or more words that do not belong together."
        ]
    if settings.web.breached_passwords and is_breached(password, Path(settings.web.breached_passwords)):
        return ["It has been seen in a leak of another site. Take another one, here and there."]
    return []
