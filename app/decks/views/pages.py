"""Inbox of decks and the upload page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, jsonify, redirect, render_template, request, url_for

from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.decks import queries
from app.decks.access import own_product
from app.decks.forms import UploadForm
from app.decks.service.receive_deck import receive_deck
from app.errors import DomainError
from app.security.access import actor, require
from rates.options import DeckOptions

pages = Blueprint("decks", __name__, template_folder="../templates")


@pages.teardown_request
def close_uploads(_fault: BaseException | None) -> None:
    """Large uploads lie in a temporary file until they are closed."""
    request.close()


@pages.get("/decks")
@require("deck:read")
def inbox() -> str:
    """All decks of the company in one list."""
    state, q = request.args.get("state", ""), request.args.get("q", "")
    found = queries.inbox(db.session, actor(), state=state, q=q, page=request.args.get("page", 1, int))
    first = found.page == 1
    waiting = queries.waiting_arrivals(db.session, actor(), state=state, q=q) if first else []
    if not state and not any(one.state == "quarantined" for one in waiting):
        waiting = waiting[:3]  # refused and dropped ones only under their own chips, but the newest
    return render_template(
        "decks/inbox.html", inbox=found, state=state, q=q, waiting=waiting, products=queries.products(db.session, actor()),
        open_states=(*queries.OPEN_STATES, "quarantined"),
    )  # fmt: skip


@pages.route("/decks/new", methods=["GET", "POST"])
@require("deck:write")
def new() -> Any:
    """Step 1: choose a file and say what it is. The page sends it in the background and shows both bars."""
    settings: Settings = current_app.config["TANDEM"]
    lines = queries.products(db.session, actor())
    form = UploadForm()
    form.product.choices = [(p.id, f"{p.carrier} · {p.name} ({p.currency})") for p in lines]
    if request.method == "GET":
        form.product.data = request.args.get("product", None, int) or (
            lines[0].id if len(lines) == 1 else None
        )
        form.starts.data = "rows"
    if not form.validate_on_submit():
        status = 422 if request.method == "POST" else 200
        if status == 422 and wants_json():
            return jsonify(errors=form.errors), 422
        return render_template(
            "decks/new.html", form=form, products=lines, limit=settings.web.max_upload_bytes
        ), status
    try:
        received = receive_deck(
            db.session, actor(), own_product(db.session, actor(), form.product.data), form.file.data.stream,
            form.file.data.filename or "", options=form.apply(DeckOptions()), source="web", settings=settings,
            now=utc_now(),
        )  # fmt: skip
        db.session.commit()
    except DomainError as fault:
        db.session.rollback()
        if wants_json():
            return jsonify(errors={"file": [f"{fault.message} {fault.hint or ''}"]}), fault.status
        form.file.errors = [*form.file.errors, f"{fault.message} {fault.hint or ''}"]
        page = render_template(
            "decks/new.html", form=form, products=lines, limit=settings.web.max_upload_bytes
        )
        return page, fault.status
    where = url_for("deck.show", deck_id=received.deck.id, again=1 if received.again else None)
    return (jsonify(location=where, again=received.again), 201) if wants_json() else redirect(where)


def wants_json() -> bool:
    """The background upload asks for JSON."""
    return request.accept_mimetypes.best == "application/json"
