"""The six steps of one deck. Thin: read the form, call the verb, go to the step that asks next."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)

from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.decks import exports, grids, queries
from app.decks.access import own_deck
from app.decks.forms import ApproveForm, ColumnsForm, SheetForm, TermsForm
from app.decks.impact import Answer, impact_of_deck
from app.decks.models import Deck, DeckTemplate
from app.decks.report import headings_of, report_of
from app.decks.service.accept_problem import BLOCKABLE, accept_problem
from app.decks.service.approve_deck import approve_deck
from app.decks.service.choose_mapping import choose_mapping, options_of, read_options
from app.decks.service.discard_deck import discard_deck
from app.decks.service.save_template import save_template
from app.decks.service.settle_late import settle_late
from app.decks.service.start_check import start_check
from app.decks.steps import asking, current_step, steps_of
from app.decks.timelines import LABELS
from app.decks.views.choices import sheet_chips
from app.decks.views.sheets import KIND_NAMES, mapped_tables, sheet_rows, with_kinds, with_mapping
from app.errors import DomainError
from app.jobs.service import cancel
from app.security.access import actor, require
from rates import fields, problems, schema
from rates.deckcheck import CheckReport
from rates.options import DeckOptions

wizard = Blueprint("deck", __name__, url_prefix="/decks/<int:deck_id>", template_folder="../templates")
REPAIRS = {
    "skip_rows_without_rate": "Leave these rows out", "keep_zero_rates": "These numbers are free: keep 0",
    "skip_zero_rates": "Leave rows with rate 0 out", "accept_suspicious_rates": "The high rates are meant",
    "skip_bad_codes": "Leave these rows out", "skip_negative_rates": "Leave these rows out",
    "round_rates": "Round to 8 decimals", "keep_first_duplicate": "Keep the first of each",
    "keep_last_duplicate": "Keep the last of each", "use_highest_rate": "Use the highest rate",
    "default_increments": "Use the default increments", "skip_bad_dates": "Leave these rows out",
    "skip_expired_rows": "Leave these rows out", "join_spaced_codes": "The parts are one code",
    "split_spaced_codes": "The parts are a list of codes",
    "skip_unknown_destinations": "Leave these rows out", "strip_area_zero": "Dialled only inside the country: drop the 0",
    "keep_area_zero": "Dialled from abroad too: keep the 0", "restore_zeros": "Put the lost 0 back",
    "keep_codes_as_written": "The codes are right as they are", "join_split_cells": "The parts belong together",
}  # fmt: skip


def _settings() -> Settings:
    settings: Settings = current_app.config["TANDEM"]
    return settings


def _page(
    template: str, deck: Deck, report: CheckReport | None, here: str, status: int = 200, **more: Any
) -> Any:
    """The step's page, or the progress page while the file is being checked."""
    if deck.state in ("received", "checking"):
        body = render_template(
            "decks/checking.html", deck=deck, progress=queries.check_progress(db.session, deck),
            steps=steps_of(deck, None, "file"),
        )  # fmt: skip
        return Response(body, headers={"Refresh": "3"})
    return render_template(
        template, deck=deck, report=report, here=here, steps=steps_of(deck, report, here), asking=asking(report),
        options=options_of(deck), **more,
    ), status  # fmt: skip


def _go(deck: Deck) -> Any:
    return redirect(url_for("deck.show", deck_id=deck.id))


@wizard.get("")
@require("deck:read")
def show(deck_id: int) -> Any:
    """Opens the step that needs a person."""
    deck = own_deck(db.session, actor(), deck_id)
    report = report_of(deck)
    if request.args.get("again"):
        flash("This file was received before: this is the deck it became.", "info")
    if deck.state in ("received", "checking"):
        return _page("", deck, report, "file")
    return redirect(url_for(f"deck.{current_step(deck, report)}", deck_id=deck.id))


@wizard.get("/status")
@require("deck:read")
def status(deck_id: int) -> Any:
    """Progress for the bar: state, phase, done, total, and where to go once it has ended."""
    deck = own_deck(db.session, actor(), deck_id)
    busy = deck.state in ("received", "checking")
    found = queries.check_progress(db.session, deck) if busy else None
    return jsonify(
        state=deck.state, phase=found.phase if found else "", done=found.done if found else 0,
        total=found.total if found else 0, location=None if busy else url_for("deck.show", deck_id=deck.id),
    )  # fmt: skip


