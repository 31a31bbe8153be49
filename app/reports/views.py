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


def _form(entry: Entry, args: Mapping[str, str]) -> FilterForm:
    now = utc_now()
    blank = Question(now=now, at=now, since=now, until=now)
    form = filter_form(args, offers_for(db.session, entry.name, actor(), blank), now=now)
    if not args and entry.name == "lcr":
        form.code.data = "44"
    if not args and entry.name == "deck":
        own = form.product.choices or []
        form.product.data = own[1][0] if len(own) > 1 else ""
    return form


@pages.get("/reports")
@require("report:read")
def index() -> str:
    entries = entries_for(actor())
    return render_template("reports/index.html", entries=entries, presets={e.name: presets_for(e.name, utc_now()) for e in entries})


@pages.get("/reports/<name>")
@require("report:read")
def show(name: str) -> tuple[str, int] | str:
    entry = entry_of(name, actor())
    form = _form(entry, request.args)
    try:
        question = question_of(form, now=utc_now(), filters=entry.filters)
        report = make_report(db.session, _settings(), name, actor(), question)
        found = preview(report, every_column=request.args.get("columns") == "all")
    except Invalid as fault:
        return render_template("reports/report.html", entry=entry, form=form, fault=fault, found=None, asked="", presets=()), 422
    asked = {field: str(form[field].raw_data[0] if form[field].raw_data else _default(form, field)) for field in entry.filters}
    asked = {field: value for field, value in asked.items() if value}
    return render_template(
        "reports/report.html", entry=entry, form=form, fault=None, found=found, asked=urlencode(asked),
        presets=presets_for(name, utc_now()), every=request.args.get("columns") == "all",
    )  # fmt: skip


def _default(form: FilterForm, field: str) -> str:
    value = form[field].data
    return "" if value is None else str(value)


@pages.get("/reports/<name>.<any(csv, xlsx, json):kind>")
@require("report:read")
def file(name: str, kind: str) -> Response:
    entry = entry_of(name, actor())
    now = utc_now()
    question = question_of(_form(entry, request.args), now=now, filters=entry.filters)
    return download(make_report(db.session, _settings(), name, actor(), question), kind, now=now)
