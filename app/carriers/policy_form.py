"""The policy of a trunk (docs/decision.md 5 and 6) between its form and its JSON, exactly.

People type prices as decimals, shares as percent and durations as seconds; the core takes whole nanos, parts
per million and milliseconds. `SCALED` says for each field which word it is and by how much it is scaled.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, DecimalField, IntegerField, SelectField, SelectMultipleField, widgets
from wtforms.validators import NumberRange, Optional, ValidationError

from app.carriers.models import ROUTE_CLASSES

KINDS = [
    ("cost", "Cost: cheapest call first"),
    ("cost_delta", "Cost within delta: near prices are equal, then priority"),
    ("priority", "Priority groups, cost inside"),
    ("quality", "Quality floors, then cost"),
    ("score", "Score: cost and quality weighed"),
    ("percentage", "Percentage: shared by the products' weights"),
]
GUARDS = [
    ("off", "Off"),
    ("no_loss", "No loss: cost never above what the rate card earns"),
    ("min_margin", "Minimum margin"),
    ("loss_allowed", "Loss allowed on the first routes"),
]

# Form field -> (word of the policy, units of the word in one unit of the form).
SCALED: dict[str, tuple[str, int]] = {
    "max_cost": ("max_cost_nanos", 10**9),
    "delta_price": ("delta_nanos", 10**9),
    "delta_percent": ("delta_ppm", 10**4),
    "w_cost": ("w_cost_ppm", 10**4),
    "w_asr": ("w_asr_ppm", 10**4),
    "w_acd": ("w_acd_ppm", 10**4),
    "w_ner": ("w_ner_ppm", 10**4),
    "w_pdd": ("w_pdd_ppm", 10**4),
    "asr_target": ("asr_target_ppm", 10**4),
    "acd_target": ("acd_target_ms", 10**3),
    "pdd_max": ("pdd_max_ms", 10**3),
    "floor_asr": ("floor_asr_ppm", 10**4),
    "floor_acd": ("floor_acd_ms", 10**3),
    "floor_ner": ("floor_ner_ppm", 10**4),
    "floor_mos": ("floor_mos_milli", 10**3),
    "ceiling_pdd": ("ceiling_pdd_ms", 10**3),
    "min_margin_price": ("min_abs_nanos", 10**9),
    "min_margin_percent": ("min_pct_ppm", 10**4),
    "loss_price": ("loss_nanos", 10**9),
}
# Words that are 0 rather than absent in the core.
ZERO_BY_DEFAULT = {"min_abs_nanos", "min_pct_ppm", "loss_nanos"} | {
    f"w_{x}_ppm" for x in ("cost", "asr", "acd", "ner", "pdd")
}
SWITCHES = ("need_cli", "need_signature", "use_mix")
NEEDS_TARGET = {"w_asr": "asr_target", "w_acd": "acd_target", "w_pdd": "pdd_max"}


def _price(label: str, description: str = "") -> DecimalField:
    return DecimalField(
        label,
        places=None,
        validators=[Optional(), NumberRange(min=0, max=1_000_000)],
        description=description,
    )


def _percent(label: str, description: str = "") -> DecimalField:
    return DecimalField(
        label, places=None, validators=[Optional(), NumberRange(min=0, max=100)], description=description
    )


def _seconds(label: str, description: str = "") -> DecimalField:
    return DecimalField(
        label, places=None, validators=[Optional(), NumberRange(min=0, max=86_400)], description=description
    )


class PolicyFields(FlaskForm):  # type: ignore[misc]
    """Fields of a policy; mixed into the trunk's form."""

    kind = SelectField("Order by", choices=KINDS)
    classes = SelectMultipleField(
        "Route classes allowed",
        choices=[(name, name.replace("_", " ")) for name in ROUTE_CLASSES],
        option_widget=widgets.CheckboxInput(),
        widget=widgets.ListWidget(prefix_label=False),
        description="None ticked: all classes.",
    )
    need_cli = BooleanField("The caller's number must arrive")
    need_signature = BooleanField("The signature of the caller's identity must arrive")
    use_mix = BooleanField("Compare costs by how long calls to the destination really last")
    max_cost = _price("Highest cost per minute", "Routes above it are refused.")
    reference_seconds = IntegerField(
        "Costs compared at a call of (s)",
        validators=[Optional(), NumberRange(min=1, max=86_400)],
        description="Empty: the exchange's default.",
    )
    max_seconds = IntegerField("Longest call (s)", validators=[Optional(), NumberRange(min=1, max=86_400)])
    delta_price = _price("Delta as price per minute")
    delta_percent = _percent("Delta in percent", "Give one of the two.")
    w_cost = _percent("Weight of cost (%)")
    w_asr = _percent("Weight of ASR (%)")
    w_acd = _percent("Weight of ACD (%)")
    w_ner = _percent("Weight of NER (%)")
    w_pdd = _percent("Weight of PDD (%)")
    asr_target = _percent("ASR that scores full (%)")
    acd_target = _seconds("ACD that scores full (s)")
    pdd_max = _seconds("PDD that scores nothing (s)")
    floor_asr = _percent("Lowest ASR (%)")
    floor_acd = _seconds("Lowest ACD (s)")
    floor_ner = _percent("Lowest NER (%)")
    floor_mos = DecimalField("Lowest MOS", places=None, validators=[Optional(), NumberRange(min=1, max=5)])
    ceiling_pdd = _seconds("Highest PDD (s)")
    guard = SelectField(
        "Profit guard",
        choices=GUARDS,
        description="Needs a rate card on the trunk, or a sell rate in the query.",
    )
    min_margin_price = _price("Margin at least (per minute)")
    min_margin_percent = _percent("Margin at least (% of sell)")
    loss_price = _price("Loss at most (per minute)")
    loss_first = IntegerField("… on the first routes", validators=[Optional(), NumberRange(min=0, max=10)])

    def validate_delta_percent(self, field: DecimalField) -> None:
        if field.data and self.delta_price.data:
            raise ValidationError("Give the delta as a price or in percent, not both.")

    def validate_kind(self, field: SelectField) -> None:
        if field.data != "score":
            return
        weights = [self[name].data or 0 for name in ("w_cost", "w_asr", "w_acd", "w_ner", "w_pdd")]
        if sum(weights) != 100:
            raise ValidationError(f"The weights of a score add up to 100 %, not {sum(weights)} %.")
        for weight, target in NEEDS_TARGET.items():
            if self[weight].data and not self[target].data:
                raise ValidationError(f"{self[weight].label.text} needs {self[target].label.text}.")


