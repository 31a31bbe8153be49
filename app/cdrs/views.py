"""Call records: the list, the sums by day, imports and the quarantine."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from apiflask import APIFlask
from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.cdrs import api as calls_api
from app.cdrs import queries
from app.cdrs.forms import ImportForm, filter_of, import_form
from app.cdrs.queries import CSV_ROWS, PAGE, CallRow, Filter, ImportRow, QuarantineRow, SumRow
from app.cdrs.service.receive_file import receive_file
from app.cdrs.service.settle_quarantine import settle_quarantine
from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.errors import DomainError
from app.jobs.models import Job
from app.security.access import actor, require
from app.web.tables import csv_of, csv_response
from rates.records.faults import WORDS

pages = Blueprint("calls", __name__, template_folder="templates")
Answer = str | Response | tuple[str, int]


def register(app: APIFlask) -> None:
    from app.cdrs import endings  # noqa: F401  (an import that ends before its end)

    app.register_blueprint(pages)
    app.register_blueprint(calls_api.api)


def _settings() -> Settings:
    found: Settings = current_app.config["TANDEM"]
    return found


def _filter() -> Filter:
    newest = queries.newest_day(db.session, actor()) or utc_now().date()
    return filter_of(request.args, newest)


def _page() -> int:
    return max(1, min(request.args.get("page", 1, int), 100_000))


def _list(template: str, rows: list[Any], found: int, f: Filter, page: int) -> str:
    return render_template(
        template, rows=rows, found=found, f=f, words={k: v for k, v in f.words().items() if v}, page=page,
        pages=-(-found // PAGE), totals=queries.totals(db.session, actor(), f), products=queries.products(db.session, actor()),
        waiting=sum(queries.waiting(db.session, actor()).values()), base=_settings().lcr.base_currency,
    )  # fmt: skip


@pages.get("/calls")
@require("call:read")
def index() -> str:
    """Call by call, newest first."""
    f, page = _filter(), _page()
    rows = queries.calls(db.session, actor(), f, page=page)
    return _list("cdrs/calls.html", rows, queries.count(db.session, actor(), f), f, page)


@pages.get("/calls.csv")
@require("call:read")
def index_csv() -> Response:
    """The filtered calls, at most 100,000."""
    return csv_of("calls", queries.calls(db.session, actor(), _filter(), size=CSV_ROWS), CallRow)


@pages.get("/calls/sums")
@require("call:read")
def sums() -> str:
    """Day by buyer, product and code."""
    f, page = _filter(), _page()
    rows = queries.sums(db.session, actor(), f, page=page)
    return _list("cdrs/sums.html", rows, queries.sum_count(db.session, actor(), f), f, page)


@pages.get("/calls/sums.csv")
@require("call:read")
def sums_csv() -> Response:
    """All sums of the filter, at most 100,000 rows."""
    return csv_of("call-sums", queries.sums(db.session, actor(), _filter(), size=CSV_ROWS), SumRow)


@pages.get("/calls/imports")
@require("call:import")
def imports() -> Answer:
    """Files that were sent, and the form that sends one."""
    return _imports(import_form(db.session, actor()))


@pages.get("/calls/imports.csv")
@require("call:import")
def imports_csv() -> Response:
    return csv_of("call-imports", queries.imports(db.session, actor()), ImportRow)


@pages.post("/calls/imports")
@require("call:import")
def send() -> Answer:
    """Take a file; it is imported by a job."""
    form = import_form(db.session, actor())
    if not form.validate_on_submit():
        return _imports(form), 422
    try:
        taken = receive_file(
            db.session, _settings(), actor(), form.file.data.stream, filename=form.file.data.filename or "records",
            way="web", source=form.source.data or "", trunk_id=int(form.trunk.data) if form.trunk.data else None,
            product_id=int(form.product.data) if form.product.data else None, now=utc_now(),
        )  # fmt: skip
    except DomainError as error:
        db.session.rollback()
        form.form_errors.append(" ".join(filter(None, [error.message, error.hint])))
        return _imports(form), error.status
    db.session.commit()
    return redirect(url_for("calls.show_import", import_id=taken.id))


@pages.get("/calls/imports/<int:import_id>")
@require("call:import")
def show_import(import_id: int) -> str:
    """How far an import is, and what it found."""
    taken = queries.own_import(db.session, actor(), import_id)
    return render_template(
        "cdrs/import.html", taken=taken, row=queries.import_row(taken), words=WORDS,
        job=db.session.get(Job, taken.job_id) if taken.job_id else None,
        refused=queries.quarantine(db.session, actor(), import_id=taken.id, limit=100),
    )  # fmt: skip


@pages.get("/calls/quarantine")
@require("call:import")
def quarantine() -> str:
    """Records that were not taken, with why."""
    reason = request.args.get("reason", "")
    return render_template(
        "cdrs/quarantine.html", rows=queries.quarantine(db.session, actor(), reason=reason), reason=reason,
        counts=queries.waiting(db.session, actor()), words=WORDS,
    )  # fmt: skip


@pages.get("/calls/quarantine.csv")
@require("call:import")
def quarantine_csv() -> Response:
    """All that waits, at most 100,000 lines."""
    rows = queries.quarantine(db.session, actor(), reason=request.args.get("reason", ""), limit=CSV_ROWS)
    names = [field.name for field in fields(QuarantineRow)]
    return csv_response("call-quarantine", names, [[getattr(row, name) for name in names] for row in rows])


@pages.post("/calls/quarantine/<int:quarantine_id>/<any(take, drop):decision>")
@require("call:import")
def settle(quarantine_id: int, decision: str) -> Response:
    """Take the record, or lay it aside."""
    try:
        settle_quarantine(
            db.session, _settings(), actor(), quarantine_id, take=decision == "take", now=utc_now()
        )
        db.session.commit()
        flash("Taken; the sums have moved." if decision == "take" else "Laid aside.", "success")
    except DomainError as error:
        db.session.rollback()
        if error.status == 404:
            raise
        flash(" ".join(filter(None, [error.message, error.hint])), "danger")
    return redirect(url_for("calls.quarantine"))


def _imports(form: ImportForm) -> str:
    return render_template("cdrs/imports.html", form=form, rows=queries.imports(db.session, actor()))
