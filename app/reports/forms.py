"""The filters of a report as a form: the page and the API read the query string through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import Form, SelectField, StringField
from wtforms.fields import DateField, DateTimeLocalField
from wtforms.validators import Length, Optional

from app.errors import Invalid
from app.reports.changes import LABELS
from app.reports.question import CLASSES, Question, dial_codes
from app.reports.scope import Offer

LAYOUTS = (("code", "By code"), ("destination", "By destination"), ("offer", "Every offer"))


class FilterForm(Form):
    """Every filter; a report shows and reads the ones of its catalogue entry."""

    product = SelectField("Product", validators=[Optional()], coerce=str, default="")
    layout = SelectField("Layout", choices=list(LAYOUTS), default="code")
    since = DateField("From (UTC)", validators=[Optional()])
    until = DateField("Before (UTC)", validators=[Optional()])
    at = DateTimeLocalField(
        "As of (UTC)", format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"], validators=[Optional()]
    )
    code = StringField(
        "Dial code",
        validators=[Optional(), Length(max=200)],
        render_kw={"placeholder": "44, 331", "inputmode": "numeric"},
    )
    destination = StringField(
        "Destination", validators=[Optional(), Length(max=80)], render_kw={"placeholder": "contains …"}
    )
    route_class = SelectField(
        "Class", choices=[("", "Any"), *((c, c.replace("_", "-")) for c in CLASSES)], default=""
    )
    vendor = SelectField("Vendor", validators=[Optional()], coerce=str, default="")
    label = SelectField(
        "Change", choices=[("", "Any"), *((c, c.replace("_", " ").title()) for c in LABELS)], default=""
    )


def filter_form(args: Mapping[str, str], offers: Sequence[Offer], *, now: datetime) -> FilterForm:
    """The form filled from a query string, with the choices this person has and the defaults of today."""
    form = FilterForm(MultiDict(args))
    form.vendor.choices = [
        ("", "All"),
        *sorted({(str(o.company_id), o.vendor) for o in offers}, key=lambda c: c[1]),
    ]
    several = len({o.company_id for o in offers}) > 1
    form.product.choices = [
        ("", "All"), *((str(o.product_id), f"{o.vendor}, {o.product}" if several else o.product) for o in offers)
    ]  # fmt: skip
    if form.since.data is None and not args.get("since"):
        form.since.data = now.date() - timedelta(days=7)
    if form.until.data is None and not args.get("until"):
        form.until.data = now.date() + timedelta(days=8)
    return form


def question_of(form: FilterForm, *, now: datetime, filters: Sequence[str]) -> Question:
    """The question asked; raises Invalid naming the first field that cannot be read. Fields not in `filters` are ignored."""
    if not form.validate():
        field = next(one for one in form if one.errors)
        raise Invalid(
            f"{field.label.text}: {field.errors[0]}",
            hint="Correct the filter, or leave it empty.",
            field=field.name,
        )

    def given(name: str) -> Any:
        return form[name].data if name in filters else None

    since, until = _midnight(form.since.data or now.date()), _midnight(form.until.data or now.date())
    if "since" in filters and since >= until:
        raise Invalid(
            "The period ends before it begins.", hint="Until must be later than From.", field="until"
        )
    at = given("at")
    return Question(
        now=now, at=at.replace(tzinfo=UTC) if at else now, since=since, until=until, codes=dial_codes(given("code") or ""),
        destination=(given("destination") or "").strip(), route_class=given("route_class") or "",
        vendor_id=int(given("vendor")) if given("vendor") else None, product_id=int(given("product")) if given("product") else None,
        label=given("label") or "", layout=given("layout") or "code",
    )  # fmt: skip


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
