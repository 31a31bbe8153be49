"""/audit: who changed what, with before and after; the operator can verify the chain."""

from __future__ import annotations

import json
from collections.abc import Iterator

from flask import Blueprint, render_template, request, stream_with_context
from werkzeug.wrappers import Response

from app.audit import queries
from app.audit.verify import verify_chain
from app.db import db
from app.security.access import actor, require
from app.web.tables import csv_of

pages = Blueprint("audit", __name__, template_folder="templates")


@pages.get("/audit")
@require("audit:read")
def index() -> str | Response:
    action = request.args.get("action", "")[:60]
    page = max(1, request.args.get("page", 1, type=int))
    rows, total = queries.events(db.session, actor(), action=action, page=page)
    # Only the operator sees the whole chain, so only the operator can check it.
    faults = verify_chain(db.session) if actor().is_operator and request.args.get("verify") else None
    pages_count = max(1, -(-total // queries.PAGE))
    return render_template(
        "audit/index.html", rows=rows, total=total, page=page, pages=pages_count, action=action, faults=faults
    )


@pages.get("/audit.csv")
@require("audit:read")
def index_csv() -> Response:
    action = request.args.get("action", "")[:60]
    rows, _ = queries.events(db.session, actor(), action=action, size=100_000)
    return csv_of("audit", rows, queries.EventRow)


@pages.get("/audit.jsonl")
@require("audit:read")
def index_jsonl() -> Response:
    """Every event whole, one JSON object a line, oldest first: what `prev_hash` and `hash` are made of."""
    who, action = actor(), request.args.get("action", "")[:60]

    def lines() -> Iterator[str]:
        for event in queries.whole_events(db.session, who, action=action):
            yield json.dumps(event, sort_keys=True, ensure_ascii=False) + "\n"

    response = Response(stream_with_context(lines()), mimetype="application/jsonl")
    response.headers.set("Content-Disposition", "attachment", filename="audit.jsonl")
    return response
