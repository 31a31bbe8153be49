"""Forms of test calls: order, schedule, ticket, and the operator's limits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    DecimalField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms import IntegerField as WholeNumber
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from app.calls.products import Named
from app.calls.service.issue_ticket import TicketFacts
from app.calls.service.keep_schedule import LONGEST, SHORTEST, Plan
from app.calls.service.order_calls import Wanted


class IntegerField(WholeNumber):
    """Refuses what no field here could hold before a validator computes with it."""

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist and len(valuelist[0].strip()) > 18:
            self.data = None
            raise ValueError("Not a number that fits here.")
        super().process_formdata(valuelist)


class OrderForm(FlaskForm):  # type: ignore[misc]
    """`offer` must follow before it is validated or drawn."""

    products = SelectMultipleField(
        "Through", [InputRequired()], coerce=int, choices=[],
        description="One product, or several: the same number is then called through each, side by side.",
    )  # fmt: skip
    number = StringField(
        "Number to call", [InputRequired(), Length(max=40)],
        description="Country code first. One of our own numbers shows both ends of the call.",
    )  # fmt: skip
    caller = StringField(
        "Caller's number",
        [Optional(), Length(max=40)],
        description="As it should arrive; empty: none is sent.",
    )
    seconds = IntegerField("Seconds of talk", [InputRequired(), NumberRange(1, 3600)], default=15)
    ring_seconds = IntegerField("Seconds to ring", [InputRequired(), NumberRange(5, 180)], default=60)
    keys = StringField(
        "Keys to press", [Optional(), Length(max=64)], description="DTMF after the answer: 0-9 * # A-D."
    )
    withhold = BooleanField("Withhold the caller's number")
    every_minutes = IntegerField(
        "Every … minutes", [Optional(), NumberRange(SHORTEST, LONGEST)], description="Empty: once, now."
    )
    until = DateTimeLocalField(
        "Until (UTC)", [Optional()], format="%Y-%m-%dT%H:%M", description="Empty: for good."
    )

    form_errors: Sequence[str] = ()

    def offer(self, found: Sequence[Named]) -> None:
        self.products.choices = [(one.id, one.label) for one in found]

    @property
    def wanted(self) -> Wanted:
        return Wanted(
            self.number.data or "", tuple(self.products.data or ()), caller=self.caller.data or "", seconds=self.seconds.data or 0,
            ring_seconds=self.ring_seconds.data or 0, keys=self.keys.data or "", withhold=bool(self.withhold.data),
        )  # fmt: skip

    @property
    def plan(self) -> Plan | None:
        """None: once, now."""
        if self.every_minutes.data is None:
            return None
        until = self.until.data.replace(tzinfo=UTC) if self.until.data else None
        return Plan(self.wanted, self.every_minutes.data, until=until)


class TicketForm(FlaskForm):  # type: ignore[misc]
    """`offer` must follow before it is validated or drawn."""

    product = SelectField("Product", coerce=int, choices=[])
    trunk = SelectField(
        "Trunk of the buyer",
        coerce=int,
        choices=[],
        description="The edge knows the switch by this trunk's addresses.",
    )
    codes = TextAreaField(
        "Only these dial codes", [Optional(), Length(max=4000)],
        description="Codes or whole numbers, by comma or line. Empty: every destination that is not closed.",
    )  # fmt: skip
    max_calls = IntegerField("Calls", [InputRequired(), NumberRange(1, 10_000)], default=20)
    max_concurrent = IntegerField("Calls at once", [InputRequired(), NumberRange(1, 50)], default=2)
    max_seconds = IntegerField("Seconds a call", [InputRequired(), NumberRange(1, 3600)], default=60)
    total_seconds = IntegerField("Seconds in all", [InputRequired(), NumberRange(1, 1_000_000)], default=600)
    spend = DecimalField("Money in all", [InputRequired()], places=None, default=Decimal(2))
    max_rate = DecimalField(
        "Rate a minute at most", [Optional()], places=None, description="Dearer destinations are refused."
    )
    days = IntegerField("Days it lasts", [InputRequired(), NumberRange(1, 30)], default=7)
    note = StringField("Note", [Optional(), Length(max=200)])
    guarded = BooleanField(
        "Ask the switch for a password",
        description="Besides its address and the ticket, by digest. Where several switches share one address.",
    )

    form_errors: Sequence[str] = ()

    def offer(self, products: Sequence[Named], trunks: Sequence[tuple[int, str]]) -> None:
        self.product.choices = [(one.id, one.label) for one in products]
        self.trunk.choices = list(trunks)

    def facts(self, now: datetime) -> TicketFacts:
        return TicketFacts(
            self.product.data, self.trunk.data, now + timedelta(days=self.days.data or 0), split(self.codes.data or ""),
            max_calls=self.max_calls.data or 0, max_concurrent=self.max_concurrent.data or 0, max_seconds=self.max_seconds.data or 0,
            total_seconds=self.total_seconds.data or 0, max_rate=self.max_rate.data, spend=self.spend.data or Decimal(0),
            note=self.note.data or "", guarded=bool(self.guarded.data),
        )  # fmt: skip


class CapForm(FlaskForm):  # type: ignore[misc]
    company = SelectField("Company", coerce=int, choices=[])
    cap = DecimalField("Cap a day", [Optional()], places=None, description="Empty: the default again.")
    reason = StringField("Why", [Optional(), Length(max=200)])


class OpenForm(FlaskForm):  # type: ignore[misc]
    company = SelectField("Company", coerce=int, choices=[])
    code = StringField("Dial code", [InputRequired(), Length(1, 16)])
    days = IntegerField("Days", [InputRequired(), NumberRange(1, 365)], default=7)
    reason = StringField("Why", [InputRequired(), Length(max=200)])


class NumberForm(FlaskForm):  # type: ignore[misc]
    number = StringField(
        "Number", [InputRequired(), Length(4, 24)], description="It must reach the edge by your own trunks."
    )
    ring_ms = IntegerField("Rings, ms", [InputRequired(), NumberRange(0, 30_000)], default=2000)
    talk_seconds = IntegerField("Talks, s", [InputRequired(), NumberRange(1, 600)], default=30)


def split(text: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[,;\s]+", text) if part)


def note_fault(form: Any, message: str, hint: str | None, field: str | None) -> None:
    """A refusal of a verb beside the field it is about, else above the form."""
    text = " ".join(filter(None, [message, hint]))
    if field and field in form:
        form[field].errors = [*form[field].errors, text]
    else:
        form.form_errors = [*form.form_errors, text]
