"""Forms of sign-up, invitations, onboarding and approval."""

from __future__ import annotations

import pycountry
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    EmailField,
    HiddenField,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    widgets,
)
from wtforms.validators import DataRequired, EqualTo, InputRequired, Length, Optional

from app.accounts.papers import KINDS
from app.carriers.forms import currencies
from app.carriers.people_forms import EMAIL, PHONE, capitals, role_choices

CODECS = ("PCMA", "PCMU", "G729", "G722", "OPUS", "AMR", "AMR-WB", "iLBC", "telephone-event")
TERMS = ("prepaid", "7/7", "7/15", "15/15", "15/30", "30/30")
CYCLES = ("daily", "weekly", "twice a month", "monthly")


def countries() -> list[tuple[str, str]]:
    return sorted(((c.alpha_2, c.name) for c in pycountry.countries), key=lambda pair: pair[1])


class NothingForm(FlaskForm):  # type: ignore[misc]
    """Only the CSRF token."""


class FoundForm(FlaskForm):  # type: ignore[misc]
    name = StringField("Company", [DataRequired(), Length(max=120)], description="As others will see it.")
    country = SelectField("Country", choices=countries)
    currency = SelectField("Currency", choices=currencies, default="USD", filters=[capitals])
    sells = BooleanField("Sells routes")
    buys = BooleanField("Buys routes")


class InviteForm(FlaskForm):  # type: ignore[misc]
    email = EmailField("E-mail", [DataRequired(), Length(max=254), EMAIL])
    role = SelectField("Role")

    def offer_roles(self, operator_company: bool) -> None:
        self.role.choices = role_choices(operator_company)


class JoinForm(FlaskForm):  # type: ignore[misc]
    """The checks of the password itself are Flask-Security's (`password_faults`)."""

    name = StringField("Your name", [DataRequired(), Length(max=120)])
    password = PasswordField(
        "Password", [InputRequired()], description="At least 12 characters; a sentence is good."
    )
    password_confirm = PasswordField(
        "Password again", [EqualTo("password", message="The two passwords differ.")]
    )


class FactsForm(FlaskForm):  # type: ignore[misc]
    """Empty fields are kept empty: the checklist says what is missing."""

    legal_name = StringField("Legal name", [Length(max=160)])
    registration_number = StringField("Register number", [Length(max=60)])
    tax_number = StringField("Tax or VAT number", [Length(max=60)])
    address = TextAreaField("Registered address", [Length(max=400)])
    noc_email = EmailField("NOC e-mail", [Optional(), Length(max=254), EMAIL])
    noc_phone = StringField("NOC telephone", [Optional(), Length(max=40), PHONE])
    rates_email = EmailField("Rates e-mail", [Optional(), Length(max=254), EMAIL])
    codecs = SelectMultipleField(
        "Codecs", choices=[(name, name) for name in CODECS], option_widget=widgets.CheckboxInput(),
        widget=widgets.ListWidget(prefix_label=False),
    )  # fmt: skip
    payment_terms = SelectField(
        "Payment terms", choices=[("", "choose"), *((term, term) for term in TERMS)],
        description="Days of traffic / days to pay.",
    )  # fmt: skip
    billing_cycle = SelectField("Billing cycle", choices=[("", "choose"), *((word, word) for word in CYCLES)])
    billing_email = EmailField("Invoices to", [Optional(), Length(max=254), EMAIL])


class PaperForm(FlaskForm):  # type: ignore[misc]
    kind = SelectField("What it is", choices=list(KINDS.items()))
    file = FileField("File", [FileRequired()], description="PDF, PNG or JPEG, at most 10 MiB.")


class TermsForm(FlaskForm):  # type: ignore[misc]
    text_sha256 = HiddenField()
    typed_name = StringField("Type your name to accept", [DataRequired(), Length(max=120)])


class DecideForm(FlaskForm):  # type: ignore[misc]
    verdict = HiddenField()
    note = TextAreaField("Note to the company's owners", [Length(max=2000)])
