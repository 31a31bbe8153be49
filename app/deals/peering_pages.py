"""Pages of peering offers: the board, one offer with what a month would cost, putting one up, closing, proposing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.carriers.queries import products
from app.carriers.sight import sight
from app.clock import utc_now
from app.db import db
from app.deals.forms import OfferForm
from app.deals.peering import SETTLED_BY, Balance, balance
from app.deals.peering_form import PeeringOfferForm
from app.deals.peering_offers import PeeringRow, peering_offer_of, peering_offers, row_of, terms_of
from app.deals.service.peer import close_peering, offer_peering, propose_peering
from app.errors import DomainError
from app.security.access import actor, require
from app.web.acting import acted
from app.web.tables import csv_response
from rates.settle.exact import to_minor

pages = Blueprint("peering", __name__, template_folder="templates")
MOST = 10**12


def _asked() -> tuple[str, str]:
    """View and code of the address; what is no digit of a code is left out."""
    digits = "".join(c for c in request.args.get("code", "") if c.isascii() and c.isdigit())
    return request.args.get("view", ""), digits[:15]


@pages.get("/peering")
@require("market:read")
def index() -> Any:
    view, code = _asked()
    found = peering_offers(db.session, actor(), view=view, code=code)
    return render_template("deals/peering.html", rows=found, view=view, code=code, settled=SETTLED_BY)


@pages.get("/peering.csv")
@require("market:read")
def index_csv() -> Any:
    view, code = _asked()
    header = ("id", "company", "product", "class", "state", "settlement", "ratio", "rate_above", "currency", "brings", "wants",
              "judged_from_minutes", "channels", "notice_days", "term_months", "offered_at_utc")  # fmt: skip
    return csv_response("peering-offers", header, [
        (r.id, r.company, r.product, r.route_class, r.state, r.settlement, r.ratio, r.rate, r.currency, _codes(r.brings),
         _codes(r.wants), r.judged_from_minutes, r.channels, r.notice_days, r.term_months, r.created_at)
        for r in peering_offers(db.session, actor(), view=view, code=code, limit=20_000)
    ])  # fmt: skip


def _codes(places: list[dict[str, Any]]) -> str:
    return "; ".join(f"{place['code']} {place['destination']}".strip() for place in places)


@pages.route("/peering/new", methods=["GET", "POST"])
@require("order:decide")
def create() -> Any:
    form = PeeringOfferForm()
    own = products(db.session, actor().company_id)
    form.product.choices = [(p.id, f"{p.name} ({p.currency})") for p in own if p.listed]
    if form.validate_on_submit():
        try:
            offer = offer_peering(db.session, actor(), form.facts, now=utc_now())
        except DomainError as fault:
            db.session.rollback()
            flash(f"{fault.message} {fault.hint or ''}", "danger")
        else:
            db.session.commit()
            flash("Other carriers see your offer now.", "success")
            return redirect(url_for("peering.show", peering_id=offer.id))
    status = 422 if form.is_submitted() else 200
    return render_template("deals/peering_new.html", form=form), status


@pages.get("/peering/<int:peering_id>")
@require("market:read")
def show(peering_id: int) -> Any:
    offer = peering_offer_of(db.session, peering_id, actor())
    row = row_of(offer, actor(), sight(db.session, actor()))
    sent, received = (_minutes(name) for name in ("sent", "received"))
    who, month = actor(), _month(row, sent, received)
    return render_template(
        "deals/peering_offer.html", row=row, settled=SETTLED_BY, sent=sent, received=received, month=month,
        owed=f"{Decimal(to_minor(month.owed_nanos, row.currency)).scaleb(-9).normalize():f}" if month else "",
        may_propose=not row.mine and row.state == "open" and who.sells and who.buys and not who.is_operator,
    )  # fmt: skip


def _minutes(name: str) -> int | None:
    value = request.args.get(name, None, int)
    return value if value is not None and 0 <= value <= MOST else None


def _month(row: PeeringRow, sent: int | None, received: int | None) -> Balance | None:
    """What a month with these minutes would come to, by the formula it is settled with."""
    if sent is None or received is None:
        return None
    offer = peering_offer_of(db.session, row.id, actor())
    peering = terms_of(offer, row.product_id).peering
    return balance(peering, sent * 60, received * 60) if peering is not None else None


@pages.post("/peering/<int:peering_id>/close")
@require("order:decide")
def close(peering_id: int) -> Any:
    close_peering(db.session, actor(), peering_id, now=utc_now())
    db.session.commit()
    flash("The offer is closed. Deals under way go on.", "success")
    return redirect(url_for("peering.show", peering_id=peering_id))


@pages.route("/peering/<int:peering_id>/propose", methods=["GET", "POST"])
@require("order:decide")
def propose(peering_id: int) -> Any:
    offer = peering_offer_of(db.session, peering_id, actor())
    row = row_of(offer, actor(), sight(db.session, actor()))
    own = [p for p in products(db.session, actor().company_id) if p.currency == offer.currency]
    form = OfferForm()
    form.product.choices = [(p.id, p.name) for p in own]
    before = terms_of(offer, own[0].id if own else 1, sight(db.session, actor()))
    if form.validate_on_submit():

        def act() -> str:
            deal = propose_peering(
                db.session, actor(), peering_id, terms=form.terms(offer.currency, before, form.product.data),
                valid_until=form.valid_until(utc_now()), note=form.note.data or "", now=utc_now(),
            )  # fmt: skip
            return url_for("deals.show", deal_id=deal.id)

        if (done := acted(act, "Your proposal is with the other side.")) is not None:
            return done
    elif not form.is_submitted():
        form.show(before)
    return render_template("deals/offer.html", form=form, title=f"Peer with {row.company}", products=own, peering=True,
                           currency=offer.currency, back=url_for("peering.show", peering_id=peering_id),
                           button="Send the proposal")  # fmt: skip