@wizard.route("/file", methods=["GET", "POST"])
@require("deck:read")
def file(deck_id: int) -> Any:
    """Step 1: what was received, and what the sender states about it."""
    deck = own_deck(db.session, actor(), deck_id)
    report = report_of(deck)
    form = TermsForm()
    if request.method == "GET":
        form.show(options_of(deck))
    elif _may_write() and form.validate_on_submit():
        choose_mapping(db.session, actor(), deck_id, form.apply(options_of(deck)), now=utc_now())
        db.session.commit()
        return _go(deck)
    template = db.session.get(DeckTemplate, deck.template_id) if deck.template_id else None
    return _page(
        "decks/file.html", deck, report, "file", 422 if form.errors else 200, form=form, offered=template,
        uploaded_by=queries.email_of(db.session, deck.uploaded_by), arrival=queries.arrival_of(db.session, deck.id),
    )  # fmt: skip


@wizard.route("/sheet", methods=["GET", "POST"])
@require("deck:read")
def sheet(deck_id: int) -> Any:
    """Step 2: tabs, first and last rows, the header row, and how text is read."""
    deck = own_deck(db.session, actor(), deck_id)
    report = report_of(deck)
    form = SheetForm()
    if request.method == "POST" and _may_write() and form.validate_on_submit():
        options = with_kinds(form.apply(options_of(deck)), report, request.form)
        choose_mapping(db.session, actor(), deck_id, options, now=utc_now())
        db.session.commit()
        return _go(deck)
    chips = sheet_chips(report) if report else []
    return _page(
        "decks/sheet.html",
        deck,
        report,
        "sheet",
        422 if form.errors else 200,
        form=form,
        chips=chips,
        kind_names=KIND_NAMES,
        sheets=sheet_rows(report),
    )


@wizard.route("/columns", methods=["GET", "POST"])
@require("deck:read")
def columns(deck_id: int) -> Any:
    """Step 3: what each column holds."""
    deck = own_deck(db.session, actor(), deck_id)
    report = report_of(deck)
    form = ColumnsForm()
    options = options_of(deck)
    if request.method == "GET":
        form.currency.data, form.rate_unit.data = options.defaults.currency, options.rate_unit or ""
        form.initial_increment.data = options.defaults.initial_increment
        form.next_increment.data = options.defaults.next_increment
        form.connect_fee.data = (
            Decimal(options.defaults.connect_fee) if options.defaults.connect_fee else None
        )
        form.money_unit.data, form.tier.data = options.money_unit or "", options.tier or ""
        form.codes_from.data = options.codes_from or ""
    elif _may_write() and form.validate_on_submit():
        choose_mapping(db.session, actor(), deck_id, _mapped(options, form, report), now=utc_now())
        db.session.commit()
        return _go(deck)
    return _page(
        "decks/columns.html", deck, report, "columns", 422 if form.errors else 200, form=form,
        field_labels=fields.LABELS, label_of=fields.label_of, tables=mapped_tables(report),
    )  # fmt: skip


def _mapped(options: DeckOptions, form: ColumnsForm, report: CheckReport | None) -> DeckOptions:
    fee = form.connect_fee.data
    defaults = msgspec.structs.replace(
        options.defaults, currency=form.currency.data.upper() if form.currency.data else None,
        initial_increment=form.initial_increment.data, next_increment=form.next_increment.data,
        connect_fee=None if fee is None else f"{fee:f}",
    )  # fmt: skip
    stated = msgspec.structs.replace(
        options, headers=None, rate_unit=form.rate_unit.data or None, money_unit=form.money_unit.data or None,
        tier=form.tier.data or None, codes_from=form.codes_from.data or None, defaults=defaults,
    )  # fmt: skip
    return with_mapping(stated, report, request.form)


@wizard.get("/errors")
@require("deck:read")
def errors(deck_id: int) -> Any:
    """Step 4: what is wrong, grouped by cause, and one-click repairs."""
    deck = own_deck(db.session, actor(), deck_id)
    report = report_of(deck)
    chosen = request.args.get("id", "")
    table = grids.open_table(_settings(), deck.problems_key, problems.SCHEMA)
    rows = grids.paged(grids.filter_problems(table, problem_id=chosen), request.args.get("page", 1, int))
    return _page(
        "decks/errors.html",
        deck,
        report,
        "errors",
        rows=rows,
        chosen=chosen,
        repairs=REPAIRS,
        acceptable=BLOCKABLE,
    )


