"""The small tables of the first page and of Health, as CSV."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app
from werkzeug.wrappers import Response

from app.clock import utc_now
from app.dashboard import queries
from app.dashboard.health import Sign, signs
from app.db import db
from app.errors import NotFound
from app.security.access import actor, require
from app.web.tables import csv_of

pages = Blueprint("dashboard_tables", __name__)


@pages.get("/dashboard/<table>.csv")
@require()
def table_csv(table: str) -> Response:
    """One table of the asker's first page, as many lines as it shows."""
    me, session = actor(), db.session
    seller = me.company_id if me.sells else None
    buyer = me.company_id if me.buys else None
    everybody = None if me.is_operator else me.company_id
    found: tuple[list[Any], type[Any]] | None = None
    if table == "decks" and me.may("deck:read"):
        found = queries.recent_decks(session, everybody), queries.DeckLine
    elif table == "products" and seller:
        found = queries.own_products(session, seller), queries.ProductLine
    elif table == "received" and seller:
        found = queries.orders(session, seller=seller), queries.OrderLine
    elif table == "placed" and buyer:
        found = queries.orders(session, buyer=buyer), queries.OrderLine
    elif table == "moves" and buyer:
        found = queries.moves(session, buyer=buyer), queries.Move
    elif table == "jobs" and me.is_operator:
        found = queries.recent_jobs(session, None), queries.JobLine
    if found is None:
        raise NotFound(
            f"Your first page has no table {table[:20]}.", hint="Its tables link to their own CSV."
        )
    return csv_of(table, *found)


@pages.get("/operator/health.csv")
@require("operator")
def health_csv() -> Response:
    return csv_of("health", signs(db.session, current_app.config["TANDEM"], utc_now()), Sign)
