"""What a product's routes can do (docs/decision.md 10) between its form and its JSON, in the words of the core."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import available_timezones

from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, IntegerField, StringField, TextAreaField
from wtforms.validators import NumberRange, Optional, ValidationError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOMENT = re.compile(rf"({'|'.join(DAYS)}) ([01][0-9]|2[0-3]):[0-5][0-9]")
# Words and what the core takes them for when they are left out.
DEFAULTS: dict[str, Any] = {
    "weight": 0, "keeps_cli": True, "keeps_identity": False, "min_digits": 1, "max_digits": 15, "no_reply_ms": None,
    "ringing_ms": None,
}  # fmt: skip
LISTS = ("hunt_stop", "hunt_next")


def open_hours(text: str) -> list[list[str]]:
    """`mon 08:00 - mon 18:00`, one a line, as intervals. Raises ValueError that names the line."""
    found = []
    for line in filter(None, (line.strip() for line in text.lower().splitlines())):
        start, _, end = (part.strip() for part in line.partition("-"))
        if not MOMENT.fullmatch(start) or not MOMENT.fullmatch(end) or start == end:
            raise ValueError(f"{line[:80]!r} is not an interval such as mon 08:00 - mon 18:00")
        found.append([start, end])
    return found


def _hours(_form: FlaskForm, field: Field) -> None:
    try:
        open_hours(field.data or "")
    except ValueError as fault:
        raise ValidationError(str(fault)) from fault


def codes_of(text: str | None) -> list[int]:
    """`404 480, 503` ascending, each once."""
    return sorted({int(part) for part in re.split(r"[\s,;]+", text or "") if part})


def sip_codes(_form: FlaskForm, field: Field) -> None:
    for part in re.split(r"[\s,;]+", field.data or ""):
        if part and not re.fullmatch(r"[3-6][0-9]{2}", part):
            raise ValidationError(f"{part[:20]} is not a SIP code from 300 to 699.")


class RouteFields(FlaskForm):  # type: ignore[misc]
    """Fields of what the routes can do; mixed into the product's form."""

    weight = IntegerField(
        "Share by percentage", [Optional(), NumberRange(min=0, max=1_000_000)], default=0,
        description="Weight against the other products where a trunk shares by percentage; 0 takes only what is left.",
    )  # fmt: skip
    keeps_cli = BooleanField("The caller's number arrives", default=True)
    keeps_identity = BooleanField("The signature of the caller's identity arrives (STIR/SHAKEN)")
    min_digits = IntegerField("Digits at least", [Optional(), NumberRange(min=1, max=15)], default=1)
    max_digits = IntegerField("Digits at most", [Optional(), NumberRange(min=1, max=15)], default=15)
    no_reply_ms = IntegerField("No reply after (ms)", [Optional(), NumberRange(min=100, max=600_000)])
    ringing_ms = IntegerField("No ringing after (ms)", [Optional(), NumberRange(min=100, max=600_000)])
    hunt_stop = StringField("SIP codes that end the call", [Optional(), sip_codes])
    hunt_next = StringField("SIP codes that try the next route", [Optional(), sip_codes])
    zone = StringField("Time zone of the hours", description="For example Europe/Berlin.")
    hours = TextAreaField(
        "Open hours",
        [Optional(), _hours],
        description="One interval a line: mon 08:00 - mon 18:00. Empty: always.",
    )

    def validate_max_digits(self, field: Field) -> None:
        if (field.data or 15) < (self.min_digits.data or 1):
            raise ValidationError("Fewer than the least digits.")

    def validate_zone(self, field: Field) -> None:
        if (self.hours.data or "").strip() and field.data not in available_timezones():
            raise ValidationError("Hours need a time zone such as Europe/Berlin.")


def routing_of_form(form: RouteFields) -> dict[str, Any]:
    """The words that differ from what the core assumes."""
    words: dict[str, Any] = {}
    for word, default in DEFAULTS.items():
        value = form[word].data
        if value is not None and value != default:
            words[word] = value
    for word in LISTS:
        codes = codes_of(form[word].data)
        if codes:
            words[word] = codes
    hours = open_hours(form.hours.data or "")
    if hours:
        words["schedule"] = {"zone": form.zone.data, "open": hours}
    return words


def route_values(routing: dict[str, Any]) -> dict[str, Any]:
    """Values for the form; the inverse of `routing_of_form`."""
    values = {word: routing.get(word, default) for word, default in DEFAULTS.items()}
    values |= {word: " ".join(map(str, routing.get(word) or ())) for word in LISTS}
    schedule = routing.get("schedule") or {}
    values["zone"] = schedule.get("zone", "")
    values["hours"] = "\n".join(f"{start} - {end}" for start, end in schedule.get("open", ()))
    return values
