"""Pages and API of vendors outside the market: gateway, trunks, and where their decks are sent."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range
from flask import Blueprint, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from wtforms import BooleanField, IntegerField, SelectField, SelectMultipleField, StringField, widgets
from wtforms.validators import DataRequired, NumberRange, Optional, Regexp
from wtforms.validators import Length as Long

from app.carriers.forms import currencies, host_name
from app.carriers.models import ROUTE_CLASSES
from app.carriers.queries import customer_trunks
from app.clock import utc_now
from app.db import db
from app.errors import DomainError, Invalid, NotFound
from app.market.private import private_of, private_vendors
from app.market.service.keep_private import PrivateFacts, keep_private
from app.security.access import actor, require
from app.web.idempotency import answer_once
from app.web.tables import csv_response

pages = Blueprint("private_vendors", __name__, template_folder="templates")
api = APIBlueprint("private_vendors_api", __name__, url_prefix="/api/v1/private-vendors", tag="Private decks")
TRANSPORTS = ("udp", "tcp", "tls")
PREFIX = r"^[0-9*#]{0,16}$"
HEADER = ("product", "vendor", "class", "currency", "host", "port", "transport", "tech_prefix", "channels", "enabled", "deck_version",
          "trunks")  # fmt: skip


class PrivateForm(FlaskForm):  # type: ignore[misc]
    vendor = StringField("Vendor", [DataRequired(), Long(max=80)], description="Only your company sees it.")
    route_class = SelectField("Class", choices=[(name, name.replace("_", " ")) for name in ROUTE_CLASSES])
    currency = SelectField("Currency", choices=currencies)
    host = StringField("Address", [DataRequired(), Long(max=253), host_name])
    port = IntegerField("Port", [NumberRange(min=1, max=65_535)], default=5060)
    transport = SelectField("Transport", choices=[(name, name.upper()) for name in TRANSPORTS])
    tech_prefix = StringField("Tech prefix", [Optional(), Regexp(PREFIX, message="Digits, * and # only.")])
    channels = IntegerField("Channels", [Optional(), NumberRange(min=1, max=1_000_000)])
    trunk_ids = SelectMultipleField(
        "Trunks that may use it", coerce=int, option_widget=widgets.CheckboxInput(),
        widget=widgets.ListWidget(prefix_label=False),
    )  # fmt: skip
    enabled = BooleanField("Open for calls", default=True)


class PrivateIn(Schema):
    vendor = String(required=True, validate=Length(1, 80))
    route_class = String(required=True, validate=OneOf(ROUTE_CLASSES))
    currency = String(required=True, validate=Length(equal=3))
    host = String(required=True, validate=Length(1, 253))
    port = Integer(load_default=5060, validate=Range(1, 65_535))
    transport = String(load_default="udp", validate=OneOf(TRANSPORTS))
    tech_prefix = String(load_default="", validate=Length(max=16))
    channels = Integer(load_default=None, allow_none=True, validate=Range(1, 1_000_000))
    enabled = Boolean(load_default=True)
    trunk_ids = List(Integer(validate=Range(1, 2**31 - 1)), load_default=[], validate=Length(max=1000))


class PrivateOut(Schema):
    product_id = Integer(metadata={"description": "Decks are sent for it: POST /api/v1/decks."})
    vendor = String()
    route_class = String()
    currency = String()
    host = String()
    port = Integer()
    transport = String()
    tech_prefix = String()
    channels = Integer(allow_none=True)
    enabled = Boolean()
    version = Integer()
    trunk_ids = List(Integer())
    trunks = List(String())


class PrivateItem(PrivateOut):
    """The same in a list."""


class PrivateList(Schema):
    private_vendors = List(Nested(PrivateItem))


@pages.get("/private-vendors")
@require("market:read")
def index() -> Any:
    return render_template("market/private.html", rows=private_vendors(db.session, actor().company_id))


@pages.get("/private-vendors.csv")
@require("market:read")
def index_csv() -> Any:
    rows = [
        (r.product_id, r.vendor, r.route_class, r.currency, r.host, r.port, r.transport, r.tech_prefix, r.channels, r.enabled,
         r.version, " ".join(r.trunks))
        for r in private_vendors(db.session, actor().company_id)
    ]  # fmt: skip
    return csv_response("private-vendors", HEADER, rows)


@pages.route("/private-vendors/new", methods=["GET", "POST"])
@require("market:buy")
def create() -> Any:
    return _edit(None)


@pages.route("/private-vendors/<int:product_id>/edit", methods=["GET", "POST"])
@require("market:buy")
def edit(product_id: int) -> Any:
    private_of(db.session, product_id, actor().company_id)
    return _edit(product_id)


def _edit(product_id: int | None) -> Any:
    who = actor()
    own = private_vendors(db.session, who.company_id, product_id)[0] if product_id is not None else None
    form = PrivateForm(obj=own)
    form.trunk_ids.choices = [(trunk.id, trunk.name) for trunk in customer_trunks(db.session, who.company_id)]
    if form.validate_on_submit():
        facts = PrivateFacts(
            vendor=(form.vendor.data or "").strip(), route_class=form.route_class.data, currency=form.currency.data,
            host=(form.host.data or "").strip(), port=form.port.data or 0, transport=form.transport.data,
            tech_prefix=form.tech_prefix.data or "", channels=form.channels.data, enabled=form.enabled.data,
            trunk_ids=tuple(form.trunk_ids.data or ()),
        )  # fmt: skip
        try:
            saved = keep_private(db.session, who, facts, product_id=product_id, now=utc_now())
        except DomainError as fault:
            db.session.rollback()
            form.form_errors.append(f"{fault.message} {fault.hint or ''}")
        else:
            db.session.commit()
            flash(f"{saved.name} is saved; its routes join your trunks with its first deck.", "success")
            return redirect(url_for("private_vendors.index"))
    status = 422 if form.is_submitted() else 200
    return render_template("market/private_form.html", form=form, vendor=own), status


@api.get("")
@require("market:read")
@api.output(PrivateList)
@api.doc(summary="Vendors outside the market whose decks your company keeps")
def list_vendors() -> Any:
    return {"private_vendors": [row.document() for row in private_vendors(db.session, actor().company_id)]}


@api.post("")
@require("market:buy")
@api.input(PrivateIn)
@api.output(PrivateOut, status_code=201)
@api.doc(
    summary="Keep a vendor outside the market",
    description="Only the trunks named get its routes. Takes an Idempotency-Key.",
)
def add_vendor(json_data: dict[str, Any]) -> Any:
    return answer_once(lambda: (_saved(json_data, None), 201))


@api.put("/<int:product_id>")
@require("market:buy")
@api.input(PrivateIn)
@api.output(PrivateOut)
@api.doc(summary="Change it, or the trunks that may use it")
def change_vendor(product_id: int, json_data: dict[str, Any]) -> Any:
    private_of(db.session, product_id, actor().company_id)
    document = _saved(json_data, product_id)
    db.session.commit()
    return document


def _saved(data: dict[str, Any], product_id: int | None) -> dict[str, Any]:
    who = actor()
    if data["currency"] not in dict(currencies()):
        raise Invalid(f"There is no currency {data['currency']}.", hint="Three letters, for example USD.")
    form = PrivateForm(formdata=None, data=data, meta={"csrf": False})
    for field in (form.host, form.tech_prefix):
        if not field.validate(form):
            raise Invalid(f"{field.label.text}: {field.errors[0]}")
    facts = PrivateFacts(**{**data, "trunk_ids": tuple(data["trunk_ids"])})
    saved = keep_private(db.session, who, facts, product_id=product_id, now=utc_now())
    found = private_vendors(db.session, who.company_id, saved.id)
    if not found:
        raise NotFound("There is no such private vendor.")
    return found[0].document()
