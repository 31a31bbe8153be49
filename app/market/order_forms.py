"""Forms of requesting and deciding."""

from __future__ import annotations

from datetime import UTC, datetime

from flask_wtf import FlaskForm
from wtforms import DateTimeLocalField, SelectField, TextAreaField
from wtforms.validators import Length, Optional


class RequestForm(FlaskForm):  # type: ignore[misc]
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


class AcceptForm(FlaskForm):  # type: ignore[misc]
    effective_from = DateTimeLocalField("From (UTC)", [Optional()], description="Empty: at once.")
    answer = TextAreaField("To the buyer", [Optional(), Length(max=2000)])

    @property
    def start(self) -> datetime | None:
        value: datetime | None = self.effective_from.data
        return value.replace(tzinfo=UTC) if value else None


class AnswerForm(FlaskForm):  # type: ignore[misc]
    answer = TextAreaField("Why", [Optional(), Length(max=2000)])


class NothingForm(FlaskForm):  # type: ignore[misc]
    """Only the CSRF token."""
