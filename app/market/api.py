"""The market for programs: GET /api/v1/market/offers and /api/v1/market/compare."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Integer, List, Raw, String
from apiflask.validators import Length, OneOf, Range, Regexp
from flask import request

from app.carriers.models import ROUTE_CLASSES
from app.clock import from_micros
from app.db import db
from app.market.browse_views import market
from app.market.compare import compare
from app.market.filters import CHANGES, QUALITY, SORTS, TABS, filters_of
from app.market.reputation import document
from app.market.search import browse
from app.market.watching import watched_keys
from app.security.access import actor, require
from app.web.shell import nanos_decimal

api = APIBlueprint("market_api", __name__, url_prefix="/api/v1", tag="Market")


class OffersQuery(Schema):
    """The words of the market's page; what they mean together is read by app.market.filters."""

    q = String(
        validate=Length(max=200), metadata={"description": "Number, prefix, country, destination or seller."}
    )
    class_ = List(String(validate=OneOf(("", *ROUTE_CLASSES))), data_key="class")
    seller = List(String(validate=Regexp(r"^[0-9]{0,15}$")), metadata={"description": "Company ids."})
    country = List(String())
    currency = List(String())
    quality = List(String(validate=OneOf(("", *QUALITY))))
    change = String(validate=OneOf(("", *CHANGES)))
    price = String(metadata={"description": "At most, a minute of a 180 s call, in the base currency."})
    watched = String(validate=OneOf(("", "0", "1")))
    tab = String(validate=OneOf(TABS))
    sort = String(validate=OneOf(("", *SORTS)))
    dir = String(validate=OneOf(("", "asc", "desc")))
    page = Integer(validate=Range(1, 100_000))


class OffersOut(Schema):
    market = String(metadata={"description": "Name of the view these pages are cut from."})
    as_of = String()
    total = Integer()
    page = Integer()
    pages = Integer()
    offers = List(Raw())


class CompareQuery(Schema):
    o = List(
        String(validate=Length(1, 200)), required=True, metadata={"description": "`offer` of an offer, two to four times."}
    )  # fmt: skip


class CompareOut(Schema):
    market = String()
    offers = List(Raw())
    lines = List(Raw())
    destinations = List(Raw())


def offer_json(row: dict[str, Any], base: str) -> dict[str, Any]:
    """One offer: money as decimal strings, instants as ISO 8601, counts beside every figure."""
    return {
        "offer": row["key"], "product_id": row["product_id"], "seller": row["seller"], "product": row["product"],
        "class": row["route_class"], "country": row["country"], "destination": row["destination"], "code": row["code"],
        "beats": row.get("beats"), "codes": row["codes"], "currency": row["currency"], "rate": nanos_decimal(row["rate_nanos"]),
        "connect_fee": nanos_decimal(row["connect_fee_nanos"]), "initial_increment": row["initial_increment"],
        "next_increment": row["next_increment"], "eff": {"60": nanos_decimal(row["eff60"]), "180": nanos_decimal(row["eff180"])},
        "base_currency": base,
        "next": None if row["next_at"] is None else {
            "at": from_micros(row["next_at"]).isoformat(), "rate": None if row["next_rate"] is None else nanos_decimal(row["next_rate"]),
            "change_ppm": row["next_ppm"],
        },
        "history": [None if value is None else nanos_decimal(value) for value in row["history"]],
        "reputation": document(row),
        "quality": {
            name: row[name]
            for name in ("attempts", "answered", "effective", "talk_ms", "pdd_ms_sum", "pdd_samples", "mos_milli_sum", "mos_samples")
        },
    }  # fmt: skip


@api.get("/market/offers")
@api.doc(summary="Search the market", description="The same words as the page: q, class, seller, country, currency, quality, change, "
         "price, tab, sort, dir, page. A number or dial code in `q` prices each product by its matched code.")  # fmt: skip
@require("market:read")
@api.input(OffersQuery, location="query")
@api.output(OffersOut)
def offers(query_data: dict[str, Any]) -> Any:
    view = market()
    filters = filters_of(request.args)
    result = browse(view, filters, watched=watched_keys(db.session, actor()))
    rows = [offer_json(row, view.base_currency) for row in result.rows]
    return {
        "market": view.name, "as_of": view.at.isoformat(), "total": result.total, "page": min(filters.page, result.pages),
        "pages": result.pages, "offers": rows,
    }  # fmt: skip


@api.get("/market/compare")
@api.doc(
    summary="Compare two to four offers",
    description="`o` names an offer and is given two to four times.",
    responses={404: "One of the offers is not on the market."},
)
@require("market:read")
@api.input(CompareQuery, location="query")
@api.output(CompareOut)
def compare_offers(query_data: dict[str, Any]) -> Any:
    view = market()
    found = compare(view, query_data["o"])
    lines = [
        {"attribute": line.label, "values": [{"text": c.text, "best": c.best or None} for c in line.cells]}
        for line in found.lines
    ]
    destinations = [
        {"destination": name, "eff180": [None if v is None else nanos_decimal(v) for v in values]}
        for name, values in found.destinations
    ]
    offers = [offer_json(row, view.base_currency) for row in found.offers]
    return {"market": view.name, "offers": offers, "lines": lines, "destinations": destinations}
