"""Test calls, tickets and schedules over the API. Lists go by cursor, writes take an Idempotency-Key."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import AwareDateTime, Boolean, Integer, List, Raw, String
from apiflask.validators import Length, OneOf, Range
from flask import current_app, jsonify

from app.calls import queries
from app.calls.evidence import sign
from app.calls.limits import cap_of, left_of, plain
from app.calls.live import look
from app.calls.models import TestCall
from app.calls.pages import download, signable
from app.calls.passwords import login_shown
from app.calls.queries import Filter, call_of, call_row, schedule_of, ticket_of
from app.calls.result import file_name
from app.calls.service.cancel_call import cancel_call
from app.calls.service.issue_ticket import TicketFacts, issue_ticket, revoke_ticket
from app.calls.service.keep_schedule import Plan, keep_schedule, remove_schedule, switch_schedule
from app.calls.service.order_calls import SIDE_BY_SIDE, Wanted, order_calls
from app.calls.words import STATES, VERDICTS
from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.deals.terms import decimal_of
from app.errors import Conflict
from app.security.access import actor, require
from app.web.idempotency import answer_once

api = APIBlueprint("tests_api", __name__, url_prefix="/api/v1", tag="Test calls")
ID_MAX = 2**31 - 1


class PageQuery(Schema):
    cursor = Integer(load_default=None, allow_none=True, validate=Range(1, ID_MAX),
                     metadata={"description": "`next` of the page before."})  # fmt: skip
    limit = Integer(load_default=50, validate=Range(1, 200))


class CallsQuery(PageQuery):
    number = String(load_default="", validate=Length(max=15), metadata={"description": "Its beginning."})
    product_id = Integer(load_default=None, allow_none=True, validate=Range(1, ID_MAX))
    state = String(load_default="", validate=OneOf(("", *STATES)))
    verdict = String(load_default="", validate=OneOf(("", *VERDICTS)))
    batch = String(load_default="", validate=Length(max=32))


class OrderIn(Schema):
    number = String(required=True, validate=Length(4, 40))
    product_ids = List(
        Integer(strict=True, validate=Range(1, ID_MAX)), required=True, validate=Length(1, SIDE_BY_SIDE)
    )
    caller = String(load_default="", validate=Length(max=40))
    seconds = Integer(strict=True, load_default=15, validate=Range(1, 3600))
    ring_seconds = Integer(strict=True, load_default=60, validate=Range(5, 180))
    keys = String(load_default="", validate=Length(max=64))
    withhold = Boolean(load_default=False)


class ScheduleIn(OrderIn):
    every_minutes = Integer(strict=True, required=True, validate=Range(1, 100_000))
    starts_at = AwareDateTime(load_default=None, allow_none=True)
    until = AwareDateTime(load_default=None, allow_none=True)


class SwitchIn(Schema):
    enabled = Boolean(required=True)


class TicketIn(Schema):
    product_id = Integer(strict=True, required=True, validate=Range(1, ID_MAX))
    trunk_id = Integer(strict=True, required=True, validate=Range(1, ID_MAX))
    expires_at = AwareDateTime(required=True)
    codes = List(String(validate=Length(1, 16)), load_default=list, validate=Length(max=200))
    max_calls = Integer(strict=True, load_default=20, validate=Range(1, 10_000))
    max_concurrent = Integer(strict=True, load_default=2, validate=Range(1, 50))
    max_seconds = Integer(strict=True, load_default=60, validate=Range(1, 3600))
    total_seconds = Integer(strict=True, load_default=600, validate=Range(1, 1_000_000))
    max_rate = String(load_default=None, allow_none=True, validate=Length(1, 20))
    spend = String(load_default="2", validate=Length(1, 20))
    note = String(load_default="", validate=Length(max=200))
    guarded = Boolean(load_default=False)


class Listed(Schema):
    next = Integer(allow_none=True)
    items = List(Raw())


class CallOut(Schema):
    id = Integer()
    state = String(validate=OneOf(sorted(STATES)))
    call = Raw()
    findings = List(Raw())
    files = List(Raw())


class Ordered(Schema):
    batch = String()
    items = List(Raw())


def settings() -> Settings:
    found: Settings = current_app.config["TANDEM"]
    return found


def told(row: Any) -> dict[str, Any]:
    """A row's fields as JSON: money as decimal text, instants in ISO form."""
    return {field.name: _plain(getattr(row, field.name)) for field in fields(row)}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    return value.isoformat() if isinstance(value, datetime) else value


