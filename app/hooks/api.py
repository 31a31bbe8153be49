"""News and webhooks over the API. Lists go by cursor, writes take an Idempotency-Key."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, Integer, List, String
from apiflask.validators import Length, OneOf, Range
from flask import current_app, jsonify

from app.clock import utc_now
from app.db import db
from app.hooks.jobs import signing_key
from app.hooks.kinds import GROUPS
from app.hooks.queries import deliveries, news, webhooks
from app.hooks.service.keep_webhook import (
    keep_webhook,
    remove_webhook,
    replay,
    switch_webhook,
    try_webhook,
    webhook_of,
)
from app.hooks.signing import secret_of
from app.security.access import actor, require
from app.web.idempotency import answer_once

api = APIBlueprint("hooks_api", __name__, url_prefix="/api/v1", tag="Webhooks")
ID_MAX = 2**31 - 1


class PageQuery(Schema):
    cursor = Integer(load_default=None, allow_none=True, validate=Range(1, ID_MAX))
    limit = Integer(load_default=50, validate=Range(1, 200))


class WebhookIn(Schema):
    url = String(required=True, validate=Length(1, 500))
    kinds = List(String(validate=OneOf(tuple(GROUPS))), load_default=list, validate=Length(max=len(GROUPS)))


class SwitchIn(Schema):
    enabled = Boolean(required=True)


@api.get("/news")
@require("market:read")
@api.input(PageQuery, location="query")
@api.doc(summary="What happened, newest first")
def list_news(query_data: dict[str, Any]) -> Any:
    rows = news(db.session, actor(), after=query_data["cursor"], limit=query_data["limit"] + 1)
    shown = rows[: query_data["limit"]]
    items = [
        {"id": r.id, "at": r.at.isoformat(), "kind": r.kind, "text": r.text, "page": r.href} for r in shown
    ]
    return jsonify(items=items, next=shown[-1].id if len(rows) > len(shown) else None)


@api.get("/webhooks")
@require("key:manage")
@api.doc(summary="The company's webhooks")
def list_webhooks() -> Any:
    items = [
        {
            "id": r.id, "url": r.url, "kinds": r.kinds, "enabled": r.enabled, "delivered": r.delivered, "waiting": r.waiting,
            "given_up": r.given_up, "last_answer": r.last or None,
        }
        for r in webhooks(db.session, actor())
    ]  # fmt: skip
    return jsonify(items=items, next=None)


@api.post("/webhooks")
@require("key:manage")
@api.input(WebhookIn)
@api.doc(summary="Keep a webhook; its secret is asked for apart", responses=[201])
def post_webhook(json_data: dict[str, Any]) -> Any:
    settings = current_app.config["TANDEM"]

    def work() -> tuple[dict[str, Any], int]:
        hook = keep_webhook(
            db.session,
            actor(),
            json_data["url"],
            json_data["kinds"],
            allowed=settings.hooks.allowed_networks,
            now=utc_now(),
        )
        return {"id": hook.id, "url": hook.url, "kinds": hook.kinds, "enabled": hook.enabled}, 201

    return answer_once(work)


@api.get("/webhooks/<int:webhook_id>/secret")
@require("key:manage")
@api.doc(summary="What the webhook's messages are signed with")
def get_secret(webhook_id: int) -> Any:
    hook = webhook_of(db.session, actor(), webhook_id)
    return jsonify(secret=secret_of(signing_key(current_app.config["TANDEM"]), hook.id, hook.salt))


@api.patch("/webhooks/<int:webhook_id>")
@require("key:manage")
@api.input(SwitchIn)
@api.doc(summary="Switch a webhook on or off")
def patch_webhook(webhook_id: int, json_data: dict[str, Any]) -> Any:
    hook = switch_webhook(db.session, actor(), webhook_id, enabled=json_data["enabled"], now=utc_now())
    db.session.commit()
    return jsonify(id=hook.id, url=hook.url, kinds=hook.kinds, enabled=hook.enabled)


@api.delete("/webhooks/<int:webhook_id>")
@require("key:manage")
@api.doc(summary="Take a webhook away, with its log", responses=[204])
def delete_webhook(webhook_id: int) -> Any:
    remove_webhook(db.session, actor(), webhook_id, now=utc_now())
    db.session.commit()
    return "", 204


@api.get("/webhooks/<int:webhook_id>/deliveries")
@require("key:manage")
@api.input(PageQuery, location="query")
@api.doc(summary="Deliveries with every attempt, newest first")
def list_deliveries(webhook_id: int, query_data: dict[str, Any]) -> Any:
    hook = webhook_of(db.session, actor(), webhook_id)
    rows = deliveries(db.session, hook.id, after=query_data["cursor"], limit=query_data["limit"] + 1)
    shown = rows[: query_data["limit"]]
    items = [
        {
            "id": r.id, "event": r.event, "kind": r.kind, "state": r.state, "tries": r.tries,
            "attempts": [
                {"at": at.isoformat(), "status": status, "milliseconds": ms, "fault": fault or None}
                for at, status, ms, fault in r.attempts
            ],
        }
        for r in shown
    ]  # fmt: skip
    return jsonify(items=items, next=shown[-1].id if len(rows) > len(shown) else None)


@api.post("/webhooks/<int:webhook_id>/test")
@require("key:manage")
@api.doc(summary="Send a test message", responses=[202])
def post_test(webhook_id: int) -> Any:
    def work() -> tuple[dict[str, Any], int]:
        return {"delivery_id": try_webhook(db.session, actor(), webhook_id, now=utc_now()).id}, 202

    return answer_once(work)


@api.post("/webhooks/deliveries/<int:delivery_id>/replay")
@require("key:manage")
@api.doc(summary="Send a delivery again, with the same event id", responses=[202])
def post_replay(delivery_id: int) -> Any:
    def work() -> tuple[dict[str, Any], int]:
        return {"delivery_id": replay(db.session, actor(), delivery_id, now=utc_now()).id}, 202

    return answer_once(work)
