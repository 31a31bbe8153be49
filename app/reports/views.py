"""Pages of the reports: list, one report with filters and preview, files of exactly what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, current_app, render_template, request

from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.errors import Invalid
from app.reports.api import api
from app.reports.catalogue import Entry, entries_for, entry_of, make_report, offers_for
from app.reports.download import download
from app.reports.forms import FilterForm, filter_form, question_of
from app.reports.presets import presets_for
from app.reports.preview import preview
from app.reports.question import Question
from app.security.access import actor, require

pages = Blueprint("reports", __name__, template_folder="templates")


def register(app: Flask) -> None:
    app.register_blueprint(pages)
    app.register_blueprint(api)


def _settings() -> Settings:
    settings: Settings = current_app.config["TANDEM"]
    return settings


def _form(entry: Entry, args: Mapping[str, str], *, opening: bool = False) -> FilterForm:
    """`opening`: a page called without filters begins with a question of its own; a file never does."""
    now = utc_now()
    blank = Question(now=now, at=now, since=now, until=now)
    form = filter_form(args, offers_for(db.session, entry.name, actor(), blank), now=now)
    if opening and not args and entry.name == "lcr":
        form.code.data = "44"
    if opening and not args and entry.name == "deck":
        own = [str(choice[0]) for choice in list(form.product.choices or [])[1:]]
        form.product.data = own[0] if own else ""
    return form


@pages.get("/reports")
@require("report:read")
def index() -> str:
    entries = entries_for(actor())
    return render_template(
        "reports/index.html",
        entries=entries,
        presets={e.name: presets_for(e.name, utc_now()) for e in entries},
    )


@pages.get("/reports/<name>")
@require("report:read")
def show(name: str) -> tuple[str, int] | str:
    entry = entry_of(name, actor())
    form = _form(entry, request.args, opening=True)
    try:
        question = question_of(form, now=utc_now(), filters=entry.filters)
        report = make_report(db.session, _settings(), name, actor(), question)
        found = preview(report, every_column=request.args.get("columns") == "all")
    except Invalid as fault:
        return render_template(
            "reports/report.html", entry=entry, form=form, fault=fault, found=None, asked="", presets=()
        ), 422
    asked = {field: _asked(form, field) for field in entry.filters}
    asked = {field: value for field, value in asked.items() if value}
    return render_template(
        "reports/report.html", entry=entry, form=form, fault=None, found=found, asked=urlencode(asked),
        presets=presets_for(name, utc_now()), every=request.args.get("columns") == "all",
    )  # fmt: skip


def _asked(form: FilterForm, field: str) -> str:
    """A filter as it stood in the query, else the default it took."""
    given = form[field].raw_data or [form[field].data]
    return "" if given[0] is None else str(given[0])


@pages.get("/reports/<name>.<any(csv, xlsx, json):kind>")
@require("report:read")
def file(name: str, kind: str) -> Response:
    entry = entry_of(name, actor())
    now = utc_now()
    question = question_of(_form(entry, request.args), now=now, filters=entry.filters)
    return download(make_report(db.session, _settings(), name, actor(), question), kind, now=now)
