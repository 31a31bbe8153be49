"""Purchases over the API: ask, list, accept, decline, withdraw, end."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import AwareDateTime, Boolean, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range

from app.clock import utc_now
from app.db import db
from app.errors import NotFound
from app.market.purchases import purchases
from app.market.service.accept_purchase import accept_purchase
from app.market.service.end_purchase import end_purchase
from app.market.service.refuse_purchase import decline_purchase, withdraw_purchase
from app.market.service.request_product import request_product
from app.security.access import actor, require
from app.web.idempotency import answer_once

api = APIBlueprint("purchases", __name__, url_prefix="/api/v1/purchases", tag="Purchases")
ID_MAX = 2**31 - 1
STATES = ("requested", "accepted", "declined", "withdrawn", "ended")


class PurchaseOut(Schema):
    id = Integer()
    product_id = Integer()
    product = String()
    route_class = String()
    currency = String()
    seller = String()
    buyer = String()
    trunk = String(metadata={"description": "The buyer's name of its trunk; empty for the seller."})
    state = String(validate=OneOf(STATES))
    active = Boolean(metadata={"description": "The trunk may use the product now."})
    note = String()
    answer = String()
    created_at = String()
    decided_at = String(allow_none=True)
    effective_from = String(allow_none=True)
    effective_until = String(allow_none=True)


class PurchaseItem(PurchaseOut):
    """The same in a list: the OpenAPI document names a schema once for each way it is used."""


class PurchaseList(Schema):
    purchases = List(Nested(PurchaseItem))


class RequestIn(Schema):
    product_id = Integer(required=True, validate=Range(1, ID_MAX))
    trunk_id = Integer(required=True, validate=Range(1, ID_MAX))
    note = String(load_default="", validate=Length(max=2000))


class AcceptIn(Schema):
    effective_from = AwareDateTime(
        load_default=None, allow_none=True, metadata={"description": "Empty: at once."}
    )
    answer = String(load_default="", validate=Length(max=2000))


class DeclineIn(Schema):
    answer = String(load_default="", validate=Length(max=2000))


class EndIn(Schema):
    effective_until = AwareDateTime(
        load_default=None, allow_none=True, metadata={"description": "Empty: at once."}
    )


class ListQuery(Schema):
    side = String(load_default="buyer", validate=OneOf(("buyer", "seller")))
    state = String(load_default=None, allow_none=True, validate=OneOf(STATES))


def _document(purchase_id: int) -> dict[str, Any]:
    company_id = actor().company_id
    bought = purchases(db.session, utc_now(), purchase_id=purchase_id, buyer_id=company_id)
    rows = bought or purchases(db.session, utc_now(), purchase_id=purchase_id, seller_id=company_id)
    if rows:
        return rows[0].document()
    raise NotFound("There is no such request.")


@api.get("")
@require("market:read")
@api.input(ListQuery, location="query")
@api.output(PurchaseList)
def list_(query_data: dict[str, Any]) -> Any:
    """Purchases of your company as buyer or as seller, newest first."""
    company_id, now, state = actor().company_id, utc_now(), query_data["state"]
    if query_data["side"] == "seller":
        rows = purchases(db.session, now, state=state, seller_id=company_id)
    else:
        rows = purchases(db.session, now, state=state, buyer_id=company_id)
    return {"purchases": [row.document() for row in rows]}


@api.get("/<int:purchase_id>")
@require("market:read")
@api.output(PurchaseOut)
def show(purchase_id: int) -> Any:
    """One purchase your company is a side of."""
    return _document(purchase_id)


@api.post("")
@require("market:buy")
@api.input(RequestIn)
@api.output(PurchaseOut, status_code=201)
def create(json_data: dict[str, Any]) -> Any:
    """Ask for a product for one of your trunks. Takes an Idempotency-Key."""

    def work() -> tuple[dict[str, Any], int]:
        asked = request_product(db.session, actor(), now=utc_now(), **json_data)
        return _document(asked.id), 201

    return answer_once(work)


@api.post("/<int:purchase_id>/accept")
@require("order:decide")
@api.input(AcceptIn)
@api.output(PurchaseOut)
def accept(purchase_id: int, json_data: dict[str, Any]) -> Any:
    """Accept a request for your product; the edge follows within seconds."""

    def work() -> tuple[dict[str, Any], int]:
        accept_purchase(db.session, actor(), purchase_id, now=utc_now(), **json_data)
        return _document(purchase_id), 200

    return answer_once(work)


@api.post("/<int:purchase_id>/decline")
@require("order:decide")
@api.input(DeclineIn)
@api.output(PurchaseOut)
def decline(purchase_id: int, json_data: dict[str, Any]) -> Any:
    """Decline a request for your product."""

    def work() -> tuple[dict[str, Any], int]:
        decline_purchase(db.session, actor(), purchase_id, now=utc_now(), **json_data)
        return _document(purchase_id), 200

    return answer_once(work)


@api.post("/<int:purchase_id>/withdraw")
@require("market:buy")
@api.output(PurchaseOut)
def withdraw(purchase_id: int) -> Any:
    """Take back a request that is not decided yet."""

    def work() -> tuple[dict[str, Any], int]:
        withdraw_purchase(db.session, actor(), purchase_id, now=utc_now())
        return _document(purchase_id), 200

    return answer_once(work)


@api.post("/<int:purchase_id>/end")
@require("order:decide")
@api.input(EndIn)
@api.output(PurchaseOut)
def end(purchase_id: int, json_data: dict[str, Any]) -> Any:
    """End an accepted purchase, as either side."""

    def work() -> tuple[dict[str, Any], int]:
        end_purchase(db.session, actor(), purchase_id, now=utc_now(), **json_data)
        return _document(purchase_id), 200

    return answer_once(work)
