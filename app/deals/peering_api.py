"""Peering offers over the API; a proposal becomes a deal, which goes on as every deal does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from apiflask import APIBlueprint, Schema
from apiflask.fields import AwareDateTime, Dict, Integer, List, Nested, Raw, String
from apiflask.validators import Length, OneOf, Range, Regexp

from app.carriers.sight import sight
from app.clock import utc_now
from app.db import db
from app.deals.api import deal_document, listed
from app.deals.api_schemas import ID_MAX, DealOut, Destination, Listed, PageQuery
from app.deals.peering import CODES_MAX, SETTLEMENTS, Place
from app.deals.peering_offers import peering_offer_of, peering_offers, row_of, terms_of
from app.deals.service.peer import PeeringFacts, close_peering, offer_peering, propose_peering
from app.deals.terms import read_terms
from app.security.access import actor, require
from app.web.idempotency import answer_once

api = APIBlueprint("peering_api", __name__, url_prefix="/api/v1", tag="Peering")


class PeeringQuery(PageQuery):
    view = String(load_default="", validate=OneOf(("", "mine")))
    code = String(
        load_default="", validate=Regexp(r"^[0-9]{0,15}$"), metadata={"description": "What the offer brings."}
    )


class PeeringIn(Schema):
    product_id = Integer(required=True, validate=Range(1, ID_MAX))
    settlement = String(required=True, validate=OneOf(SETTLEMENTS))
    ratio = String(load_default="2", validate=Length(1, 12))
    rate = String(
        load_default="0", validate=Length(1, 24), metadata={"description": "A minute above the ratio."}
    )
    brings = List(Nested(Destination), required=True, validate=Length(1, CODES_MAX))
    wants = List(Nested(Destination), required=True, validate=Length(1, CODES_MAX))
    judged_from_minutes = Integer(load_default=0, validate=Range(0, 10**12))
    channels = Integer(load_default=None, allow_none=True, validate=Range(1, 1_000_000))
    notice_days = Integer(load_default=30, validate=Range(0, 365))
    term_months = Integer(load_default=0, validate=Range(0, 120))
    note = String(load_default="", validate=Length(max=2000))


class ProposalIn(Schema):
    product_id = Integer(
        required=True, validate=Range(1, ID_MAX), metadata={"description": "Yours, for their calls."}
    )
    peering = Dict(
        load_default=None, allow_none=True,
        metadata={"description": "Words of Peering of docs/deals.md that shall differ from the offer."},
    )  # fmt: skip
    valid_until = AwareDateTime(
        load_default=None, allow_none=True, metadata={"description": "Empty: 14 days."}
    )
    note = String(load_default="", validate=Length(max=2000))


class PeeringOut(Schema):
    id = Integer()
    state = String(validate=OneOf(("open", "closed")))
    offer = Raw()


def _document(peering_id: int) -> dict[str, Any]:
    row = row_of(peering_offer_of(db.session, peering_id, actor()), actor(), sight(db.session, actor()))
    return {"id": row.id, "state": row.state, "offer": row.document()}


@api.get("/peering-offers")
@require("market:read")
@api.input(PeeringQuery, location="query")
@api.output(Listed)
def list_peering(query_data: dict[str, Any]) -> Any:
    """Open peering offers, and your company's own. Newest first."""
    limit = query_data["limit"]
    found = peering_offers(
        db.session, actor(), view=query_data["view"], code=query_data["code"], after=query_data["cursor"], limit=limit
    )  # fmt: skip
    return listed(found, limit)


@api.get("/peering-offers/<int:peering_id>")
@require("market:read")
@api.output(PeeringOut)
def get_peering(peering_id: int) -> Any:
    """One offer: what each side brings, settlement, ratio, rate above it."""
    return _document(peering_id)


@api.post("/peering-offers")
@require("order:decide")
@api.input(PeeringIn)
@api.output(PeeringOut, status_code=201)
def post_peering(json_data: dict[str, Any]) -> Any:
    """Offer to end others' calls for theirs. Takes an Idempotency-Key."""

    def work() -> tuple[dict[str, Any], int]:
        told = dict(json_data)
        brings, wants = (tuple(Place(**one) for one in told.pop(name)) for name in ("brings", "wants"))
        offer = offer_peering(
            db.session, actor(), PeeringFacts(brings=brings, wants=wants, **told), now=utc_now()
        )
        return _document(offer.id), 201

    return answer_once(work)


@api.post("/peering-offers/<int:peering_id>/close")
@require("order:decide")
@api.output(PeeringOut)
def post_peering_close(peering_id: int) -> Any:
    """Nobody can propose any more; deals under way go on."""

    def work() -> tuple[dict[str, Any], int]:
        close_peering(db.session, actor(), peering_id, now=utc_now())
        return _document(peering_id), 200

    return answer_once(work)


@api.post("/peering-offers/<int:peering_id>/proposals")
@require("order:decide")
@api.input(ProposalIn)
@api.output(DealOut, status_code=201)
def post_proposal(peering_id: int, json_data: dict[str, Any]) -> Any:
    """Take the offer as it stands, or with other words; its maker accepts, declines or counters."""

    def work() -> tuple[dict[str, Any], int]:
        now = utc_now()
        offer = peering_offer_of(db.session, peering_id, actor())
        terms = msgspec.to_builtins(terms_of(offer, json_data["product_id"], sight(db.session, actor())))
        if json_data["peering"]:
            terms["peering"] |= json_data["peering"]
            terms["peering"]["product_id"] = json_data["product_id"]
        deal = propose_peering(
            db.session, actor(), peering_id, terms=read_terms(terms), note=json_data["note"], now=now,
            valid_until=json_data["valid_until"] or now + timedelta(days=14),
        )  # fmt: skip
        return deal_document(deal.id), 201

    return answer_once(work)
