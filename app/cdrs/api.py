"""Call records below /api/v1: send a file, ask how it went, read calls and sums."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from apiflask import APIBlueprint, Schema
from apiflask.fields import Date, File, Integer, String
from apiflask.validators import Length, OneOf, Range
from flask import current_app, jsonify, request

from app.cdrs import queries
from app.cdrs.models import CallImport
from app.cdrs.queries import OUTCOMES, Filter
from app.cdrs.service.receive_file import receive_file
from app.clock import utc_now
from app.db import db
from app.errors import Conflict
from app.security.access import actor, require
from app.web.idempotency import remember, remembered

api = APIBlueprint("calls_api", __name__, url_prefix="/api/v1", tag="Call records")


class SendBody(Schema):
    file = File(required=True, metadata={"description": "One file of call records, see docs/call-records.md"})  # type: ignore[no-untyped-call]
    source = String(load_default="", validate=Length(max=40))
    trunk_id = Integer(load_default=None, allow_none=True, validate=Range(1, 2**31 - 1))
    product_id = Integer(load_default=None, allow_none=True, validate=Range(1, 2**31 - 1))


class ListQuery(Schema):
    first = Date(load_default=None, allow_none=True)
    last = Date(load_default=None, allow_none=True)
    side = String(load_default="", validate=OneOf(("", "bought", "sold")))
    outcome = String(load_default="", validate=OneOf(OUTCOMES))
    product_id = Integer(load_default=None, allow_none=True, validate=Range(1, 2**31 - 1))
    q = String(load_default="", validate=Length(max=60))
    page = Integer(load_default=1, validate=Range(1, 100_000))


@api.post("/call-imports")
@require("call:import")
@api.input(SendBody, location="form_and_files", arg_name="body")
@api.doc(
    summary="Send a file of call records", responses={202: "Received; a job imports it", 413: "Too large"}
)
def send(body: dict[str, Any]) -> Any:
    """The same call sent again is counted, never billed again; with an `Idempotency-Key` the same request is one import."""
    stream = body["file"].stream
    digest = hashlib.file_digest(stream, "sha256").hexdigest()
    stream.seek(0)
    text = f"POST call-imports {digest} {body['source']} {body['trunk_id']} {body['product_id']}"
    key, company = request.headers.get("Idempotency-Key"), actor().company_id
    kept = remembered(db.session, company, key, text)
    if kept is not None:
        return jsonify(kept[1]), kept[0]
    taken = receive_file(
        db.session, current_app.config["TANDEM"], actor(), stream, filename=body["file"].filename or "records", way="api",
        source=body["source"], trunk_id=body["trunk_id"], product_id=body["product_id"], now=utc_now(),
    )  # fmt: skip
    answer = _import(taken)
    try:
        remember(db.session, company, key, text, 202, answer, now=utc_now())
        db.session.commit()
    except sa.exc.IntegrityError as fault:
        db.session.rollback()
        raise Conflict("The same request is under way.", hint="Send it again in a moment.") from fault
    return jsonify(answer), 202


@api.get("/call-imports/<int:import_id>")
@require("call:import")
@api.doc(summary="How an import went", responses={404: "Not yours"})
def show(import_id: int) -> Any:
    """`counts`: records, new, same (sent before), refused with `reasons`; `state`: received, running, done, failed."""
    return jsonify(_import(queries.own_import(db.session, actor(), import_id)))


@api.get("/calls")
@require("call:read")
@api.input(ListQuery, location="query", arg_name="query")
@api.doc(summary="Calls bought and sold, newest first")
def list_calls(query: dict[str, Any]) -> Any:
    """Amounts are decimal strings; the last four digits of numbers are masked. The sell side only of calls one bought."""
    f = _filter(query)
    rows = queries.calls(db.session, actor(), f, page=query["page"])
    return jsonify(calls=[_plain(asdict(row)) for row in rows], total=queries.count(db.session, actor(), f))


@api.get("/call-sums")
@require("call:read")
@api.input(ListQuery, location="query", arg_name="query")
@api.doc(summary="Counts by day, buyer, product and code")
def list_sums(query: dict[str, Any]) -> Any:
    """Counts to be divided by whoever shows them: answered / attempts is the ASR."""
    f = _filter(query)
    rows = queries.sums(db.session, actor(), f, page=query["page"])
    return jsonify(
        sums=[_plain(asdict(row)) for row in rows], total=queries.sum_count(db.session, actor(), f)
    )


def _filter(query: dict[str, Any]) -> Filter:
    last: date = query["last"] or queries.newest_day(db.session, actor()) or utc_now().date()
    first: date = query["first"] or last.replace(day=1)
    return Filter(
        first, last, query["side"], query["outcome"], query["product_id"], query["q"].strip().lstrip("+")
    )


def _import(taken: CallImport) -> dict[str, Any]:
    return {
        "id": taken.id, "state": taken.state, "file": taken.filename, "sha256": taken.sha256, "source": taken.source,
        "job_id": taken.job_id, "counts": taken.counts, "error": taken.error or None,
    }  # fmt: skip


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Decimal) else _text(value) for name, value in row.items()}


def _text(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