def _listed(rows: list[Any], limit: int) -> dict[str, Any]:
    shown = rows[:limit]
    return {"items": [told(row) for row in shown], "next": shown[-1].id if len(rows) > limit else None}


def _call(call: TestCall) -> dict[str, Any]:
    names = [
        {
            "id": one.id,
            "name": file_name(call, one),
            "kind": one.kind,
            "side": one.side,
            "bytes": one.size_bytes,
        }
        for one in queries.files(db.session, call.id)
    ]
    row = told(call_row(db.session, actor(), call))
    return {"id": call.id, "state": call.state, "call": row, "findings": call.findings, "files": names}


@api.get("/test-calls")
@require("test:read")
@api.input(CallsQuery, location="query")
@api.output(Listed)
@api.doc(summary="Test calls, newest first")
def list_calls(query_data: dict[str, Any]) -> Any:
    q = query_data
    digits = "".join(sign for sign in q["number"] if sign.isdigit())
    chosen = Filter(digits, q["product_id"], q["verdict"], q["state"], q["batch"])
    return _listed(
        queries.calls(db.session, actor(), chosen, after=q["cursor"], limit=q["limit"] + 1), q["limit"]
    )


@api.post("/test-calls")
@require("test:order")
@api.input(OrderIn)
@api.output(Ordered, status_code=201)
@api.doc(summary="Call a number through one product, or through several side by side", responses=[429, 503])
def post_call(json_data: dict[str, Any]) -> Any:
    def work() -> tuple[dict[str, Any], int]:
        calls = order_calls(db.session, settings(), actor(), _wanted(json_data), now=utc_now())
        items = [{"id": one.id, "product_id": one.product_id, "state": one.state} for one in calls]
        return {"batch": calls[0].batch, "items": items}, 201

    return answer_once(work)


def _wanted(words: dict[str, Any]) -> Wanted:
    return Wanted(
        words["number"], tuple(words["product_ids"]), caller=words["caller"], seconds=words["seconds"],
        ring_seconds=words["ring_seconds"], keys=words["keys"], withhold=words["withhold"],
    )  # fmt: skip


@api.get("/test-calls/limits")
@require("test:read")
@api.doc(summary="What test calls may still cost today")
def get_limits() -> Any:
    who, now = actor(), utc_now()
    return jsonify(
        currency=settings().lcr.base_currency, cap=plain(cap_of(db.session, settings(), who.company_id)),
        left=plain(left_of(db.session, settings(), who.company_id, now)), dear_rate=settings().calls.dear_rate,
        own_numbers=[one.number for one in queries.own_numbers(db.session)],
    )  # fmt: skip


@api.get("/test-calls/<int:test_call_id>")
@require("test:read")
@api.output(CallOut)
@api.doc(summary="One test call with its verdict")
def get_call(test_call_id: int) -> Any:
    return _call(call_of(db.session, actor(), test_call_id))


@api.get("/test-calls/<int:test_call_id>/events")
@require("test:read")
@api.output(Listed)
@api.doc(summary="The ladder of a call, also while it runs")
def get_events(test_call_id: int) -> Any:
    found = look(db.session, settings(), call_of(db.session, actor(), test_call_id))
    items = [
        {
            "n": r.n, "at_us": r.at_us, "after_s": r.after, "from": r.sender, "to": r.receiver, "what": r.label,
            "detail": r.detail, "copy": r.again,
        }
        for r in found.ladder.rungs
    ]  # fmt: skip
    return {"items": items, "next": None}


@api.post("/test-calls/<int:test_call_id>/cancel")
@require("test:order")
@api.doc(summary="Cancel a call, or hang it up", responses=[202])
def post_cancel(test_call_id: int) -> Any:
    def work() -> tuple[dict[str, Any], int]:
        call = cancel_call(db.session, actor(), test_call_id, now=utc_now())
        return {"id": call.id, "state": call.state}, 202

    return answer_once(work)


@api.get("/test-calls/<int:test_call_id>/result")
@require("test:read")
@api.doc(summary="The signed result (docs/test-results.md)")
def get_result(test_call_id: int) -> Any:
    call = call_of(db.session, actor(), test_call_id)
    if call.live:
        raise Conflict("The call has not ended yet.", hint="Ask again when its state is done.")
    return jsonify(sign(settings(), signable(call)))


