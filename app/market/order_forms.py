"""Forms of requesting and deciding."""

from __future__ import annotations

from datetime import UTC, datetime

from flask_wtf import FlaskForm
from wtforms import DateTimeLocalField, SelectField, TextAreaField
from wtforms.validators import Length, Optional


class RequestForm(FlaskForm):
    trunk_id = SelectField(
        "For trunk",
        coerce=int,
        description="The product joins the routes of this trunk once the seller accepts.",
    )
    note = TextAreaField(
        "To the seller",
        [Optional(), Length(max=2000)],
        description="Expected minutes, destinations, wished start.",
    )


class AcceptForm(FlaskForm):
    effective_from = DateTimeLocalField("From (UTC)", [Optional()], description="Empty: at once.")
    answer = TextAreaField("To the buyer", [Optional(), Length(max=2000)])

    @property
    def start(self) -> datetime | None:
        value: datetime | None = self.effective_from.data
        return value.replace(tzinfo=UTC) if value else None


class AnswerForm(FlaskForm):
    answer = TextAreaField("Why", [Optional(), Length(max=2000)])


class NothingForm(FlaskForm):
    """Only the CSRF token."""
