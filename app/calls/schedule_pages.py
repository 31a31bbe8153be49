"""Pages of schedules; a new one is made with the order form."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.calls import queries
from app.calls.queries import PAGE, ScheduleRow
from app.calls.service.keep_schedule import remove_schedule, switch_schedule
from app.clock import utc_now
from app.db import db
from app.errors import NotFound
from app.security.access import actor, require
from app.web.converters import row_number
from app.web.tables import csv_of

pages = Blueprint("test_schedules", __name__, template_folder="templates")
CSV_ROWS = 100_000


@pages.get("/test-calls/schedules")
@require("test:read")
def index() -> Any:
    rows = queries.schedules(
        db.session, actor(), after=request.args.get("after", None, row_number), limit=PAGE + 1
    )
    more = rows[PAGE - 1].id if len(rows) > PAGE else None
    return render_template("calls/schedules.html", rows=rows[:PAGE], more=more)


@pages.get("/test-calls/schedules.csv")
@require("test:read")
def index_csv() -> Any:
    return csv_of("test-schedules", queries.schedules(db.session, actor(), limit=CSV_ROWS), ScheduleRow)


@pages.post("/test-calls/schedules/<int:test_schedule_id>/<act>")
@require("test:order")
def change(test_schedule_id: int, act: str) -> Any:
    """`on`, `off` or `remove`."""
    who, now = actor(), utc_now()
    if act in ("on", "off"):
        switch_schedule(db.session, who, test_schedule_id, enabled=act == "on", now=now)
    elif act == "remove":
        remove_schedule(db.session, who, test_schedule_id, now=now)
        flash("The schedule is gone; its test calls stay.", "success")
    else:
        raise NotFound("There is no such act.")
    db.session.commit()
    return redirect(url_for("test_schedules.index"))