@api.get("/test-calls/<int:test_call_id>/files/<int:test_file_id>")
@require("test:read")
@api.doc(summary="A recording or the packets of a call")
def get_file(test_call_id: int, test_file_id: int) -> Any:
    return download(test_call_id, test_file_id)


@api.get("/test-tickets")
@require("test:read")
@api.input(PageQuery, location="query")
@api.output(Listed)
@api.doc(summary="Test tickets, newest first")
def list_tickets(query_data: dict[str, Any]) -> Any:
    q = query_data
    rows = queries.tickets(db.session, actor(), utc_now(), after=q["cursor"], limit=q["limit"] + 1)
    return _listed(rows, q["limit"])


@api.post("/test-tickets")
@require("test:order")
@api.input(TicketIn)
@api.doc(summary="Issue a ticket: what a buyer's switch may call through a product", responses=[201])
def post_ticket(json_data: dict[str, Any]) -> Any:
    def work() -> tuple[dict[str, Any], int]:
        now = utc_now()
        words = dict(json_data)
        words["spend"] = decimal_of(words["spend"], "spend")
        if words["max_rate"] is not None:
            words["max_rate"] = decimal_of(words["max_rate"], "max_rate")
        row = issue_ticket(db.session, settings(), actor(), TicketFacts(**words), now=now)
        # The answer is kept for repeats of this request: the password stands in GET only.
        return told(queries.tickets(db.session, actor(), now, ticket_id=row.id)[0]), 201

    return answer_once(work)


@api.get("/test-tickets/<int:test_ticket_id>")
@require("test:read")
@api.doc(summary="One ticket, how much of it is used, and its password for whom it is")
def get_ticket(test_ticket_id: int) -> Any:
    found = ticket_of(db.session, actor(), test_ticket_id)
    login = login_shown(settings(), actor(), found)
    shown = told(queries.tickets(db.session, actor(), utc_now(), ticket_id=found.id)[0])
    return jsonify(shown | {"login": None if login is None else asdict(login)})


@api.post("/test-tickets/<int:test_ticket_id>/revoke")
@require("test:order")
@api.doc(summary="Revoke a ticket")
def post_revoke(test_ticket_id: int) -> Any:
    def work() -> tuple[dict[str, Any], int]:
        row = revoke_ticket(db.session, actor(), test_ticket_id, now=utc_now())
        return {"id": row.id, "state": "revoked"}, 200

    return answer_once(work)


@api.get("/test-schedules")
@require("test:read")
@api.input(PageQuery, location="query")
@api.output(Listed)
@api.doc(summary="Schedules of test calls")
def list_schedules(query_data: dict[str, Any]) -> Any:
    q = query_data
    return _listed(
        queries.schedules(db.session, actor(), after=q["cursor"], limit=q["limit"] + 1), q["limit"]
    )


@api.post("/test-schedules")
@require("test:order")
@api.input(ScheduleIn)
@api.doc(summary="The same test again and again", responses=[201, 503])
def post_schedule(json_data: dict[str, Any]) -> Any:
    def work() -> tuple[dict[str, Any], int]:
        plan = Plan(
            _wanted(json_data), json_data["every_minutes"], json_data["starts_at"], json_data["until"]
        )
        row = keep_schedule(db.session, settings(), actor(), plan, now=utc_now())
        return {"id": row.id, "enabled": row.enabled, "next_at": row.next_at.isoformat()}, 201

    return answer_once(work)


@api.patch("/test-schedules/<int:test_schedule_id>")
@require("test:order")
@api.input(SwitchIn)
@api.doc(summary="Switch a schedule on or off")
def patch_schedule(test_schedule_id: int, json_data: dict[str, Any]) -> Any:
    row = switch_schedule(db.session, actor(), test_schedule_id, enabled=json_data["enabled"], now=utc_now())
    db.session.commit()
    return jsonify(id=row.id, enabled=row.enabled, next_at=row.next_at.isoformat())


@api.delete("/test-schedules/<int:test_schedule_id>")
@require("test:order")
@api.doc(summary="Take a schedule away; its calls stay", responses=[204])
def delete_schedule(test_schedule_id: int) -> Any:
    schedule_of(db.session, actor(), test_schedule_id)
    remove_schedule(db.session, actor(), test_schedule_id, now=utc_now())
    db.session.commit()
    return "", 204
