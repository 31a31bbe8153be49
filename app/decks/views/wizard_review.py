"""Steps 4 to 6 of the wizard: what is wrong, what would change, into force."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response, flash, redirect, request, url_for

from app.clock import utc_now
from app.db import db
from app.decks import exports, grids, queries
from app.decks.access import own_deck
from app.decks.falls_back import falls_back
from app.decks.forms import ApproveForm
from app.decks.impact import Answer, impact_of_deck
from app.decks.models import Deck
from app.decks.report import headings_of, report_of
from app.decks.service.accept_problem import BLOCKABLE, accept_problem
from app.decks.service.approve_deck import approve_deck
from app.decks.service.choose_mapping import choose_mapping, options_of, read_options
from app.decks.service.settle_late import settle_late
from app.decks.timelines import LABELS
from app.decks.views.wizard import go_on, may_write, settings, step_page, wizard
from app.errors import DomainError
from app.security.access import actor, require
from rates import problems, schema

REPAIRS = {
    "skip_rows_without_rate": "Leave these rows out", "keep_zero_rates": "These numbers are free: keep 0",
    "skip_zero_rates": "Leave rows with rate 0 out", "accept_suspicious_rates": "The high rates are meant",
    "skip_bad_codes": "Leave these rows out", "skip_negative_rates": "Leave these rows out",
    "round_rates": "Round to 8 decimals", "keep_first_duplicate": "Keep the first of each",
    "keep_last_duplicate": "Keep the last of each", "use_highest_rate": "Use the highest rate",
    "default_increments": "Use the default increments", "skip_bad_dates": "Leave these rows out",
    "skip_expired_rows": "Leave these rows out", "join_spaced_codes": "The parts are one code",
    "join_dashed_codes": "Country and area: 44-207 is 44207",
    "take_remarks_as_notes": "Take these rows at their price",
    "split_spaced_codes": "The parts are a list of codes",
    "skip_unknown_destinations": "Leave these rows out", "strip_area_zero": "Dialled only inside the country: drop the 0",
    "keep_area_zero": "Dialled from abroad too: keep the 0", "restore_zeros": "Put the lost 0 back",
    "keep_codes_as_written": "The codes are right as they are", "join_split_cells": "The parts belong together",
}  # fmt: skip


@wizard.get("/errors")
@require("deck:read")
def errors(deck_id: int) -> Any:
    """Step 4: what is wrong, grouped by cause, and one-click repairs."""
    deck = own_deck(db.session, actor(), deck_id)
    report = report_of(deck)
    chosen = request.args.get("id", "")
    table = grids.open_table(settings(), deck.problems_key, problems.SCHEMA)
    rows = grids.paged(grids.filter_problems(table, problem_id=chosen), request.args.get("page", 1, int))
    return step_page(
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
    return go_on(deck)


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
    return go_on(deck) if deck.state == "checking" else redirect(url_for("deck.errors", deck_id=deck.id))


@wizard.post("/late")
@require("deck:write")
def late(deck_id: int) -> Any:
    """What happens to increases with too short notice: all of them, or one code."""
    settle_late(
        db.session, actor(), deck_id, every=request.form.get("all", ""), codes=request.form.getlist("code"),
        choice=request.form.get("choice", ""), now=utc_now(),
    )  # fmt: skip
    db.session.commit()
    return go_on(own_deck(db.session, actor(), deck_id))


@wizard.get("/problems.csv")
@require("deck:read")
def problems_csv(deck_id: int) -> Response:
    """The bad rows, each with the reason and all its cells."""
    deck = own_deck(db.session, actor(), deck_id)
    table = grids.open_table(settings(), deck.problems_key, problems.SCHEMA)
    table = grids.filter_problems(table, problem_id=request.args.get("id", ""))
    return _download(exports.bad_rows(table, headings_of(deck)), f"deck-{deck.id}-problems.csv")


@wizard.get("/review")
@require("deck:read")
def review(deck_id: int) -> Any:
    """Step 5: what would change, with the tiles as filters."""
    deck = own_deck(db.session, actor(), deck_id)
    report = report_of(deck)
    table = grids.open_table(settings(), deck.diff_key, schema.DIFF)
    label, q = request.args.get("label", ""), request.args.get("q", "")
    sort = request.args.get("sort", "code")
    rows = grids.paged(
        grids.filter_diff(table, label=label, q=q, sort=sort), request.args.get("page", 1, int)
    )
    labels = report.labels if report else {}
    tiles = [(name, labels.get(name, 0)) for name in LABELS if name in LABELS[:5] or labels.get(name)]
    tiles += [(name, count) for name, count in labels.items() if name not in LABELS and count]
    editable = deck.state in ("review", "rejected") and "deck:write" in actor().permissions
    return step_page(
        "decks/review.html", deck, report, "review", rows=rows, tiles=tiles, sort=sort, label=label, q=q,
        late_editable=editable, falls=falls_back(table),
    )  # fmt: skip


@wizard.get("/diff.csv")
@require("deck:read")
def diff_csv(deck_id: int) -> Response:
    """The comparison as shown, whole."""
    deck = own_deck(db.session, actor(), deck_id)
    table = grids.open_table(settings(), deck.diff_key, schema.DIFF)
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
    if request.method == "POST" and may_write("deck:approve") and form.validate_on_submit():
        done = approve_deck(
            db.session, actor(), deck_id, settings=settings(), note=form.note.data or "", now=utc_now()
        )
        db.session.commit()
        if done.outcome == "seconding":
            flash("Your approval is noted. A second person must agree before the deck applies.", "info")
        elif done.outcome == "rechecking":
            flash(
                "The product has a newer version by now; the deck is being compared with that one.", "warning"
            )
        return go_on(deck)
    made = queries.version_made_by(db.session, deck.id)
    return step_page(
        "decks/approve.html", deck, report_of(deck), "approve", 422 if form.errors else 200, form=form,
        rule=made.rule if made else "", falls=falls_back(grids.open_table(settings(), deck.diff_key, schema.DIFF)),
        late=_late_counts(deck), answer=_impact(deck), version=queries.version_of_deck(db.session, deck.id),
        seconded_by=queries.email_of(db.session, deck.seconded_by),
        approved_by=queries.email_of(db.session, deck.approved_by),
    )  # fmt: skip


def _late_counts(deck: Deck) -> dict[str, int]:
    """Decision -> increases with too short notice."""
    table = grids.open_table(settings(), deck.diff_key, schema.DIFF)
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
        return impact_of_deck(db.session, settings(), actor(), deck, now=utc_now())
    except DomainError:
        return None


def _download(body: Any, name: str) -> Response:
    return Response(
        body, mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