def policy_of_form(form: PolicyFields) -> dict[str, Any]:
    """The policy JSON; words that say nothing are left out. Raises ValueError where a value is finer than the core's units."""
    policy: dict[str, Any] = {"kind": form.kind.data}
    if form.classes.data:
        policy["classes"] = list(form.classes.data)
    for name, (word, scale) in SCALED.items():
        value: Decimal | None = form[name].data
        if value is None or (value == 0 and word in ZERO_BY_DEFAULT):
            continue
        units = value * scale
        if units != units.to_integral_value():
            raise ValueError(f"{form[name].label.text}: {value} is finer than this field can hold")
        policy[word] = int(units)
    for word in ("reference_seconds", "max_seconds", *SWITCHES):
        if form[word].data:
            policy[word] = form[word].data
    if form.guard.data != "off":
        policy["guard"] = form.guard.data
        if form.loss_first.data:
            policy["loss_first"] = form.loss_first.data
    return policy


def form_values(policy: dict[str, Any]) -> dict[str, Any]:
    """Values for the form from a stored policy; the inverse of `policy_of_form`."""
    values: dict[str, Any] = {
        "kind": policy.get("kind", "cost"),
        "classes": policy.get("classes") or [],
        "guard": policy.get("guard", "off"),
    }
    for name, (word, scale) in SCALED.items():
        if policy.get(word) is not None:
            values[name] = (Decimal(policy[word]) / scale).normalize() + 0
    for word in ("reference_seconds", "max_seconds", "loss_first", *SWITCHES):
        if policy.get(word) is not None:
            values[word] = policy[word]
    return values
