"""Forms of the deck pages, and how each becomes DeckOptions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, DateField, DecimalField, IntegerField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp, ValidationError

from rates.options import DeckOptions

THREE_LETTERS = "Three letters, for example USD."
MODES = [
    ("full", "Full A–Z: codes missing from the file close"),
    ("full_per_country", "Full per country: missing codes close only in countries the file names"),
    ("partial", "Partial: codes not in the file stay as they are"),
]
UNITS = [
    ("", "as the file says, else per minute"),
    ("per_minute", "per minute"),
    ("per_second", "per second"),
    ("per_increment", "per increment"),
]
MONEY_UNITS = [
    ("", "as the file says, else whole units"),
    ("unit", "whole units"),
    ("cent", "hundredths (cents)"),
]
CODES_FROM = [
    ("", "the file"),
    ("deck_in_force", "the deck in force, by destination"),
    ("code_deck", "the exchange's code deck"),
]
LATE = [
    ("postpone", "Postpone to the first legal date"),
    ("accept", "Accept as asked"),
    ("reject", "Leave those rows out"),
    ("refuse", "Refuse the file"),
]


class TermsFields(FlaskForm):  # type: ignore[misc]
    """What the sender states about any file."""

    mode = RadioField(
        "What the file is",
        choices=MODES,
        validators=[InputRequired("Say whether the file is full or partial.")],
    )
    starts = RadioField(
        "When it applies", choices=[("rows", "Dates in the file"), ("receipt", "At once"), ("date", "From a date")],
        default="rows",
    )  # fmt: skip
    effective_from = DateField("Date (00:00 UTC)", validators=[Optional()])
    currency = StringField(
        "Currency",
        validators=[Optional(), Regexp(r"^[A-Za-z]{3}$", message=THREE_LETTERS)],
    )
    initial_increment = IntegerField("Initial increment (s)", validators=[Optional(), NumberRange(1, 3600)])
    next_increment = IntegerField("Next increment (s)", validators=[Optional(), NumberRange(1, 3600)])
    connect_fee = DecimalField("Connection fee", places=None, validators=[Optional(), NumberRange(0, 1000)])
    rate_unit = SelectField("Rates are", choices=UNITS, default="")
    late = SelectField("Increases with too short notice", choices=LATE, default="postpone")

    def validate_effective_from(self, field: DateField) -> None:
        if self.starts.data == "date" and field.data is None:
            raise ValidationError("Give the date from which the deck applies.")

    def apply(self, options: DeckOptions) -> DeckOptions:
        """`options` with what this form says."""
        start = {
            "receipt": "receipt",
            "date": self.effective_from.data and self.effective_from.data.isoformat(),
        }
        fee: Decimal | None = self.connect_fee.data
        defaults = msgspec.structs.replace(
            options.defaults, effective_from=start.get(self.starts.data),
            currency=self.currency.data.upper() if self.currency.data else None,
            initial_increment=self.initial_increment.data, next_increment=self.next_increment.data,
            connect_fee=None if fee is None else f"{fee:f}",
        )  # fmt: skip
        return msgspec.structs.replace(
            options,
            mode=self.mode.data,
            rate_unit=self.rate_unit.data or None,
            late=self.late.data,
            defaults=defaults,
        )

    def show(self, options: DeckOptions) -> None:
        """Fill the form from options."""
        self.mode.data, self.late.data = options.mode, options.late
        self.rate_unit.data = options.rate_unit or ""
        start = options.defaults.effective_from
        self.starts.data = "receipt" if start == "receipt" else "date" if start else "rows"
        if self.starts.data == "date" and start:
            self.effective_from.data = date.fromisoformat(start[:10])
        self.currency.data = options.defaults.currency
        self.initial_increment.data = options.defaults.initial_increment
        self.next_increment.data = options.defaults.next_increment
        fee = options.defaults.connect_fee
        self.connect_fee.data = Decimal(fee) if fee else None


class UploadForm(TermsFields):
    """Step 1: the file, whose it is and what it does to the deck before."""

    product = SelectField("Product", coerce=int, validators=[InputRequired("Choose the product.")])
    file = FileField("Rate deck", validators=[FileRequired("Choose a file.")])


class TermsForm(TermsFields):
    """Step 1 once the file is there."""


def _or_guess(label: str, **kwargs: Any) -> SelectField:
    return SelectField(label, validate_choice=False, filters=[lambda text: text or None], **kwargs)


class SheetForm(FlaskForm):  # type: ignore[misc]
    """Step 2: where the table is and how its text is read. Empty = as guessed."""

    sheet = _or_guess("Sheet")
    header_row = IntegerField("Header row", validators=[Optional(), NumberRange(0, 100_000)])
    clicked_row = IntegerField("Header row clicked", validators=[Optional(), NumberRange(1, 100_000)])
    last_row = IntegerField("Last row", validators=[Optional(), NumberRange(1, 10_000_000)])
    encoding = _or_guess("Encoding")
    delimiter = _or_guess("Delimiter")
    decimal_mark = _or_guess("Decimal mark")
    date_order = _or_guess("Date order")

    def apply(self, options: DeckOptions) -> DeckOptions:
        """Another table may have other columns, so a mapping by column number is dropped when the place changes."""
        sheets = (self.sheet.data,) if self.sheet.data else options.sheets
        typed = self.header_row.data if self.header_row.data is not None else options.header_row
        header = self.clicked_row.data or typed
        moved = (
            sheets != options.sheets
            or header != options.header_row
            or self.delimiter.data not in (None, options.delimiter)
        )
        return msgspec.structs.replace(
            options, sheets=sheets, header_row=header, last_row=self.last_row.data,
            encoding=self.encoding.data or options.encoding, delimiter=_delimiter(self.delimiter.data) or options.delimiter,
            decimal_mark=self.decimal_mark.data or options.decimal_mark,
            date_order=self.date_order.data or options.date_order, mapping=None if moved else options.mapping,
        )  # fmt: skip


def _delimiter(text: str | None) -> str | None:
    return {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}.get(text or "", text)


class ColumnsForm(FlaskForm):  # type: ignore[misc]
    """Step 3: default values; the selects above the columns are named `field-<index>`."""

    currency = StringField(
        "Currency", validators=[Optional(), Regexp(r"^[A-Za-z]{3}$", message=THREE_LETTERS)]
    )
    initial_increment = IntegerField("Initial increment (s)", validators=[Optional(), NumberRange(1, 3600)])
    next_increment = IntegerField("Next increment (s)", validators=[Optional(), NumberRange(1, 3600)])
    connect_fee = DecimalField("Connection fee", places=None, validators=[Optional(), NumberRange(0, 1000)])
    rate_unit = SelectField("Rates are", choices=UNITS, default="")
    money_unit = SelectField("Prices are written in", choices=MONEY_UNITS, default="")
    tier = StringField("Volume tier that applies", validators=[Length(max=120)])
    codes_from = SelectField("Dial codes come from", choices=CODES_FROM, default="")


class ApproveForm(FlaskForm):  # type: ignore[misc]
    """Step 6."""

    note = StringField("Note for the history", validators=[Length(max=500)])
    read = BooleanField("I have looked at the changes", validators=[InputRequired("Tick this first.")])


class RollbackForm(FlaskForm):  # type: ignore[misc]
    """Back to an earlier version; `expected` is the version the person saw as current."""

    number = IntegerField(validators=[InputRequired()])
    expected = IntegerField(validators=[InputRequired()])
    note = StringField("Why", validators=[Length(max=500)])
