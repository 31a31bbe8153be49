"""Every step of requests, deals and agreements over the API. Lists go by cursor, writes take an Idempotency-Key."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from apiflask import APIBlueprint
from flask import current_app

from app.clock import utc_now
from app.db import db
from app.deals import rows
from app.deals.api_schemas import (
    AcceptIn,
    AgreementOut,
    AmendIn,
    CounterIn,
    DealOut,
    FirstOfferIn,
    Listed,
    NoteIn,
    PageQuery,
    RfqIn,
    RfqOut,
    RfqQuery,
    SignIn,
    TerminateIn,
)
from app.deals.queries import agreement_of, deal_of, rfq_of, versions_of
from app.deals.service.activate import terminate
from app.deals.service.answer_offer import accept, counter, decline, withdraw
from app.deals.service.draft_agreement import amend
from app.deals.service.make_offer import order, quote
from app.deals.service.open_rfq import end_rfq, open_rfq
from app.deals.service.sign_agreement import revoke, sign
from app.deals.terms import Terms, decimal_of, read_quality, read_terms
from app.security.access import actor, require
from app.security.proof import prove
from app.web.idempotency import answer_once

api = APIBlueprint("deals_api", __name__, url_prefix="/api/v1", tag="Deals")


def listed(found: list[Any], limit: int) -> dict[str, Any]:
    """A page of rows, and the cursor of the next one where there may be more."""
    return {"items": [row.document() for row in found], "next": found[-1].id if len(found) == limit else None}


def _rfq(rfq_id: int) -> dict[str, Any]:
    row = rows.rfq_row(db.session, rfq_of(db.session, rfq_id, actor()), actor())
    quotes = [deal.document() for deal in rows.deals(db.session, actor(), rfq_id=rfq_id)]
    return {"id": row.id, "state": row.state, "rfq": row.document(), "quotes": quotes}


def deal_document(deal_id: int) -> dict[str, Any]:
    """DealOut of what the asker is a side of. Raises NotFound."""
    row = rows.deal_row(db.session, deal_of(db.session, deal_id, actor()), actor())
    steps = [step.document() for step in rows.steps(db.session, "deal", deal_id)]
    return {"id": row.id, "state": row.state, "deal": row.document(), "steps": steps}


def _agreement(agreement_id: int) -> dict[str, Any]:
    found = agreement_of(db.session, agreement_id, actor())
    row = rows.agreement_row(db.session, found, actor(), utc_now())
    versions = [
        {
            "number": v.number, "state": v.state, "sha256": v.sha256, "document": v.document, "reason": v.reason,
            "effective_from": v.effective_from.isoformat() if v.effective_from else None,
            "signatures": [_signature(s) for s in rows.signature_documents(db.session, v)],
        }
        for v in versions_of(db.session, found.id)
    ]  # fmt: skip
    return {"id": row.id, "state": row.state, "agreement": row.document(), "versions": versions}


def _signature(one: dict[str, Any]) -> dict[str, Any]:
    told = {name: one[name] for name in ("side", "company", "name", "proof", "sha256", "complete")}
    return {**told, "signed_at": one["signed_at"].isoformat()}


@api.get("/rfqs")
@require("market:read")
@api.input(RfqQuery, location="query")
@api.output(Listed)
def list_rfqs(query_data: dict[str, Any]) -> Any:
    """Requests for quotes: your company's own, and those it may quote on. Newest first."""
    limit = query_data["limit"]
    found = rows.rfqs(db.session, actor(), view=query_data["view"], after=query_data["cursor"], limit=limit)
    return listed(found, limit)


@api.get("/rfqs/<int:rfq_id>")
@require("market:read")
@api.output(RfqOut)
def get_rfq(rfq_id: int) -> Any:
    """One request with its quotes; a seller sees only its own."""
    return _rfq(rfq_id)


