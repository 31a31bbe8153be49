"""The simulator's form: everything is in the URL, so a simulation can be sent to a colleague."""

from __future__ import annotations

from datetime import UTC, datetime

from flask_wtf import FlaskForm
from wtforms import DateTimeLocalField, DecimalField, IntegerField, SelectField, StringField
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from app.routing.simulate import PRESET_LABELS

FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"]
POLICIES = list(PRESET_LABELS.items())


class SimulatorForm(FlaskForm):  # type: ignore[misc]
    """Read from the query string; it changes nothing, so it carries no token."""

    class Meta:
        csrf = False

    number = StringField("Number", [DataRequired("Type the dialled number."), Length(max=40)])
    trunk = SelectField("As trunk", coerce=int)
    at = DateTimeLocalField("At (UTC)", [Optional()], format=FORMATS, description="Empty: now.")
    ani = StringField("Caller", [Optional(), Length(max=40)])
    lrn = StringField("LRN", [Optional(), Length(max=40)], description="Of a ported number.")
    a_lrn = StringField("Caller's LRN or JIP", [Optional(), Length(max=40)])
    policy = SelectField("Policy", choices=POLICIES)
    seconds = IntegerField("Call length (s)", [Optional(), NumberRange(min=1, max=86_400)])
    max = IntegerField("Routes", [Optional(), NumberRange(min=1, max=10)])
    sell = DecimalField("Sell rate", [Optional(), NumberRange(min=0, max=1_000_000)], places=None)
    vs_at = DateTimeLocalField("Compare with (UTC)", [Optional()], format=FORMATS)
    vs_policy = SelectField("Compare with policy", choices=[("", "–"), *POLICIES[1:]])

    def instant(self, name: str, default: datetime) -> datetime:
        value: datetime | None = self[name].data
        return value.replace(tzinfo=UTC) if value else default
