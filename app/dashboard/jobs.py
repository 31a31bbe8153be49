"""/jobs: what runs, what waits, what went wrong; status of one job as page, fragment and JSON."""

from __future__ import annotations

from dataclasses import asdict

from apiflask import APIBlueprint
from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.clock import utc_now
from app.db import db
from app.jobs import queries, service
from app.security.access import actor, require
from app.web.tables import csv_of

pages = Blueprint("jobs", __name__, template_folder="templates")
api = APIBlueprint("jobs_api", __name__, url_prefix="/api/v1", tag="Jobs")

Answer = str | Response | tuple[str, int]
STATES = ("", "queued", "running", "done", "failed", "cancelled")


@pages.get("/jobs")
@require("job:read")
def index() -> Answer:
    state = _state()
    page = max(1, request.args.get("page", 1, type=int))
    rows, total = queries.jobs(db.session, actor(), state=state, page=page)
    pages_count = max(1, -(-total // queries.PAGE))
    tabs = [(one or "all", url_for("jobs.index", state=one or None), one == state) for one in STATES]
    return render_template("jobs/index.html", rows=rows, page=page, pages=pages_count, tabs=tabs, state=state)


@pages.get("/jobs.csv")
@require("job:read")
def index_csv() -> Answer:
    rows, _ = queries.jobs(db.session, actor(), state=_state(), size=10_000)
    return csv_of("jobs", rows, queries.JobRow)


def _state() -> str:
    state = request.args.get("state", "")
    return state if state in STATES else ""


@pages.get("/jobs/<job_id>")
@require("job:read")
def show(job_id: str) -> Answer:
    """Page; with HX-Request the progress part alone, with Accept: application/json the figures."""
    job = queries.find_job(db.session, job_id, actor())
    if request.accept_mimetypes.best == "application/json":
        return jsonify(asdict(job))
    if request.headers.get("HX-Request") == "true":
        return render_template("jobs/_progress.html", job=job)
    return render_template("jobs/show.html", job=job)


@api.get("/jobs/<job_id>")
@require("job:read")
@api.doc(summary="How a job goes", responses=[200])
def api_show(job_id: str) -> Response:
    return jsonify(asdict(queries.find_job(db.session, job_id, actor())))


@pages.post("/jobs/<job_id>/cancel")
@require("job:cancel")
def cancel(job_id: str) -> Answer:
    queries.find_job(db.session, job_id, actor())
    service.cancel(db.session, job_id, now=utc_now())
    db.session.commit()
    flash("The job stops at its next step.", "info")
    return redirect(url_for("jobs.show", job_id=job_id))
