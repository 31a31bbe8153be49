"""Money impact of a deck, and the traffic of a product that it is worked out on."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for

from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.decks import queries
from app.decks.access import own_deck, own_product
from app.decks.impact import WINDOWS, Answer, csv_lines, impact_of_deck
from app.decks.models import Deck
from app.decks.report import report_of
from app.decks.service.import_traffic import import_traffic
from app.decks.service.keep_profile import keep_profile
from app.decks.steps import asking, steps_of
from app.errors import DomainError, Invalid
from app.security.access import actor, require
from app.web.tables import csv_response

impact = Blueprint("deck_impact", __name__, template_folder="../templates")
TRAFFIC_BYTES = 64 * 2**20


def settings() -> Settings:
    found: Settings = current_app.config["TANDEM"]
    return found


def answer_for(deck: Deck) -> Answer:
    """What the query string asks about this deck."""
    return impact_of_deck(
        db.session, settings(), actor(), deck, now=utc_now(), days=request.args.get("days", 30, int),
        card_id=request.args.get("card", None, int), buyer_id=request.args.get("buyer", None, int),
    )  # fmt: skip


@impact.get("/decks/<int:deck_id>/impact")
@require("deck:read")
def show(deck_id: int) -> Any:
    """Old cost, new cost, delta and margin by destination."""
    deck = own_deck(db.session, actor(), deck_id)
    report = report_of(deck)
    return render_template(
        "decks/impact.html", deck=deck, report=report, here="impact", steps=steps_of(deck, report, "review"),
        asking=asking(report), answer=answer_for(deck), windows=WINDOWS, profile=profile_text(deck),
    )  # fmt: skip


@impact.get("/decks/<int:deck_id>/impact.csv")
@require("deck:read")
def csv_file(deck_id: int) -> Response:
    """The same figures as CSV."""
    deck = own_deck(db.session, actor(), deck_id)
    headers = {"Content-Disposition": f'attachment; filename="deck-{deck.id}-impact.csv"'}
    return Response(csv_lines(answer_for(deck)), mimetype="text/csv", headers=headers)


@impact.post("/decks/<int:deck_id>/profile")
@require("deck:write")
def profile(deck_id: int) -> Any:
    """Keep a pasted traffic profile, or go back to recorded traffic."""
    own_deck(db.session, actor(), deck_id)
    try:
        keep_profile(db.session, actor(), deck_id, request.form.get("profile", ""), now=utc_now())
        db.session.commit()
    except Invalid as fault:
        db.session.rollback()
        flash(f"{fault.message} {fault.hint or ''}", "danger")
    return redirect(url_for("deck_impact.show", deck_id=deck_id))


def profile_text(deck: Deck) -> str:
    """The kept profile as it can be edited again."""
    lines = []
    for line in deck.profile:
        minutes = (
            f"{line['seconds'] // 60}"
            if line["seconds"] % 60 == 0
            else f"{line['seconds'] / 60:.6f}".rstrip("0")
        )
        cells = [
            str(line["what"]),
            minutes,
            "" if line.get("calls") is None else str(line["calls"]),
            line.get("sell") or "",
        ]
        while not cells[-1]:
            cells.pop()
        lines.append("\t".join(cells))
    return "\n".join(lines)


@impact.route("/products/<int:product_id>/traffic", methods=["GET", "POST"])
@require("deck:read")
def traffic(product_id: int) -> Any:
    """Recorded traffic by day, and the form that imports it."""
    product = own_product(db.session, actor(), product_id)
    fault = ""
    if request.method == "POST":
        require("deck:write")(lambda: True)()
        upload = request.files.get("file")
        try:
            if upload is None or not upload.filename:
                raise Invalid("Choose a file.", hint="A CSV with day, code, calls, minutes; or call records.")
            content = upload.stream.read(TRAFFIC_BYTES + 1)
            if len(content) > TRAFFIC_BYTES:
                raise Invalid("The file is larger than 64 MiB.", hint="Aggregate by day and code first.")
            done = import_traffic(
                db.session,
                actor(),
                product,
                content.decode("utf-8", "replace"),
                settings=settings(),
                now=utc_now(),
            )
            db.session.commit()
        except DomainError as refusal:
            db.session.rollback()
            fault = f"{refusal.message} {refusal.hint or ''}"
        else:
            left = (
                f" {done.left_out:,} records without answer or number were left out." if done.left_out else ""
            )
            flash(
                f"Taken: {done.calls:,} calls in {done.rows:,} rows, {done.first} to {done.last}.{left}",
                "success",
            )
            return redirect(url_for("deck_impact.traffic", product_id=product_id))
    page = render_template(
        "decks/traffic.html", product=product, days=queries.traffic_days(db.session, product.id), fault=fault
    )
    return page, 422 if fault else 200


@impact.get("/products/<int:product_id>/traffic.csv")
@require("deck:read")
def traffic_csv(product_id: int) -> Response:
    """Recorded traffic by day, as the page shows it; seconds instead of rounded minutes."""
    product = own_product(db.session, actor(), product_id)
    days = queries.traffic_days(db.session, product.id)
    rows = [(line.day, line.codes, line.calls, line.seconds) for line in days]
    return csv_response(f"traffic-{product.id}", ("day", "codes", "answered_calls", "seconds"), rows)
