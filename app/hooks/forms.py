"""Forms of webhooks and of how a person is told."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import RadioField, SelectMultipleField, StringField, widgets
from wtforms.validators import DataRequired, Length

from app.hooks.kinds import GROUPS


class WebhookForm(FlaskForm):  # type: ignore[misc]
    url = StringField(
        "Address", [DataRequired(), Length(max=500)], description="https://hooks.example.com/tandem"
    )
    kinds = SelectMultipleField(
        "Tell it of", choices=list(GROUPS.items()), option_widget=widgets.CheckboxInput(),
        widget=widgets.ListWidget(prefix_label=False),
    )  # fmt: skip


class WishForm(FlaskForm):  # type: ignore[misc]
    mail = RadioField(
        "By mail",
        choices=[("digest", "Once a day"), ("at_once", "At once"), ("never", "Never")],
        default="digest",
    )
