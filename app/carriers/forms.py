"""Forms of products, trunks and keys."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

import pycountry
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    Field,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    widgets,
)
from wtforms.validators import DataRequired, Length, NumberRange, Optional, Regexp, ValidationError

from app.carriers.claims import ClaimFields
from app.carriers.hunt_form import HuntFields
from app.carriers.models import ROUTE_CLASSES
from app.carriers.offer_lists import OfferListFields
from app.carriers.policy_form import PolicyFields
from app.carriers.route_words import RouteFields
from app.security.permissions import KEY_SCOPES, PERMISSIONS

HOST = re.compile(
    r"^(?=.{1,253}$)([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$"
)
COMMON_CURRENCIES = ("USD", "EUR", "GBP")


def currencies() -> list[tuple[str, str]]:
    """ISO 4217 codes, the usual ones first."""
    rest = sorted(c.alpha_3 for c in pycountry.currencies if c.alpha_3 not in COMMON_CURRENCIES)
    return [(code, code) for code in (*COMMON_CURRENCIES, *rest)]


def split_list(text: str | None) -> list[str]:
    """Entries of a text with commas, spaces or lines between them, in order, each once."""
    return list(dict.fromkeys(part for part in re.split(r"[\s,;]+", text or "") if part))


def dial_codes(_form: FlaskForm, field: Field) -> None:
    for code in split_list(field.data):
        if not re.fullmatch(r"[0-9]{1,15}", code):
            raise ValidationError(f"{code} is not a dial code: 1 to 15 digits.")


def addresses(_form: FlaskForm, field: Field) -> None:
    for part in split_list(field.data):
        try:
            ipaddress.ip_network(part, strict=True)
        except ValueError as fault:
            raise ValidationError(f"{part} is not an address or network: {fault}") from fault


def host_name(_form: FlaskForm, field: Field) -> None:
    try:
        ipaddress.ip_address(field.data)
    except ValueError:
        if not HOST.match(field.data):
            raise ValidationError("Give an IP address or a host name.") from None


class ProductForm(RouteFields, ClaimFields):
    name = StringField(
        "Name", [DataRequired(), Length(max=80)], description="As buyers see it, for example Premium CLI."
    )
    route_class = SelectField("Class", choices=[(name, name.replace("_", " ")) for name in ROUTE_CLASSES])
    currency = SelectField("Currency", choices=currencies)
    vendor_trunk_id = SelectField("Calls go to", coerce=int)
    tech_prefix = StringField(
        "Tech prefix",
        [Optional(), Regexp(r"^[0-9*#]{1,16}$", message="Digits, * and # only.")],
        description="Dialled before the number to choose this product.",
    )
    lrn_rated = BooleanField(
        "Ported numbers are rated by their routing number (LRN)",
        description="North American decks: the LRN of the question, of the imported file or of the dip decides the code.",
    )
    unlisted_rule = SelectField(
        "Codes a full deck leaves out",
        choices=[
            ("parent", "Fall back to the shorter code"),
            ("block", "Are closed"),
            ("highest_in_country", "Cost the highest rate of the country"),
        ],
    )
    notice_days = IntegerField("Notice for increases (days)", [NumberRange(min=0, max=90)], default=7)
    timeout_ms = IntegerField("Next route after (ms)", [NumberRange(min=500, max=60_000)], default=6000)
    enabled = BooleanField("Open for calls", default=True)
    listed = BooleanField("Listed in the market", default=True)
    visibility = SelectField(
        "Who sees the listing",
        choices=[
            ("public", "Everybody, with your name"),
            ("invited", "Only the companies below"),
            ("anonymous", "Everybody; your name only after a deal"),
        ],
        default="public",
        description="Anonymous: your name, the product's name and the text below stay hidden until a buyer has a deal.",
    )
    invited = TextAreaField(
        "Invited companies", [Optional(), Length(max=20_000)], description="One name a line."
    )
    description = TextAreaField("What it promises", [Optional(), Length(max=2000)])

    def invited_names(self) -> list[str]:
        """Names as written, each once."""
        lines = (line.strip() for line in (self.invited.data or "").splitlines())
        return list(dict.fromkeys(line for line in lines if line))

    def validate_visibility(self, field: Field) -> None:
        if field.data == "invited" and not self.invited_names():
            raise ValidationError("Name at least one company, or choose another visibility.")


class VendorTrunkForm(FlaskForm):  # type: ignore[misc]
    name = StringField("Name", [DataRequired(), Length(max=80)])
    host = StringField("Address", [DataRequired(), Length(max=253), host_name])
    port = IntegerField("Port", [NumberRange(min=1, max=65_535)], default=5060)
    transport = SelectField("Transport", choices=[("udp", "UDP"), ("tcp", "TCP"), ("tls", "TLS")])
    channels = IntegerField(
        "Channels", [Optional(), NumberRange(min=1, max=1_000_000)], description="Empty: no limit stated."
    )
    cps = IntegerField("Calls per second", [Optional(), NumberRange(min=1, max=1_000_000)])
    enabled = BooleanField("Takes calls", default=True)


class CustomerTrunkForm(OfferListFields, PolicyFields, HuntFields):
    name = StringField("Name", [DataRequired(), Length(max=80)])
    tech_prefix = StringField(
        "Tech prefix",
        [Optional(), Regexp(r"^[0-9*#]{1,16}$", message="Digits, * and # only.")],
        description="Stripped from the dialled number.",
    )
    source_ips = TextAreaField(
        "Your switch's addresses",
        [Optional(), addresses],
        description="One address or network a line. A query from here needs no key.",
    )
    max_routes = IntegerField("Routes in an answer", [NumberRange(min=1, max=10)], default=5)
    blocked_codes = TextAreaField(
        "Never route to", [Optional(), dial_codes], description="Dial codes, for example 882 883."
    )
    opened_codes = TextAreaField(
        "Open in spite of the exchange's list",
        [Optional(), dial_codes],
        description="Satellite and premium codes are closed until you open them.",
    )
    lrn_sources = SelectMultipleField(
        "Where the LRN of a ported number comes from",
        choices=[
            ("query", "Your question says it (lrn, rn, npdi)"),
            ("file", "The exchange's file of ported numbers"),
            ("dip", "The exchange asks a registry, where it has one"),
        ],
        option_widget=widgets.CheckboxInput(),
        widget=widgets.ListWidget(prefix_label=False),
        default=["query", "file", "dip"],
    )
    country_code = StringField(
        "Country code",
        [Optional(), Regexp(r"^[0-9]{1,3}$", message="1 to 3 digits.")],
        description="Of numbers dialled without one. Empty: only international numbers arrive.",
    )
    national_prefix = StringField(
        "National prefix",
        [Optional(), Regexp(r"^[0-9]{1,8}$", message="Digits only.")],
        description="Dialled before national numbers, such as 0. Italy has none.",
    )
    international_prefixes = StringField(
        "International prefixes",
        [Optional(), Regexp(r"^[0-9 ,]{1,80}$", message="Digits, with spaces between.")],
        description="For example 00 011. A + always works.",
    )
    min_digits = IntegerField("Fewest digits", [Optional(), NumberRange(min=1, max=15)])
    max_digits = IntegerField("Most digits", [Optional(), NumberRange(min=1, max=15)])
    try_number = StringField("Try a number", [Optional(), Length(max=120)])
    enabled = BooleanField("In use", default=True)


class KeyForm(FlaskForm):  # type: ignore[misc]
    name = StringField("Name", [DataRequired(), Length(max=120)], description="Who or what will use it.")
    trunk_id = SelectField("Speaks for trunk", coerce=int)
    scopes = SelectMultipleField(
        "May",
        choices=[(scope, f"{scope}: {PERMISSIONS[scope]}") for scope in KEY_SCOPES],
        option_widget=widgets.CheckboxInput(),
        widget=widgets.ListWidget(prefix_label=False),
        default=["lcr:query"],
    )
    valid_days = SelectField(
        "Ends after",
        coerce=int,
        choices=[(90, "90 days"), (365, "1 year"), (30, "30 days"), (1, "1 day"), (0, "never")],
    )
    ip_list = StringField(
        "Only from",
        [Length(max=600)],
        description="Addresses or networks, for example 192.0.2.0/24; empty: anywhere.",
    )


class NothingForm(FlaskForm):  # type: ignore[misc]
    """Only the CSRF token: for buttons."""


def fill_choice(field: Any, rows: list[tuple[int, str]], empty: str) -> None:
    """Choices of a select from rows, with 0 for none."""
    field.choices = [(0, empty), *rows]
