"""/operator/routing-state: what is stopped, and what the edge serves now."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app.clock import utc_now
from app.db import db
from app.errors import DomainError, Invalid
from app.routing.edge_control import EdgeUnreachable, served
from app.routing.service.place_stop import lift_stop, place_stop
from app.routing.state import LABELS, StopLine, desired, last_push, side_of, stops, target_names
from app.routing.state_form import StopForm, stop_form
from app.security.access import actor, require
from app.web.tables import csv_of, csv_response

pages = Blueprint("routing_state", __name__, template_folder="templates")

Answer = str | Response | tuple[str, int]
# Lists of the served state, in the order of the page.
SERVED = (
    ("disabled_offers", "Products off", "product"),
    ("channels_full", "All channels in use", "product"),
    ("cps_full", "Calls a second reached", "product"),
    ("cap_reached", "Deal cap reached", "product"),
    ("vendor_credit_out", "Carrier's credit to us used up", "company"),
    ("company_credit_out", "Customers out of credit", "company"),
    ("trunk_credit_out", "Trunks out of credit", "trunk"),
)


@pages.get("/operator/routing-state")
@require("operator")
def index() -> Answer:
    return _page(stop_form(db.session))


@pages.get("/operator/routing-state.csv")
@require("operator")
def index_csv() -> Response:
    return csv_of("routing-state", stops(db.session), StopLine)


@pages.get("/operator/routing-state/served.csv")
@require("operator")
def served_csv() -> Response:
    """What the edge serves now: each list's members, blocked codes and demoted ones."""
    found = served(current_app.config["TANDEM"])
    names = target_names(db.session)
    rows: list[tuple[str, str, str, str]] = [
        (label, names.get((side, number), str(number)), "", "")
        for word, label, side in SERVED
        for number in found.get(word, [])
    ]
    for block in found.get("blocks", []):
        rows.append(
            ("blocked", names.get(("product", block["offer_id"]), str(block["offer_id"])), block["code"], "")
        )
    for low in found.get("demoted", []):
        name = names.get(("product", low["offer_id"]), str(low["offer_id"]))
        rows.append((f"quality {low['level']}", name, low["code"], f"{Decimal(low['trial_ppm']) / 10_000:f}"))
    return csv_response("edge-state", ("state", "of", "code", "trial_share_percent"), rows)


@pages.post("/operator/routing-state")
@require("operator")
def place() -> Answer:
    form = stop_form(db.session)
    if not form.validate_on_submit():
        return _page(form), 422
    side, _, number = str(form.target.data).partition("-")
    try:
        if side != side_of(form.kind.data):
            raise Invalid(
                f"{LABELS[form.kind.data]} is said of a {side_of(form.kind.data)}, not of a {side}.",
                hint=f"Choose a {side_of(form.kind.data)}.",
            )
        place_stop(
            db.session, actor(), kind=form.kind.data, target_id=int(number), code=form.code.data or "",
            reason=form.reason.data or "", now=utc_now(),
        )  # fmt: skip
    except DomainError as error:
        db.session.rollback()
        form.form_errors.append(" ".join(filter(None, [error.message, error.hint])))
        return _page(form), error.status
    db.session.commit()
    flash("Stopped. The edge is told at once.", "success")
    return redirect(url_for("routing_state.index"))


@pages.post("/operator/routing-state/<int:stop_id>/lift")
@require("operator")
def lift(stop_id: int) -> Answer:
    lift_stop(db.session, actor(), stop_id, now=utc_now())
    db.session.commit()
    flash("Lifted. The edge is told at once.", "success")
    return redirect(url_for("routing_state.index"))


def _page(form: StopForm) -> str:
    settings = current_app.config["TANDEM"]
    state: dict[str, Any] | None = None
    fault = ""
    try:
        state = served(settings)
    except EdgeUnreachable as unreachable:
        fault = " ".join(filter(None, [unreachable.message, unreachable.hint]))
    names = target_names(db.session)
    lists = [
        (label, [names.get((side, number), str(number)) for number in (state or {}).get(word, [])])
        for word, label, side in SERVED
    ]
    wanted = desired(db.session, utc_now())
    agrees = state is not None and all(
        sorted(state.get(word, []), key=str) == sorted(value, key=str)
        for word, value in wanted.items()
        if word != "do"
    )
    return render_template(
        "routing/state.html", form=form, rows=stops(db.session), state=state, fault=fault, lists=lists, names=names,
        agrees=agrees, push=last_push(db.session),
    )  # fmt: skip
