"""The form that stops something."""

from __future__ import annotations

from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import SelectField, StringField
from wtforms.validators import DataRequired, Length, Optional, Regexp

from app.routing.state import LABELS, target_names


class StopForm(FlaskForm):  # type: ignore[misc]
    kind = SelectField("What", choices=list(LABELS.items()))
    target = SelectField("Of", description="A product, a company or a trunk, as the stop needs.")
    code = StringField(
        "Dial code",
        [Optional(), Regexp(r"^[0-9]{1,15}$", message="Digits only, with the country code.")],
        description="For a blocked destination.",
    )
    reason = StringField("Why", [DataRequired(), Length(max=200)])


def stop_form(session: Session) -> StopForm:
    form = StopForm()
    sides = ("product", "company", "trunk")
    names = sorted(
        target_names(session).items(), key=lambda item: (sides.index(item[0][0]), item[1].casefold())
    )
    form.target.choices = [(f"{side}-{number}", f"{side}: {name}") for (side, number), name in names]
    return form
