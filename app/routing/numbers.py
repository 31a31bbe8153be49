"""The operator's page of files about numbers: number blocks of North America, ported numbers."""

from __future__ import annotations

import tempfile
from pathlib import Path

import sqlalchemy as sa
from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import SelectField, StringField
from wtforms.validators import Length, Optional

from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.errors import DomainError, Invalid
from app.routing.models import NumberFile
from app.routing.service.import_numbers import KINDS, import_numbers
from app.security.access import actor, require
from app.web.tables import csv_response
from rates.store import Store

pages = Blueprint("numbers", __name__, template_folder="templates")


class NumberFileForm(FlaskForm):  # type: ignore[misc]
    kind = SelectField("What it holds", choices=list(KINDS.items()))
    file = FileField("CSV file", [FileRequired("Choose a file.")])
    columns = StringField(
        "Columns",
        [Optional(), Length(max=400)],
        description="Only where the headings do not tell, for example state=1 npa_nxx=2 rate_centre=3.",
    )


@pages.route("/operator/numbers", methods=["GET", "POST"])
@require("operator")
def index() -> ResponseReturnValue:
    form = NumberFileForm()
    if form.validate_on_submit():
        try:
            found = _import(form)
        except DomainError as fault:
            db.session.rollback()
            form.form_errors.append(f"{fault.message} {fault.hint or ''}")
        else:
            db.session.commit()
            left = f"; {found.skipped} lines left out" if found.skipped else ""
            flash(
                f"{found.rows} {KINDS[found.kind]} from {found.source} are in force shortly{left}.", "success"
            )
            return redirect(url_for("numbers.index"))
    files = db.session.scalars(sa.select(NumberFile).order_by(NumberFile.id.desc()).limit(20)).all()
    in_force = {kind: next((f.id for f in files if f.kind == kind), None) for kind in KINDS}
    page = render_template("routing/numbers.html", form=form, files=files, kinds=KINDS, in_force=in_force)
    return page, 422 if form.is_submitted() else 200


@pages.get("/operator/numbers.csv")
@require("operator")
def index_csv() -> ResponseReturnValue:
    """Every file imported, and which are in force."""
    files = db.session.scalars(sa.select(NumberFile).order_by(NumberFile.id.desc()).limit(10_000)).all()
    first: dict[str, int] = {}
    for file in files:
        first.setdefault(file.kind, file.id)
    rows = [
        (f.source, KINDS[f.kind], f.rows, f.skipped, f.created_at, "yes" if first[f.kind] == f.id else "no")
        for f in files
    ]
    header = ("file", "holds", "lines", "left_out", "imported_at_utc", "in_force")
    return csv_response("number-files", header, rows)


def _import(form: NumberFileForm) -> NumberFile:
    settings: Settings = current_app.config["TANDEM"]
    pairs = dict(part.partition("=")[::2] for part in (form.columns.data or "").split())
    if any(not column for column in pairs.values()):
        raise Invalid(
            "Columns are FIELD=PLACE or FIELD=HEADING.", hint="For example npa_nxx=2.", field="columns"
        )
    upload = request.files["file"]
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "upload.csv"
        upload.save(path)
        return import_numbers(
            db.session, actor(), form.kind.data, path, root=settings.snapshot_dir,
            store=Store(str(settings.store_dir)),
            source=Path(upload.filename or "upload").name, columns=pairs or None, now=utc_now(),
        )  # fmt: skip
