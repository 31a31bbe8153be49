"""Pages of requests for quotes: the board, one request with its quotes, asking, quoting, ending."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.carriers.queries import products
from app.clock import utc_now
from app.db import db
from app.deals import rows
from app.deals.document import said_quality
from app.deals.forms import OfferForm, RfqForm
from app.deals.queries import quotable_product, rfq_of
from app.deals.rows import DealRow, RfqRow
from app.deals.service.make_offer import quote
from app.deals.service.open_rfq import end_rfq, open_rfq
from app.deals.terms import Rate, Terms, Volume, read_quality
from app.errors import DomainError, NotFound
from app.security.access import actor, require
from app.web.acting import acted
from app.web.tables import csv_response

pages = Blueprint("rfqs", __name__, template_folder="templates")


@pages.get("/rfqs")
@require("market:read")
def index() -> Any:
    view = request.args.get("view", "")
    return render_template(
        "deals/rfqs.html", rows=rows.rfqs(db.session, actor(), view=view), view=view, now=utc_now()
    )


@pages.get("/rfqs.csv")
@require("market:read")
def index_csv() -> Any:
    found = rows.rfqs(db.session, actor(), view=request.args.get("view", ""), limit=20_000)
    header = ("id", "buyer", "state", "destinations", "class", "minutes_month", "target_rate", "currency", "deadline_utc",
              "audience", "anonymous", "quotes", "asked_at_utc")  # fmt: skip
    return csv_response("requests-for-quotes", header, [
        (r.id, r.buyer, r.state, "; ".join(f"{d['code']} {d['destination']}".strip() for d in r.destinations), r.route_class,
         r.minutes_month, r.target_rate, r.currency, r.deadline, r.audience, "yes" if r.anonymous else "no", r.quotes, r.created_at)
        for r in found
    ])  # fmt: skip


@pages.route("/rfqs/new", methods=["GET", "POST"])
@require("market:buy")
def create() -> Any:
    form = RfqForm()
    form.invited.choices = rows.sellers(db.session, actor())
    if form.validate_on_submit():
        try:
            rfq = open_rfq(
                db.session, actor(), destinations=form.codes, minutes_month=form.minutes_month.data or 0,
                currency=(form.currency.data or "").upper(), target_rate=form.target_rate.data, floors=form.floors,
                deadline=form.until, route_class=form.route_class.data, audience=form.audience.data,
                invited=form.invited.data or (), anonymous=bool(form.anonymous.data), note=form.note.data or "", now=utc_now(),
            )  # fmt: skip
        except DomainError as fault:
            db.session.rollback()
            flash(f"{fault.message} {fault.hint or ''}", "danger")
        else:
            db.session.commit()
            flash("Sellers see your request now.", "success")
            return redirect(url_for("rfqs.show", rfq_id=rfq.id))
    elif not form.is_submitted():
        form.deadline.data = (utc_now() + timedelta(days=7)).replace(second=0, microsecond=0, tzinfo=None)
    return render_template("deals/rfq_new.html", form=form)


def _read(rfq_id: int) -> tuple[RfqRow, list[DealRow]]:
    rfq = rfq_of(db.session, rfq_id, actor())
    return rows.rfq_row(db.session, rfq, actor()), rows.deals(db.session, actor(), rfq_id=rfq_id)


@pages.get("/rfqs/<int:rfq_id>")
@require("market:read")
def show(rfq_id: int) -> Any:
    row, quotes = _read(rfq_id)
    return render_template("deals/rfq.html", rfq=row, quotes=quotes, now=utc_now(), floors=said_quality(read_quality(row.floors)),
                           may_quote=not row.mine and actor().sells and row.state == "open")  # fmt: skip


@pages.get("/rfqs/<int:rfq_id>/quotes.csv")
@require("market:read")
def quotes_csv(rfq_id: int) -> Any:
    _, quotes = _read(rfq_id)
    header = (
        "deal",
        "seller",
        "product",
        "class",
        "state",
        "turn",
        "round",
        "code",
        "rate",
        "currency",
        "increments",
        "valid_until_utc",
    )
    return csv_response(f"rfq-{rfq_id}-quotes", header, [
        (q.id, q.seller, q.product, q.route_class, q.state, q.turn, q.round, r["code"], r["rate"], q.terms["currency"],
         f"{r['initial_increment']}/{r['next_increment']}", q.valid_until)
        for q in quotes for r in q.terms["rates"]
    ])  # fmt: skip


@pages.route("/rfqs/<int:rfq_id>/quote", methods=["GET", "POST"])
@require("order:decide")
def make_quote(rfq_id: int) -> Any:
    row, _ = _read(rfq_id)
    if row.mine or not actor().sells:
        raise NotFound("There is no such request to quote on.")
    form = OfferForm()
    own = [
        (p.id, f"{p.name} ({p.currency})")
        for p in products(db.session, actor().company_id)
        if p.currency == row.currency
    ]
    form.product.choices = own
    if form.validate_on_submit():

        def act() -> str:
            product = quotable_product(db.session, form.product.data or 0, actor().company_id)
            deal = quote(
                db.session, actor(), rfq_id, product_id=product.id, terms=form.terms(row.currency),
                valid_until=form.valid_until(utc_now()), note=form.note.data or "", now=utc_now(),
            )  # fmt: skip
            return url_for("deals.show", deal_id=deal.id)

        if (done := acted(act, "Your quote is with the buyer.")) is not None:
            return done
    elif not form.is_submitted():
        rates = tuple(Rate(d["code"], row.target_rate or "", d["destination"]) for d in row.destinations)
        form.show(Terms(row.currency, rates, Volume(expected_minutes=row.minutes_month)))
    return render_template("deals/offer.html", form=form, title=f"Quote on request {rfq_id}", products=own,
                           currency=row.currency, back=url_for("rfqs.show", rfq_id=rfq_id), button="Send the quote")  # fmt: skip


@pages.post("/rfqs/<int:rfq_id>/<any(close, withdraw):step>")
@require("market:buy")
def end(rfq_id: int, step: str) -> Any:
    end_rfq(db.session, actor(), rfq_id, step, now=utc_now())
    db.session.commit()
    flash("The request takes no more quotes.", "success")
    return redirect(url_for("rfqs.show", rfq_id=rfq_id))