@api.post("/rfqs")
@require("market:buy")
@api.input(RfqIn)
@api.output(RfqOut, status_code=201)
def post_rfq(json_data: dict[str, Any]) -> Any:
    """Ask the market. Takes an Idempotency-Key."""

    def work() -> tuple[dict[str, Any], int]:
        told = dict(json_data)
        destinations = [(d["code"], d["destination"]) for d in told.pop("destinations")]
        target, floors = told.pop("target_rate"), read_quality(told.pop("floors"))
        rate: Decimal | None = None if target is None else decimal_of(target, "Target rate")
        rfq = open_rfq(
            db.session,
            actor(),
            destinations=destinations,
            target_rate=rate,
            floors=floors,
            now=utc_now(),
            **told,
        )
        return _rfq(rfq.id), 201

    return answer_once(work)


@api.post("/rfqs/<int:rfq_id>/<any(close, withdraw):step>")
@require("market:buy")
@api.output(RfqOut)
def post_end_rfq(rfq_id: int, step: str) -> Any:
    """End a request of yours; open quotes on it end with it."""

    def work() -> tuple[dict[str, Any], int]:
        end_rfq(db.session, actor(), rfq_id, step, now=utc_now())
        return _rfq(rfq_id), 200

    return answer_once(work)


@api.post("/rfqs/<int:rfq_id>/quotes")
@require("order:decide")
@api.input(FirstOfferIn)
@api.output(DealOut, status_code=201)
def post_quote(rfq_id: int, json_data: dict[str, Any]) -> Any:
    """Quote with one of your products."""

    def work() -> tuple[dict[str, Any], int]:
        deal = quote(db.session, actor(), rfq_id, product_id=json_data["product_id"], **_offer(json_data))
        return deal_document(deal.id), 201

    return answer_once(work)


@api.get("/deals")
@require("market:read")
@api.input(PageQuery, location="query")
@api.output(Listed)
def list_deals(query_data: dict[str, Any]) -> Any:
    """Quotes and orders your company is a side of, newest first."""
    limit = query_data["limit"]
    return listed(rows.deals(db.session, actor(), after=query_data["cursor"], limit=limit), limit)


@api.get("/deals/<int:deal_id>")
@require("market:read")
@api.output(DealOut)
def get_deal(deal_id: int) -> Any:
    """One deal with every offer made in it."""
    return deal_document(deal_id)


@api.post("/deals")
@require("market:buy")
@api.input(FirstOfferIn)
@api.output(DealOut, status_code=201)
def post_order(json_data: dict[str, Any]) -> Any:
    """Order a listed product."""

    def work() -> tuple[dict[str, Any], int]:
        deal = order(db.session, actor(), product_id=json_data["product_id"], **_offer(json_data))
        return deal_document(deal.id), 201

    return answer_once(work)


@api.post("/deals/<int:deal_id>/counter")
@require("order:decide")
@api.input(CounterIn)
@api.output(DealOut)
def post_counter(deal_id: int, json_data: dict[str, Any]) -> Any:
    """Put another offer on the table; also to better your own."""

    def work() -> tuple[dict[str, Any], int]:
        counter(db.session, actor(), deal_id, round_=json_data["round"], **_offer(json_data))
        return deal_document(deal_id), 200

    return answer_once(work)


@api.post("/deals/<int:deal_id>/accept")
@require("order:decide")
@api.input(AcceptIn)
@api.output(DealOut)
def post_accept(deal_id: int, json_data: dict[str, Any]) -> Any:
    """Agree to the offer of that round; the agreement is drawn up with it."""

    def work() -> tuple[dict[str, Any], int]:
        accept(db.session, actor(), deal_id, round_=json_data["round"], note=json_data["note"], now=utc_now())
        return deal_document(deal_id), 200

    return answer_once(work)


