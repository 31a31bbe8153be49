"""Forms of people and companies."""

from __future__ import annotations

import pycountry
from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, SelectField, SelectMultipleField, StringField, widgets
from wtforms.validators import DataRequired, Length, Optional, Regexp

from app.carriers.forms import currencies
from app.security.permissions import ROLE_TEXTS

PHONE = Regexp(
    r"^\+?[0-9][0-9 ()./-]{3,}$", message="A telephone number: digits, for example +353 1 555 0100."
)
EMAIL = Regexp(r"^[^@\s]+@[^@\s]+\.[^@\s]+$", message="This is not an e-mail address.")


def capitals(text: str | None) -> str | None:
    return text.upper() if text else text


def role_choices(operator_company: bool) -> list[tuple[str, str]]:
    roles = [(name, f"{name}: {text}") for name, text in ROLE_TEXTS.items()]
    return roles if operator_company else [pair for pair in roles if pair[0] != "operator"]


class CompanyForm(FlaskForm):  # type: ignore[misc]
    name = StringField("Name", [DataRequired(), Length(max=120)])
    country = SelectField(
        "Country", choices=sorted(((c.alpha_2, c.name) for c in pycountry.countries), key=lambda p: p[1])
    )
    currency = SelectField("Currency", choices=currencies, filters=[capitals])
    noc_email = EmailField("NOC e-mail", [Optional(), Length(max=254), EMAIL])
    noc_phone = StringField("NOC telephone", [Optional(), Length(max=40), PHONE])
    rates_email = EmailField("Rates e-mail", [Optional(), Length(max=254), EMAIL])


class NewCompanyForm(FlaskForm):  # type: ignore[misc]
    name = StringField("Name", [DataRequired(), Length(max=120)])
    country = SelectField(
        "Country", choices=sorted(((c.alpha_2, c.name) for c in pycountry.countries), key=lambda p: p[1])
    )
    currency = SelectField("Currency", choices=currencies, default="USD", filters=[capitals])
    sells = BooleanField("Sells routes")
    buys = BooleanField("Buys routes")
    owner_email = EmailField("E-mail of the first owner", [DataRequired(), Length(max=254), EMAIL])
    owner_name = StringField("Name of the first owner", [DataRequired(), Length(max=120)])


class RelationsForm(FlaskForm):  # type: ignore[misc]
    """What the loop guard knows of a company; the operator sets it."""

    group = StringField(
        "Group",
        [Optional(), Length(max=80)],
        description="Companies with the same name here belong together. Empty: none.",
    )
    upstreams = SelectMultipleField(
        "Buys from",
        option_widget=widgets.CheckboxInput(),
        widget=widgets.ListWidget(prefix_label=False),
        description="Carriers this company is known to send its own calls through.",
    )
