"""The schedules of an agreement in a form: promised quality, rounding, disputes, technical terms."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from flask_wtf import FlaskForm
from wtforms import DecimalField, IntegerField, SelectField, StringField
from wtforms.validators import Length, NumberRange, Optional

from app.deals.terms import Schedule

# Field of the form → word of Quality, and how many of the word's units one unit of the field is.
SLA = {
    "sla_asr": ("asr_bp", 100), "sla_ner": ("ner_bp", 100), "sla_acd_s": ("acd_s", 1), "sla_pdd_ms": ("pdd_ms", 1),
    "sla_mos": ("mos_milli", 1000), "sla_uptime": ("uptime_bp", 100),
}  # fmt: skip
PLAIN = (
    "notice_days", "payment_days", "termination_days", "billing_cycle", "sla_credit_pct", "sla_min_calls", "second_rounding",
    "amount_places", "amount_rounding", "time_zone", "dispute_days", "transport",
)  # fmt: skip
LISTS = ("termination_triggers", "codecs")


def _choices(*words: str) -> list[tuple[str, str]]:
    return [(word, word.replace("_", " ")) for word in words]


class ScheduleFields(FlaskForm):  # type: ignore[misc]
    """Empty figures of quality are not promised. What a form did not send stays as it was."""

    notice_days = IntegerField("Notice of increases, days", [Optional(), NumberRange(0, 90)])
    payment_days = IntegerField("Payment days", [Optional(), NumberRange(0, 180)])
    termination_days = IntegerField("Notice of termination, days", [Optional(), NumberRange(0, 365)])
    billing_cycle = SelectField("Billing cycle", choices=_choices("month", "half_month", "ten_days", "week"))
    sla_asr = DecimalField("ASR promised, %", [Optional(), NumberRange(0, 100)], places=None)
    sla_ner = DecimalField("NER promised, %", [Optional(), NumberRange(0, 100)], places=None)
    sla_acd_s = IntegerField("ACD promised, s", [Optional(), NumberRange(0, 86_400)])
    sla_pdd_ms = IntegerField("PDD at most, ms", [Optional(), NumberRange(0, 60_000)])
    sla_mos = DecimalField("MOS promised", [Optional(), NumberRange(0, 5)], places=None)
    sla_uptime = DecimalField("Uptime promised, %", [Optional(), NumberRange(0, 100)], places=None)
    sla_credit_pct = IntegerField("Credit of a missed month, %", [Optional(), NumberRange(0, 100)])
    sla_min_calls = IntegerField("Judged from calls a month", [Optional(), NumberRange(0, 10**9)])
    second_rounding = SelectField("Seconds are rounded", choices=_choices("up", "nearest", "down"))
    amount_places = IntegerField("Decimals of amounts", [Optional(), NumberRange(0, 9)])
    amount_rounding = SelectField(
        "Amounts are rounded", choices=_choices("half_up", "up", "down", "half_even")
    )
    time_zone = StringField("Time zone of billing", [Optional(), Length(max=60)])
    dispute_days = IntegerField("Disputes within days", [Optional(), NumberRange(0, 180)])
    dispute_threshold = DecimalField("Disputes above, %", [Optional(), NumberRange(0, 100)], places=None)
    fraud = SelectField("Clause about fraud", choices=[("yes", "yes"), ("no", "no")])
    termination_triggers = StringField(
        "Ends at once upon", [Optional(), Length(max=400)], description="Separated by commas."
    )
    codecs = StringField("Codecs", [Optional(), Length(max=400)], description="Separated by commas.")
    transport = SelectField("Transport", choices=_choices("udp", "tcp", "tls"))

    def schedule(self, old: Schedule) -> Schedule:
        """`old` with what was sent."""
        changes: dict[str, Any] = {}
        for name in PLAIN:
            if self._sent(name) and self[name].data not in (None, ""):
                changes[name] = self[name].data
        for name in LISTS:
            if self._sent(name):
                parts = (self[name].data or "").split(",")
                changes[name] = tuple(part.strip() for part in parts if part.strip())
        if self._sent("fraud"):
            changes["fraud_clause"] = self.fraud.data == "yes"
        if self._sent("dispute_threshold") and self.dispute_threshold.data is not None:
            changes["dispute_threshold_bp"] = int(self.dispute_threshold.data * 100)
        promised = {
            word: None if self[name].data is None else int(self[name].data * units)
            for name, (word, units) in SLA.items()
            if self._sent(name)
        }
        return msgspec.structs.replace(old, sla=msgspec.structs.replace(old.sla, **promised), **changes)

    def show_schedule(self, schedule: Schedule) -> None:
        for name in PLAIN:
            self[name].data = getattr(schedule, name)
        for name in LISTS:
            self[name].data = ", ".join(getattr(schedule, name))
        self.fraud.data = "yes" if schedule.fraud_clause else "no"
        self.dispute_threshold.data = _shown(Decimal(schedule.dispute_threshold_bp) / 100)
        for name, (word, units) in SLA.items():
            self[name].data = in_units(getattr(schedule.sla, word), units)

    def _sent(self, name: str) -> bool:
        return bool(self[name].raw_data)


def in_units(value: int | None, units: int) -> Decimal | int | None:
    """In the field's unit."""
    return value if value is None or units == 1 else _shown(Decimal(value) / units)


def _shown(value: Decimal) -> Decimal:
    """Without needless zeros, and never as 1E+1."""
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()
