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
from app.decks import queries
from app.decks.access import own_deck
from app.decks.forms import ColumnsForm, SheetForm, TermsForm
from app.decks.models import Deck, DeckTemplate
from app.decks.remembered import remembered_of
from app.decks.report import report_of
from app.decks.service.ask_again import ask_again
from app.decks.service.choose_mapping import choose_mapping, options_of
from app.decks.service.discard_deck import discard_deck
from app.decks.service.save_template import save_template
from app.decks.service.start_check import start_check
from app.decks.steps import asking, current_step, steps_of
from app.decks.views.choices import sheet_chips
from app.decks.views.sheets import KIND_NAMES, mapped_tables, sheet_rows, with_kinds, with_mapping
from app.jobs.service import cancel
from app.security.access import actor, require
from rates import fields
from rates.deckcheck import CheckReport
from rates.options import DeckOptions

wizard = Blueprint("deck", __name__, url_prefix="/decks/<int:deck_id>", template_folder="../templates")


def settings() -> Settings:
    settings: Settings = current_app.config["TANDEM"]
    return settings


def step_page(
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
        options=options_of(deck), remembered=remembered_of(db.session, deck), **more,
    ), status  # fmt: skip


def go_on(deck: Deck) -> Any:
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
        return step_page("", deck, report, "file")
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
    elif may_write() and form.validate_on_submit():
        choose_mapping(db.session, actor(), deck_id, form.apply(options_of(deck)), now=utc_now())
        db.session.commit()
        return go_on(deck)
    template = db.session.get(DeckTemplate, deck.template_id) if deck.template_id else None
    return step_page(
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
    if request.method == "POST" and may_write() and form.validate_on_submit():
        options = with_kinds(form.apply(options_of(deck)), report, request.form)
        choose_mapping(db.session, actor(), deck_id, options, now=utc_now())
        db.session.commit()
        return go_on(deck)
    chips = sheet_chips(report) if report else []
    return step_page(
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
    elif may_write() and form.validate_on_submit():
        choose_mapping(db.session, actor(), deck_id, mapped(options, form, report), now=utc_now())
        db.session.commit()
        return go_on(deck)
    return step_page(
        "decks/columns.html", deck, report, "columns", 422 if form.errors else 200, form=form,
        field_labels=fields.LABELS, label_of=fields.label_of, tables=mapped_tables(report),
    )  # fmt: skip


def mapped(options: DeckOptions, form: ColumnsForm, report: CheckReport | None) -> DeckOptions:
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


@wizard.post("/template")
@require("deck:write")
def keep_template(deck_id: int) -> Any:
    """Remember columns and reading options for files of this shape."""
    deck = own_deck(db.session, actor(), deck_id, lock=True)
    report = report_of(deck)
    kept = (
        save_template(
            db.session,
            deck,
            report,
            name=request.form.get("name", "")[:120],
            by=actor().user_id,
            now=utc_now(),
        )
        if report
        else None
    )
    db.session.commit()
    flash("Kept: the next file of this shape is read the same way." if kept else "The file has no header to know it by.",
          "success" if kept else "warning")  # fmt: skip
    return redirect(url_for("deck.columns", deck_id=deck.id))


@wizard.post("/ask-again")
@require("deck:write")
def forget_remembered(deck_id: int) -> Any:
    """What was remembered from an earlier file is asked for this one."""
    deck = ask_again(db.session, actor(), deck_id, request.form.get("what", ""), now=utc_now())
    db.session.commit()
    return go_on(deck)


@wizard.post("/check")
@require("deck:write")
def check(deck_id: int) -> Any:
    """Check again."""
    deck = own_deck(db.session, actor(), deck_id, lock=True)
    start_check(db.session, actor(), deck, now=utc_now())
    db.session.commit()
    return go_on(deck)


@wizard.post("/cancel")
@require("deck:write")
def stop(deck_id: int) -> Any:
    """Stop the running check."""
    deck = own_deck(db.session, actor(), deck_id, lock=True)
    if deck.state == "checking" and deck.job_id:
        cancel(db.session, deck.job_id, now=utc_now())
    db.session.commit()
    return go_on(deck)


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
        settings().files_dir / deck.file_key, as_attachment=True, download_name=deck.filename,
        mimetype="application/octet-stream",
    )  # fmt: skip


def may_write(permission: str = "deck:write") -> bool:
    """The page may be read with deck:read; sending it needs more. Raises Forbidden."""
    return bool(require(permission)(lambda: True)())
