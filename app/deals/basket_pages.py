"""Pages of the cheapest basket and of the depth of market, their CSV, and both over the API."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, Integer, List, String
from apiflask.validators import Length, OneOf, Range, Regexp
from flask import Blueprint, jsonify, render_template, request

from app.carriers.models import ROUTE_CLASSES
from app.clock import utc_now
from app.db import db
from app.deals.bids import bids
from app.deals.forms import BasketForm
from app.deals.holding import channels_of, held_products
from app.errors import DomainError
from app.market.basket import Basket, Floors, cheapest_basket
from app.market.browse_views import market
from app.market.depth import Depth, depth
from app.market.profile import read_profile
from app.market.snapshot import MarketSnapshot, NoMarket
from app.security.access import actor, require
from app.web.shell import nanos_decimal
from app.web.tables import csv_response

pages = Blueprint("basket", __name__, template_folder="templates")
api = APIBlueprint("basket_api", __name__, url_prefix="/api/v1", tag="Market")
SHOWN = 1_000
COLUMNS = (
    "line", "code", "name", "minutes", "seller", "product", "class", "matched_code", "cost_per_minute", "amount", "paid_per_minute",
    "saving", "currency", "offers", "offers_above_floors",
)  # fmt: skip


def _found(view: MarketSnapshot, text: str, floors: Floors) -> Basket:
    who, now = actor(), utc_now()
    held = held_products(db.session, who.company_id, view.fx_nanos, now=now)
    return cheapest_basket(view, read_profile(text), floors, not_of=[who.company_id], held=held)


def _csv(basket: Basket, currency: str) -> Any:
    rows = [
        (
            one.line.row, one.line.code, one.line.name, one.line.minutes, *(
                (one.offer["seller"], one.offer["product"], one.offer["route_class"]) if one.offer else ("", "", "")
            ), one.code, money(one.cost_nanos), money(one.amount_nanos), money(one.paid_nanos), money(one.saving_nanos), currency,
            one.offered, one.fitting,
        )
        for one in basket.lines
    ]  # fmt: skip
    return csv_response("basket", COLUMNS, rows)


def money(nanos: int | None) -> str:
    return "" if nanos is None else nanos_decimal(nanos)


@pages.app_template_filter("amount")
def amount(nanos: int | None) -> str:
    """Nanos as an amount with cents, half up."""
    return "–" if nanos is None else f"{(Decimal(nanos) / 10**9):,.2f}"


@pages.route("/market/basket", methods=["GET", "POST"])
@require("market:read")
def index() -> Any:
    form, basket = BasketForm(), None
    try:
        view = market()
    except NoMarket:
        return render_template("market/waiting.html")
    if form.validate_on_submit():
        try:
            basket = _found(view, form.text, form.wanted)
        except DomainError as fault:
            form.profile.errors = [*form.profile.errors, f"{fault.message} {fault.hint or ''}"]
        else:
            form.profile.data = form.text
            if form.download.data:
                return _csv(basket, view.base_currency)
    status = 422 if form.is_submitted() and basket is None else 200
    return render_template("deals/basket.html", form=form, basket=basket, market=view, shown=SHOWN), status


@pages.get("/market/depth")
@require("market:read")
def ladder() -> Any:
    try:
        view = market()
    except NoMarket:
        return render_template("market/waiting.html")
    digits, route_class = _digits(request.args.get("q", "")), _class(request.args.get("class", ""))
    found = _depth(view, digits, route_class)
    return render_template(
        "deals/depth.html", depth=found, digits=digits, route_class=route_class, classes=ROUTE_CLASSES, market=view,
        bids=_bids(view, digits, route_class),
    )  # fmt: skip


@pages.get("/market/depth.csv")
@require("market:read")
def ladder_csv() -> Any:
    view, digits, route_class = (
        market(),
        _digits(request.args.get("q", "")),
        _class(request.args.get("class", "")),
    )
    header = (
        "side",
        "price_per_minute",
        "currency",
        "code",
        "seller",
        "product",
        "class",
        "channels",
        "channels_up_to_here",
        "minutes_month",
    )
    rows: list[tuple[Any, ...]] = [
        ("offer", nanos_decimal(one.offer["eff180"]), view.base_currency, one.offer["code"], one.offer["seller"], one.offer["product"],
         one.offer["route_class"], one.channels, one.up_to_here, "")
        for one in _depth(view, digits, route_class).levels
    ]  # fmt: skip
    rows += [
        ("bid", money(bid.target_nanos), view.base_currency, bid.code, "", "", bid.route_class, "", "", bid.minutes_month)
        for bid in _bids(view, digits, route_class)
    ]  # fmt: skip
    return csv_response(f"depth-{digits or 'none'}", header, rows)


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isascii() and sign.isdigit())[:15]


def _class(text: str) -> str:
    return text if text in ROUTE_CLASSES else ""


def _depth(view: MarketSnapshot, digits: str, route_class: str) -> Depth:
    return depth(view, digits, route_class, channels_of(db.session), actor().company_id)


def _bids(view: MarketSnapshot, digits: str, route_class: str) -> Any:
    return bids(db.session, actor(), digits, route_class, view.fx_nanos, now=utc_now()) if digits else []


class BasketIn(Schema):
    profile = String(required=True, validate=Length(1, 2_000_000),
                     metadata={"description": "One a line: code, minutes, rate paid now, name."})  # fmt: skip
    classes = List(
        String(validate=OneOf(ROUTE_CLASSES)), load_default=list, validate=Length(max=len(ROUTE_CLASSES))
    )
    asr_ppm = Integer(load_default=None, allow_none=True, validate=Range(0, 1_000_000))
    acd_ms = Integer(load_default=None, allow_none=True, validate=Range(0, 86_400_000))
    pdd_ms = Integer(load_default=None, allow_none=True, validate=Range(0, 60_000))
    mos_milli = Integer(load_default=None, allow_none=True, validate=Range(0, 5_000))
    unmeasured = Boolean(load_default=True, metadata={"description": "Offers with too few samples pass too."})


class DepthIn(Schema):
    q = String(
        required=True, validate=Regexp(r"^[0-9]{1,15}$"), metadata={"description": "A number or dial code."}
    )
    route_class = String(load_default="", data_key="class", validate=OneOf(("", *ROUTE_CLASSES)))


@api.post("/market/basket")
@require("market:read")
@api.input(BasketIn)
@api.doc(summary="The cheapest offer above the floors for every destination of a profile")
def post_basket(json_data: dict[str, Any]) -> Any:
    view, text = market(), json_data["profile"]
    fields = {name: json_data[name] for name in ("asr_ppm", "acd_ms", "pdd_ms", "mos_milli", "unmeasured")}
    found = _found(view, text, Floors(tuple(json_data["classes"]), **fields))
    lines = [
        {
            "line": one.line.row, "code": one.line.code, "minutes": one.line.minutes,
            "product_id": one.offer["product_id"] if one.offer else None, "seller": one.offer["seller"] if one.offer else None,
            "matched_code": one.code or None, "cost": money(one.cost_nanos) or None, "amount": money(one.amount_nanos),
            "paid": money(one.paid_nanos) or None, "saving": money(one.saving_nanos) or None, "offers": one.offered,
            "fitting": one.fitting,
        }
        for one in found.lines
    ]  # fmt: skip
    return jsonify(
        market=view.name, currency=view.base_currency, amount=money(found.amount_nanos), paid=money(found.paid_nanos),
        saving=money(found.saving_nanos), compared=found.compared, without=found.without, lines=lines,
    )  # fmt: skip


@api.get("/market/depth")
@require("market:read")
@api.input(DepthIn, location="query")
@api.doc(summary="Offers for a number by price with the channels up to it, and open requests for it")
def get_depth(query_data: dict[str, Any]) -> Any:
    view, digits, route_class = market(), query_data["q"], query_data["route_class"]
    found = _depth(view, digits, route_class)
    offers = [
        {
            "product_id": one.offer["product_id"], "seller": one.offer["seller"], "code": one.offer["code"],
            "route_class": one.offer["route_class"], "price": nanos_decimal(one.offer["eff180"]), "channels": one.channels,
            "channels_up_to_here": one.up_to_here, "own": one.own,
        }
        for one in found.levels
    ]  # fmt: skip
    asked = [
        {"rfq_id": b.rfq_id, "code": b.code, "minutes_month": b.minutes_month, "target": money(b.target_nanos) or None, "own": b.own}
        for b in _bids(view, digits, route_class)
    ]  # fmt: skip
    return jsonify(market=view.name, currency=view.base_currency, offers=offers, bids=asked)
