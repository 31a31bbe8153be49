"""Decks below /api/v1. Faults are problem+json with code, detail and hint; writes take `Idempotency-Key`."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import sqlalchemy as sa
from apiflask import APIBlueprint
from flask import Response, current_app, jsonify, request

from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.decks import exports, grids, queries
from app.decks.access import own_deck, own_product
from app.decks.api_schemas import (
    ApproveBody,
    DeckOut,
    DeckPageQuery,
    DecksOut,
    DiffQuery,
    OptionsBody,
    PageOut,
    PricesQuery,
    ProblemsQuery,
    UploadBody,
    VersionsOut,
)  # fmt: skip
from app.decks.models import Deck
from app.decks.report import headings_of
from app.decks.service.approve_deck import approve_deck
from app.decks.service.choose_mapping import choose_mapping, options_of, read_options
from app.decks.service.discard_deck import discard_deck
from app.decks.service.receive_deck import receive_deck
from app.decks.summary import deck_summary, version_summary
from app.decks.views.history import as_file, deck_at, read_instant
from app.errors import Conflict, Invalid
from app.security.access import actor, require
from app.web.idempotency import remember, remembered
from rates import problems, schema
from rates.options import DeckOptions

api = APIBlueprint("decks_api", __name__, url_prefix="/api/v1", tag="Rate decks")


@api.teardown_request
def close_uploads(_fault: BaseException | None) -> None:
    """Large uploads lie in a temporary file until they are closed."""
    request.close()


def _settings() -> Settings:
    settings: Settings = current_app.config["TANDEM"]
    return settings


def _once(text: str) -> Any:
    """The kept answer of this Idempotency-Key, if any."""
    kept = remembered(db.session, actor().company_id, request.headers.get("Idempotency-Key"), text)
    return None if kept is None else _response(kept[1], kept[0])


def _response(body: dict[str, Any], status: int) -> Response:
    """A finished answer: beside a status, `@api.output` would take it for an object to serialise."""
    response = jsonify(body)
    response.status_code = status
    return response


def _answer(text: str, deck: Deck, status: int, **more: Any) -> Any:
    body = {**deck_summary(db.session, deck), **more}
    key = request.headers.get("Idempotency-Key")
    try:
        remember(db.session, actor().company_id, key, text, status, body, now=utc_now())
        db.session.commit()
    except sa.exc.IntegrityError as fault:
        db.session.rollback()
        raise Conflict(
            "The same request is under way.", hint="Send it again in a moment: you get its answer then."
        ) from fault
    return _response(body, status)


def _digest(stream: Any) -> str:
    """SHA-256 of the upload, which is left at its beginning."""
    found = hashlib.sha256()
    while piece := stream.read(1 << 20):
        found.update(piece)
    stream.seek(0)
    return found.hexdigest()


@api.post("/decks")
@require("deck:write")
@api.input(UploadBody, location="form_and_files", arg_name="data")
@api.output(DeckOut, status_code=202, description="Received; the check runs")
@api.doc(
    summary="Send a rate deck",
    responses={
        200: "The same bytes were here before",
        413: "Larger than allowed",
        422: "Empty file or bad value",
    },
)
def post_deck(data: dict[str, Any]) -> Any:
    """Multipart form with `file`, `product_id`, `mode` and optionally `effective_from` and `options` (JSON).

    The same bytes for the same product give the same deck (200 instead of 202).
    """
    upload = data["file"]
    stated = sorted((name, value) for name, value in data.items() if name != "file")
    text = f"POST /decks {_digest(upload.stream)} {upload.filename} {stated}"
    if (kept := _once(text)) is not None:
        return kept
    product = own_product(db.session, actor(), data["product_id"])
    options = _stated(data)
    received = receive_deck(
        db.session, actor(), product, upload.stream, upload.filename or "", options=options, source="api",
        settings=_settings(), now=utc_now(),
    )  # fmt: skip
    return _answer(text, received.deck, 200 if received.again and received.deck.state != "checking" else 202)


def _stated(data: dict[str, Any]) -> DeckOptions:
    try:
        values = msgspec.json.decode(data.get("options") or "{}", type=dict[str, Any])
    except msgspec.DecodeError as fault:
        raise Invalid(
            f"`options` is not a JSON object: {fault}.", hint="Send a JSON object, or leave it out."
        ) from fault
    if data.get("mode"):
        values["mode"] = data["mode"]
    if data.get("effective_from"):
        defaults = values.get("defaults") or {}
        if not isinstance(defaults, dict):
            raise Invalid(
                "`options.defaults` is not an object.", hint='Send {"currency": "USD"}, for example.'
            )
        values["defaults"] = {**defaults, "effective_from": data["effective_from"]}
    return read_options(values)


@api.get("/decks")
@require("deck:read")
@api.input(DeckPageQuery, location="query", arg_name="query")
@api.output(DecksOut)
@api.doc(summary="List decks")
def list_decks(query: dict[str, Any]) -> Any:
    """Newest first; `state` is one state or `open`."""
    found = queries.inbox(db.session, actor(), state=query["state"], q=query["q"], page=query["page"])
    return {
        "decks": [msgspec.to_builtins(line) for line in found.lines], "page": found.page, "pages": found.pages,
        "total": found.total, "counts": found.counts,
    }  # fmt: skip


@api.get("/decks/<int:deck_id>")
@require("deck:read")
@api.output(DeckOut)
@api.doc(summary="State, progress, guess, problems and change counts of a deck")
def get_deck(deck_id: int) -> Any:
    """Poll this until `state` is neither `received` nor `checking`."""
    return jsonify(deck_summary(db.session, own_deck(db.session, actor(), deck_id)))


@api.get("/decks/<int:deck_id>/problems")
@require("deck:read")
@api.input(ProblemsQuery, location="query", arg_name="query")
@api.output(PageOut)
@api.doc(summary="Problems of a deck, row by row")
def get_problems(deck_id: int, query: dict[str, Any]) -> Any:
    """Sheet, row, column, code, text, id, severity and hint of each; `format=csv` for all, with the whole row."""
    deck = own_deck(db.session, actor(), deck_id)
    table = grids.open_table(_settings(), deck.problems_key, problems.SCHEMA)
    table = grids.filter_problems(table, problem_id=query["id"], severity=query["severity"])
    if query["format"] == "csv":
        headers = {"Content-Disposition": f'attachment; filename="deck-{deck.id}-problems.csv"'}
        return Response(exports.bad_rows(table, headings_of(deck)), mimetype="text/csv", headers=headers)
    return _page(table, query, exports.PROBLEM_COLUMNS)


@api.get("/decks/<int:deck_id>/diff")
@require("deck:read")
@api.input(DiffQuery, location="query", arg_name="query")
@api.output(PageOut)
@api.doc(summary="What the deck changes, code by code")
def get_diff(deck_id: int, query: dict[str, Any]) -> Any:
    """`label` filters by change, `q` by leading digits or part of the destination; `format=csv` for all."""
    deck = own_deck(db.session, actor(), deck_id)
    table = grids.open_table(_settings(), deck.diff_key, schema.DIFF)
    table = grids.filter_diff(table, label=query["label"], q=query["q"], sort=query["sort"])
    if query["format"] == "csv":
        return as_file(table, "csv", f"deck-{deck.id}-changes", exports.DIFF_COLUMNS)
    return _page(table, query, exports.DIFF_COLUMNS)


def _page(table: Any, query: dict[str, Any], columns: dict[str, str]) -> Any:
    size = query["page_size"]
    found = grids.paged(table, query["page"], size)
    rows = exports.json_rows(table.slice((found.page - 1) * size, size), columns)
    return jsonify(rows=rows, page=found.page, pages=found.pages, total=found.total)


@api.put("/decks/<int:deck_id>/options")
@require("deck:write")
@api.input(OptionsBody, arg_name="body")
@api.output(DeckOut, status_code=202)
@api.doc(summary="Decide how the deck is read, and check it again")
def put_options(deck_id: int, body: dict[str, Any]) -> Any:
    """Fields given replace those of the deck; the others stay (merge). `defaults` is merged likewise."""
    text = f"PUT /decks/{deck_id}/options {msgspec.json.encode(body, order='sorted').decode()}"
    if (kept := _once(text)) is not None:
        return kept
    deck = own_deck(db.session, actor(), deck_id)
    values = msgspec.to_builtins(options_of(deck), str_keys=True)
    merged = {**values, **body, "defaults": {**values["defaults"], **(body.get("defaults") or {})}}
    deck = choose_mapping(db.session, actor(), deck_id, read_options(merged), now=utc_now())
    return _answer(text, deck, 202)


@api.post("/decks/<int:deck_id>/approve")
@require("deck:approve")
@api.input(ApproveBody, arg_name="body")
@api.output(DeckOut)
@api.doc(summary="Take a deck into force", responses={409: "Not ready, or a second person is needed"})
def post_approve(deck_id: int, body: dict[str, Any]) -> Any:
    """`outcome`: approved · seconding (a second person must agree) · rechecking (the product had moved on)."""
    text = f"POST /decks/{deck_id}/approve {body['note']}"
    if (kept := _once(text)) is not None:
        return kept
    done = approve_deck(db.session, actor(), deck_id, settings=_settings(), note=body["note"], now=utc_now())
    return _answer(text, done.deck, 200, outcome=done.outcome)


@api.post("/decks/<int:deck_id>/discard")
@require("deck:write")
@api.output(DeckOut)
@api.doc(summary="Lay a deck aside")
def post_discard(deck_id: int) -> Any:
    """Nothing of it comes into force. Approved decks answer 409."""
    text = f"POST /decks/{deck_id}/discard"
    if (kept := _once(text)) is not None:
        return kept
    return _answer(text, discard_deck(db.session, actor(), deck_id, now=utc_now()), 200)


@api.get("/products/<int:product_id>/deck")
@require("deck:read")
@api.input(PricesQuery, location="query", arg_name="query")
@api.output(PageOut)
@api.doc(summary="The deck of a product as priced at an instant")
def get_prices(product_id: int, query: dict[str, Any]) -> Any:
    """`at` is an ISO date or instant (default now); `format` json (paged), csv or xlsx (whole)."""
    at = read_instant(query["at"], utc_now())
    product, number, table = deck_at(product_id, at, query["version"])
    table = grids.filter_diff(table, q=query["q"])
    if query["format"] != "json":
        return as_file(table, query["format"], f"{product.name}-v{number}-{at:%Y%m%d}", exports.DECK_COLUMNS)
    return _page(table, query, exports.DECK_COLUMNS)


@api.get("/products/<int:product_id>/versions")
@require("deck:read")
@api.output(VersionsOut)
@api.doc(summary="Versions of a product's deck, newest first")
def get_versions(product_id: int) -> Any:
    """Who, when, why and what changed."""
    own_product(db.session, actor(), product_id)
    return {"versions": [version_summary(line) for line in queries.versions(db.session, product_id)]}
