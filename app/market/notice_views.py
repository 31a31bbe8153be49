"""Rate notices: what sellers changed in products one bought, to be read and acknowledged; the same over the API."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)

from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.decks import exports, grids
from app.decks.timelines import LABELS
from app.market.notices import delivery_of, notice_of, notices
from app.market.service.acknowledge_notice import acknowledge_notice
from app.market.service.notify_buyers import COLUMNS
from app.security.access import actor, require
from app.web.tables import csv_response
from rates.store import Store

pages = Blueprint("rate_notices", __name__, template_folder="templates")
api = APIBlueprint("rate_notices_api", __name__, url_prefix="/api/v1", tag="Rate notices")


def _changes(key: str) -> Any:
    settings: Settings = current_app.config["TANDEM"]
    return Store(str(settings.store_dir)).open(key)


@pages.get("/rate-notices")
@require("market:read")
def index() -> str:
    """Received and sent."""
    side = request.args.get("side", "")
    return render_template("market/notices.html", rows=notices(db.session, actor(), side=side), side=side)


@pages.get("/rate-notices.csv")
@require("market:read")
def index_csv() -> Response:
    """The list as CSV, counts of changes in a column each."""
    header = ("notice", "product", "version", "seller", "buyer", "currency", "first_change_utc", "sent_at_utc",
              "acknowledged_at_utc", "acknowledged_by", "answer", *(label.lower() for label in LABELS))  # fmt: skip
    rows = [
        (
            one.id, one.product, one.version, one.seller, one.buyer, one.currency, one.first_change, one.created_at,
            one.acknowledged_at, one.acknowledged_by, one.answer, *(one.counts.get(label, 0) for label in LABELS),
        )
        for one in notices(db.session, actor(), side=request.args.get("side", ""), limit=20_000)
    ]  # fmt: skip
    return csv_response("rate-notices", header, rows)


@pages.get("/rate-notices/<int:notice_id>")
@require("market:read")
def show(notice_id: int) -> str:
    """What changes, code by code, and the button that acknowledges it."""
    notice = notice_of(db.session, actor(), notice_id)
    row = next((one for one in notices(db.session, actor()) if one.id == notice.id), None)
    label, q = request.args.get("label", ""), request.args.get("q", "")
    table = grids.filter_diff(
        _changes(notice.changes_key), label=label, q=q, sort=request.args.get("sort", "effective")
    )
    return render_template(
        "market/notice.html", notice=notice, row=row, delivery=delivery_of(db.session, notice), label=label, q=q,
        rows=grids.paged(table, request.args.get("page", 1, int)),
    )  # fmt: skip


@pages.get("/rate-notices/<int:notice_id>/changes.csv")
@require("market:read")
def changes_csv(notice_id: int) -> Response:
    """The changes as CSV."""
    notice = notice_of(db.session, actor(), notice_id)
    headers = {"Content-Disposition": f'attachment; filename="rate-notice-{notice.id}.csv"'}
    return Response(
        exports.csv_rows(_changes(notice.changes_key), COLUMNS), mimetype="text/csv", headers=headers
    )


@pages.post("/rate-notices/<int:notice_id>/acknowledge")
@require("market:buy")
def acknowledge(notice_id: int) -> Any:
    """The buyer has read it."""
    acknowledge_notice(db.session, actor(), notice_id, answer=request.form.get("answer", ""), now=utc_now())
    db.session.commit()
    flash("Acknowledged. The seller sees it.", "success")
    return redirect(url_for("rate_notices.show", notice_id=notice_id))


@api.get("/rate-notices")
@require("market:read")
@api.doc(summary="Rate notices received and sent, newest first")
def list_notices() -> Any:
    """Counts by label, the first instant of change, and whether it was acknowledged."""
    return jsonify(notices=[one.document() for one in notices(db.session, actor())])


@api.get("/rate-notices/<int:notice_id>")
@require("market:read")
@api.doc(summary="A rate notice with its changes", responses={404: "Not a side of it"})
def get_notice(notice_id: int) -> Any:
    """All changed codes, earliest first."""
    notice = notice_of(db.session, actor(), notice_id)
    rows = exports.json_rows(_changes(notice.changes_key), COLUMNS)
    return jsonify(id=notice.id, version=notice.version, counts=notice.counts, changes=rows,
                   acknowledged_at=notice.acknowledged_at and notice.acknowledged_at.isoformat())  # fmt: skip


@api.post("/rate-notices/<int:notice_id>/acknowledge")
@require("market:buy")
@api.doc(summary="Acknowledge a rate notice", responses={404: "Not its buyer"})
def post_acknowledge(notice_id: int) -> Any:
    """Once is enough; again changes nothing."""
    notice = acknowledge_notice(db.session, actor(), notice_id, now=utc_now())
    db.session.commit()
    return jsonify(
        id=notice.id, acknowledged_at=notice.acknowledged_at and notice.acknowledged_at.isoformat()
    )
