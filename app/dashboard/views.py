"""/ for each role, /operator/health and /operator/snapshots."""

from __future__ import annotations

import json

from flask import Blueprint, Flask, current_app, render_template
from werkzeug.wrappers import Response

from app.clock import utc_now
from app.dashboard import audit, jobs, queries, tables
from app.dashboard.health import signs
from app.db import db
from app.security.access import actor, require
from app.web.tables import csv_of

pages = Blueprint("dashboard", __name__, template_folder="templates")


def _chart(found: queries.Activity) -> str:
    series = [
        {"label": "Increases", "values": found.increases},
        {"label": "Decreases", "values": found.decreases},
    ]
    return json.dumps({"x": found.days, "series": series, "places": 0})


@pages.get("/")
@require()
def index() -> str | Response:
    me, now, session = actor(), utc_now(), db.session
    if me.is_operator:
        lines = queries.snapshots(session, 30)
        return render_template(
            "dashboard/operator.html", counts=queries.exchange_counts(session, now), snapshots=lines[: queries.RECENT],
            builds=[line.build_ms for line in reversed(lines)], decks=queries.recent_decks(session, None),
            jobs=queries.recent_jobs(session, None), signs=signs(session, current_app.config["TANDEM"], now),
            chart=_chart(queries.activity(session, now)),
        )  # fmt: skip
    seller = me.company_id if me.sells else None
    buyer = me.company_id if me.buys else None
    return render_template(
        "dashboard/company.html",
        products=queries.own_products(session, seller) if seller else [],
        decks=queries.recent_decks(session, seller) if seller and me.may("deck:read") else [],
        waiting=queries.decks_waiting(session, seller) if seller else 0,
        received=queries.orders(session, seller=seller) if seller else [],
        received_counts=queries.order_counts(session, seller=seller) if seller else {},
        placed=queries.orders(session, buyer=buyer) if buyer else [],
        placed_counts=queries.order_counts(session, buyer=buyer) if buyer else {},
        trunks=queries.trunk_count(session, buyer) if buyer else 0,
        moves=queries.moves(session, buyer=buyer) if buyer else [],
        seller_chart=_chart(queries.activity(session, now, seller=seller)) if seller else "",
        buyer_chart=_chart(queries.activity(session, now, buyer=buyer)) if buyer else "",
    )


@pages.get("/operator/health")
@require("operator")
def health() -> str:
    found = signs(db.session, current_app.config["TANDEM"], utc_now())
    return render_template("dashboard/health.html", signs=found, jobs=queries.recent_jobs(db.session, None))


@pages.get("/operator/snapshots")
@require("operator")
def snapshots() -> str:
    return render_template("dashboard/snapshots.html", rows=queries.snapshots(db.session, 100))


@pages.get("/operator/snapshots.csv")
@require("operator")
def snapshots_csv() -> Response:
    return csv_of("snapshots", queries.snapshots(db.session, 10_000), queries.SnapshotLine)


def register(app: Flask) -> None:
    app.register_blueprint(pages)
    app.register_blueprint(jobs.pages)
    app.register_blueprint(jobs.api)
    app.register_blueprint(audit.pages)
    app.register_blueprint(tables.pages)
