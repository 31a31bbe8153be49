"""GET /api/v1/reports/{name}.csv | .xlsx | .json with the same filters as the page."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, current_app, request

from app.clock import utc_now
from app.db import db
from app.reports.catalogue import entries_for, entry_of, make_report, offers_for
from app.reports.download import download
from app.reports.forms import filter_form, question_of
from app.reports.question import Question
from app.security.access import actor, require

api = APIBlueprint("reports_api", __name__, url_prefix="/api/v1/reports", tag="Reports")


@api.get("")
@api.doc(summary="Reports you may ask for, with their filters")
@require("report:read")
def reports() -> dict[str, object]:
    """Names, titles and query parameters."""
    return {
        "reports": [
            {"name": e.name, "title": e.title, "summary": e.summary, "filters": list(e.filters)}
            for e in entries_for(actor())
        ]
    }


@api.get("/<name>.<any(csv, xlsx, json):kind>")
@api.doc(
    summary="A report as a file",
    description="Query parameters are those of the report: code, destination, route_class, vendor, product, since, until, at, label, "
    "layout. Instants are UTC; the period is [since, until). Rows are streamed; decimals are exact.",
    responses=[200, 401, 403, 404, 422],
)
@require("report:read")
def file(name: str, kind: str) -> Response:
    entry = entry_of(name, actor())
    now = utc_now()
    blank = Question(now=now, at=now, since=now, until=now)
    form = filter_form(request.args, offers_for(db.session, name, actor(), blank), now=now)
    question = question_of(form, now=now, filters=entry.filters)
    return download(
        make_report(db.session, current_app.config["TANDEM"], name, actor(), question), kind, now=now
    )