@wizard.post("/repair")
@require("deck:write")
def repair(deck_id: int) -> Any:
    """Choose or take back a repair; the file is checked again."""
    deck = own_deck(db.session, actor(), deck_id)
    options = options_of(deck)
    wanted, undo = request.form.get("repair", ""), request.form.get("undo", "")
    kept: list[str] = [name for name in options.repairs if name != undo]
    if wanted and wanted not in kept:
        kept.append(wanted)
    values = {**msgspec.to_builtins(options, str_keys=True), "repairs": kept}
    choose_mapping(db.session, actor(), deck_id, read_options(values), now=utc_now())
    db.session.commit()
    return _go(deck)


@wizard.post("/accept-warning")
@require("deck:write")
def accept_warning(deck_id: int) -> Any:
    """Mark a warning as read, or take it back; a blocking sanity check that is meant is checked again without blocking."""
    accept_problem(
        db.session,
        actor(),
        deck_id,
        request.form.get("accept", ""),
        undo=request.form.get("undo", ""),
        now=utc_now(),
    )
    db.session.commit()
    deck = own_deck(db.session, actor(), deck_id)
    return _go(deck) if deck.state == "checking" else redirect(url_for("deck.errors", deck_id=deck.id))


@wizard.post("/late")
@require("deck:write")
def late(deck_id: int) -> Any:
    """What happens to increases with too short notice: all of them, or one code."""
    settle_late(
        db.session, actor(), deck_id, every=request.form.get("all", ""), codes=request.form.getlist("code"),
        choice=request.form.get("choice", ""), now=utc_now(),
    )  # fmt: skip
    db.session.commit()
    return _go(own_deck(db.session, actor(), deck_id))


@wizard.get("/problems.csv")
@require("deck:read")
def problems_csv(deck_id: int) -> Response:
    """The bad rows, each with the reason and all its cells."""
    deck = own_deck(db.session, actor(), deck_id)
    table = grids.open_table(_settings(), deck.problems_key, problems.SCHEMA)
    table = grids.filter_problems(table, problem_id=request.args.get("id", ""))
    return _download(exports.bad_rows(table, headings_of(deck)), f"deck-{deck.id}-problems.csv")


@wizard.get("/review")
@require("deck:read")
def review(deck_id: int) -> Any:
    """Step 5: what would change, with the tiles as filters."""
    deck = own_deck(db.session, actor(), deck_id)
    report = report_of(deck)
    table = grids.open_table(_settings(), deck.diff_key, schema.DIFF)
    label, q = request.args.get("label", ""), request.args.get("q", "")
    sort = request.args.get("sort", "code")
    rows = grids.paged(
        grids.filter_diff(table, label=label, q=q, sort=sort), request.args.get("page", 1, int)
    )
    labels = report.labels if report else {}
    tiles = [(name, labels.get(name, 0)) for name in LABELS if name in LABELS[:5] or labels.get(name)]
    tiles += [(name, count) for name, count in labels.items() if name not in LABELS and count]
    editable = deck.state in ("review", "rejected") and "deck:write" in actor().permissions
    return _page(
        "decks/review.html", deck, report, "review", rows=rows, tiles=tiles, sort=sort, label=label, q=q,
        late_editable=editable,
    )  # fmt: skip


@wizard.get("/diff.csv")
@require("deck:read")
def diff_csv(deck_id: int) -> Response:
    """The comparison as shown, whole."""
    deck = own_deck(db.session, actor(), deck_id)
    table = grids.open_table(_settings(), deck.diff_key, schema.DIFF)
    table = grids.filter_diff(table, label=request.args.get("label", ""), q=request.args.get("q", ""))
    if "destination" not in table.column_names:
        table = table.append_column("destination", table["destination_new"])
    return _download(exports.csv_rows(table, exports.DIFF_COLUMNS), f"deck-{deck.id}-changes.csv")