@api.post("/deals/<int:deal_id>/decline")
@require("order:decide")
@api.input(NoteIn)
@api.output(DealOut)
def post_decline(deal_id: int, json_data: dict[str, Any]) -> Any:
    """Decline the other side's offer."""

    def work() -> tuple[dict[str, Any], int]:
        decline(db.session, actor(), deal_id, note=json_data["note"], now=utc_now())
        return deal_document(deal_id), 200

    return answer_once(work)


@api.post("/deals/<int:deal_id>/withdraw")
@require("order:decide")
@api.input(NoteIn)
@api.output(DealOut)
def post_withdraw(deal_id: int, json_data: dict[str, Any]) -> Any:
    """Take back your own offer."""

    def work() -> tuple[dict[str, Any], int]:
        withdraw(db.session, actor(), deal_id, note=json_data["note"], now=utc_now())
        return deal_document(deal_id), 200

    return answer_once(work)


@api.get("/agreements")
@require("market:read")
@api.input(PageQuery, location="query")
@api.output(Listed)
def list_agreements(query_data: dict[str, Any]) -> Any:
    """Agreements of your company, newest first."""
    limit = query_data["limit"]
    return listed(
        rows.agreements(db.session, actor(), utc_now(), after=query_data["cursor"], limit=limit), limit
    )


@api.get("/agreements/<int:agreement_id>")
@require("market:read")
@api.output(AgreementOut)
def get_agreement(agreement_id: int) -> Any:
    """All versions: documents, hashes, signatures, machine-readable terms."""
    return _agreement(agreement_id)


@api.post("/agreements/<int:agreement_id>/sign")
@require("order:decide")
@api.input(SignIn)
@api.output(AgreementOut)
def post_sign(agreement_id: int, json_data: dict[str, Any]) -> Any:
    """Sign the waiting version. Only a signed-in person can."""

    def work() -> tuple[dict[str, Any], int]:
        agreement_of(db.session, agreement_id, actor())
        proof = prove(db.session, actor(), json_data["secret"])
        sign(
            db.session, actor(), agreement_id, sha256=json_data["sha256"], typed_name=json_data["typed_name"], proof=proof,
            settings=current_app.config["TANDEM"], now=utc_now(),
        )  # fmt: skip
        return _agreement(agreement_id), 200

    return answer_once(work)


@api.post("/agreements/<int:agreement_id>/revoke")
@require("order:decide")
@api.input(NoteIn)
@api.output(AgreementOut)
def post_revoke(agreement_id: int, json_data: dict[str, Any]) -> Any:
    """Take back the version that waits for signatures."""

    def work() -> tuple[dict[str, Any], int]:
        revoke(db.session, actor(), agreement_id, note=json_data["note"], now=utc_now())
        return _agreement(agreement_id), 200

    return answer_once(work)


@api.post("/agreements/<int:agreement_id>/amend")
@require("order:decide")
@api.input(AmendIn)
@api.output(AgreementOut, status_code=201)
def post_amend(agreement_id: int, json_data: dict[str, Any]) -> Any:
    """Propose the next version."""

    def work() -> tuple[dict[str, Any], int]:
        told = dict(json_data)
        terms = read_terms(told.pop("terms"))
        amend(db.session, actor(), agreement_id, terms=terms, now=utc_now(), **told)
        return _agreement(agreement_id), 201

    return answer_once(work)


@api.post("/agreements/<int:agreement_id>/terminate")
@require("order:decide")
@api.input(TerminateIn)
@api.output(AgreementOut)
def post_terminate(agreement_id: int, json_data: dict[str, Any]) -> Any:
    """Give notice."""

    def work() -> tuple[dict[str, Any], int]:
        terminate(db.session, actor(), agreement_id, now=utc_now(), **json_data)
        return _agreement(agreement_id), 200

    return answer_once(work)


def _offer(told: dict[str, Any]) -> dict[str, Any]:
    terms: Terms = read_terms(told["terms"])
    now = utc_now()
    return {
        "terms": terms,
        "valid_until": told["valid_until"] or now + timedelta(days=14),
        "note": told["note"],
        "now": now,
    }
