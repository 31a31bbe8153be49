"""Pages of deals: the list, one deal with every offer as a row, ordering, answering, the rule of two persons."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.clock import utc_now
from app.db import db
from app.deals import rows
from app.deals.document import schedules
from app.deals.forms import OfferForm, RuleForm
from app.deals.queries import deal_of, limit_of
from app.deals.service.answer_offer import accept, counter, decline, withdraw
from app.deals.service.make_offer import order
from app.deals.service.set_rule import set_rule
from app.deals.terms import Schedule, Terms, as_json, read_terms
from app.deals.volume import worth_a_month
from app.market.purchases import buyable_product, offered
from app.security.access import actor, require
from app.web.acting import acted
from app.web.tables import csv_response

pages = Blueprint("deals", __name__, template_folder="templates")


@pages.get("/deals")
@require("market:read")
def index() -> Any:
    return render_template("deals/deals.html", rows=rows.deals(db.session, actor()), now=utc_now())


@pages.get("/deals.csv")
@require("market:read")
def index_csv() -> Any:
    header = (
        "id",
        "rfq",
        "product",
        "class",
        "seller",
        "buyer",
        "state",
        "turn",
        "round",
        "currency",
        "valid_until_utc",
        "begun_at_utc",
    )
    return csv_response("deals", header, [
        (r.id, r.rfq_id, r.product, r.route_class, r.seller, r.buyer, r.state, r.turn, r.round, r.terms["currency"],
         r.valid_until, r.created_at) for r in rows.deals(db.session, actor(), limit=20_000)
    ])  # fmt: skip


@pages.get("/deals/<int:deal_id>")
@require("market:read")
def show(deal_id: int) -> Any:
    deal = deal_of(db.session, deal_id, actor())
    terms = read_terms(deal.terms)
    return render_template(
        "deals/deal.html", deal=rows.deal_row(db.session, deal, actor()), steps=rows.steps(db.session, "deal", deal_id),
        schedules=schedules(terms, as_json(Schedule())), worth=worth_a_month(terms), now=utc_now(),
    )  # fmt: skip


@pages.get("/deals/<int:deal_id>/steps.csv")
@require("market:read")
def steps_csv(deal_id: int) -> Any:
    deal_of(db.session, deal_id, actor())
    header = ("at_utc", "side", "action", "from", "to", "note", "rates")
    return csv_response(f"deal-{deal_id}-steps", header, [
        (s.at, s.side, s.action, s.from_state, s.to_state, s.note,
         "; ".join(f"{r['code']} {r['rate']}" for r in (s.terms or {}).get("rates", ())))
        for s in rows.steps(db.session, "deal", deal_id)
    ])  # fmt: skip


@pages.route("/deals/order/<int:product_id>", methods=["GET", "POST"])
@require("market:buy")
def place(product_id: int) -> Any:
    product = offered(
        db.session, buyable_product(db.session, product_id, actor().company_id), actor().company_id
    )
    form = OfferForm()
    if form.validate_on_submit():

        def act() -> str:
            deal = order(
                db.session, actor(), product_id=product_id, terms=form.terms(product.currency),
                valid_until=form.valid_until(utc_now()), note=form.note.data or "", now=utc_now(),
            )  # fmt: skip
            return url_for("deals.show", deal_id=deal.id)

        if (done := acted(act, "Your order is with the seller.")) is not None:
            return done
    elif not form.is_submitted():
        form.show(Terms(product.currency))
    return render_template("deals/offer.html", form=form, title=f"Order {product.name}", products=None,
                           currency=product.currency, back=url_for("market.index"), button="Send the order")  # fmt: skip


@pages.route("/deals/<int:deal_id>/counter", methods=["GET", "POST"])
@require("order:decide")
def make_counter(deal_id: int) -> Any:
    deal = deal_of(db.session, deal_id, actor())
    form, before = OfferForm(), read_terms(deal.terms)
    if form.validate_on_submit():

        def act() -> str:
            counter(
                db.session, actor(), deal_id, round_=form.round.data or 0, terms=form.terms(before.currency, before),
                valid_until=form.valid_until(utc_now()), note=form.note.data or "", now=utc_now(),
            )  # fmt: skip
            return url_for("deals.show", deal_id=deal_id)

        if (done := acted(act, "Your offer is with the other side.")) is not None:
            return done
    elif not form.is_submitted():
        form.show(before, deal.round)
    return render_template("deals/offer.html", form=form, title=f"Another offer in deal {deal_id}", products=None,
                           currency=before.currency, back=url_for("deals.show", deal_id=deal_id), button="Send the offer",
                           peering=before.peering is not None)  # fmt: skip


@pages.post("/deals/<int:deal_id>/<any(accept, decline, withdraw):step>")
@require("order:decide")
def answer(deal_id: int, step: str) -> Any:
    note, now = request.form.get("note", ""), utc_now()
    if step == "accept":
        deal = accept(
            db.session, actor(), deal_id, round_=request.form.get("round", 0, int), note=note, now=now
        )
    else:
        deal = {"decline": decline, "withdraw": withdraw}[step](
            db.session, actor(), deal_id, note=note, now=now
        )
    db.session.commit()
    row = rows.deal_row(db.session, deal, actor())
    if row.agreement_id is not None:
        flash("Agreed. Read the agreement and sign it.", "success")
        return redirect(url_for("agreements.show", agreement_id=row.agreement_id))
    flash(
        "A second person of your company must agree too."
        if row.state == "seconding"
        else f"The deal is {row.state}.",
        "success",
    )
    return redirect(url_for("deals.show", deal_id=deal_id))


@pages.route("/deals/rules", methods=["GET", "POST"])
@require("user:manage")
def rules() -> Any:
    form = RuleForm()
    if form.validate_on_submit():
        set_rule(db.session, actor(), second_person_above=form.second_person_above.data, now=utc_now())
        db.session.commit()
        flash("The rule holds from now on.", "success")
        return redirect(url_for("deals.rules"))
    if not form.is_submitted():
        form.second_person_above.data = limit_of(db.session, actor().company_id)
    return render_template("deals/rules.html", form=form)