@wizard.route("/approve", methods=["GET", "POST"])
@require("deck:read")
def approve(deck_id: int) -> Any:
    """Step 6: into force."""
    deck = own_deck(db.session, actor(), deck_id)
    form = ApproveForm()
    if request.method == "POST" and _may_write("deck:approve") and form.validate_on_submit():
        done = approve_deck(
            db.session, actor(), deck_id, settings=_settings(), note=form.note.data or "", now=utc_now()
        )
        db.session.commit()
        if done.outcome == "seconding":
            flash("Your approval is noted. A second person must agree before the deck applies.", "info")
        elif done.outcome == "rechecking":
            flash(
                "The product has a newer version by now; the deck is being compared with that one.", "warning"
            )
        return _go(deck)
    made = queries.version_made_by(db.session, deck.id)
    return _page(
        "decks/approve.html", deck, report_of(deck), "approve", 422 if form.errors else 200, form=form,
        rule=made.rule if made else "", late=_late_counts(deck), answer=_impact(deck), version=queries.version_of_deck(db.session, deck.id),
        seconded_by=queries.email_of(db.session, deck.seconded_by),
        approved_by=queries.email_of(db.session, deck.approved_by),
    )  # fmt: skip


def _late_counts(deck: Deck) -> dict[str, int]:
    """Decision -> increases with too short notice."""
    table = grids.open_table(_settings(), deck.diff_key, schema.DIFF)
    codes = grids.filter_diff(table, label="LATE")["code"].to_pylist()
    options = options_of(deck)
    found: dict[str, int] = {}
    for code in codes:
        choice = options.late_codes.get(code, options.late)
        found[choice] = found.get(choice, 0) + 1
    return found


def _impact(deck: Deck) -> Answer | None:
    """The money in one line; what cannot be priced is no reason to hide the approval."""
    if deck.state != "review":
        return None
    try:
        return impact_of_deck(db.session, _settings(), actor(), deck, now=utc_now())
    except DomainError:
        return None


@wizard.post("/template")
@require("deck:write")
def keep_template(deck_id: int) -> Any:
    """Remember columns and reading options for files of this shape."""
    deck = own_deck(db.session, actor(), deck_id, lock=True)
    report = report_of(deck)
    kept = (
        save_template(db.session, deck, report, name=request.form.get("name", "")[:120], now=utc_now())
        if report
        else None
    )
    db.session.commit()
    flash("Kept: the next file of this shape is read the same way." if kept else "The file has no header to know it by.",
          "success" if kept else "warning")  # fmt: skip
    return redirect(url_for("deck.columns", deck_id=deck.id))


@wizard.post("/check")
@require("deck:write")
def check(deck_id: int) -> Any:
    """Check again."""
    deck = own_deck(db.session, actor(), deck_id, lock=True)
    start_check(db.session, actor(), deck, now=utc_now())
    db.session.commit()
    return _go(deck)


@wizard.post("/cancel")
@require("deck:write")
def stop(deck_id: int) -> Any:
    """Stop the running check."""
    deck = own_deck(db.session, actor(), deck_id, lock=True)
    if deck.state == "checking" and deck.job_id:
        job = cancel(db.session, deck.job_id, now=utc_now())
        if job.state == "cancelled":
            deck.state, deck.error = "failed", "The check was cancelled."
    db.session.commit()
    return _go(deck)


@wizard.post("/discard")
@require("deck:write")
def discard(deck_id: int) -> Any:
    """Lay the deck aside."""
    deck = discard_deck(db.session, actor(), deck_id, now=utc_now())
    db.session.commit()
    flash(f"{deck.filename} was discarded. Nothing of it came into force.", "info")
    return redirect(url_for("decks.inbox"))


@wizard.get("/original")
@require("deck:read")
def original(deck_id: int) -> Response:
    """The bytes as received."""
    deck = own_deck(db.session, actor(), deck_id)
    return send_file(
        _settings().files_dir / deck.file_key, as_attachment=True, download_name=deck.filename,
        mimetype="application/octet-stream",
    )  # fmt: skip


def _download(body: Any, name: str) -> Response:
    return Response(
        body, mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _may_write(permission: str = "deck:write") -> bool:
    """The page may be read with deck:read; sending it needs more. Raises Forbidden."""
    return bool(require(permission)(lambda: True)())
