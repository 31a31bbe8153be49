"""How a customer wants its calls hunted (docs/decision.md 8): form fields to the words of the core and back."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField
from wtforms.validators import NumberRange, Optional

from app.carriers.route_words import LISTS, codes_of, sip_codes

TIMERS = {"timeout_ms": "hunt_timeout_ms", "no_reply_ms": "hunt_no_reply_ms", "ringing_ms": "hunt_ringing_ms"}


class HuntFields(FlaskForm):  # type: ignore[misc]
    """Mixed into the trunk's form; what is empty stays as each product says."""

    hunt_timeout_ms = IntegerField("Next route after (ms)", [Optional(), NumberRange(min=100, max=600_000)])
    hunt_no_reply_ms = IntegerField("No reply after (ms)", [Optional(), NumberRange(min=100, max=600_000)])
    hunt_ringing_ms = IntegerField("No ringing after (ms)", [Optional(), NumberRange(min=100, max=600_000)])
    hunt_stop = StringField(
        "SIP codes that end the call", [Optional(), sip_codes], description="For example 404 480."
    )
    hunt_next = StringField("SIP codes that try the next route", [Optional(), sip_codes])


def hunt_of(data: dict[str, Any]) -> dict[str, Any] | None:
    """None when nothing is filled in."""
    words: dict[str, Any] = {word: data[field] for word, field in TIMERS.items() if data.get(field)}
    for word in LISTS:
        codes = codes_of(data.get(word))
        if codes:
            words[word] = codes
    return words or None


def hunt_values(words: dict[str, Any] | None) -> dict[str, Any]:
    """Values for the form; the inverse of `hunt_of`."""
    given = words or {}
    values = {field: given.get(word) for word, field in TIMERS.items()}
    return values | {word: " ".join(map(str, given.get(word) or ())) for word in LISTS}
