"""Pages of both sides of a purchase."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for

from app.carriers.queries import customer_trunks
from app.clock import utc_now
from app.db import db
from app.errors import DomainError
from app.market.order_forms import AcceptForm, AnswerForm, NothingForm, RequestForm
from app.market.purchases import PurchaseRow, buyable_product, offered, purchases
from app.market.service.accept_purchase import accept_purchase
from app.market.service.end_purchase import end_purchase
from app.market.service.refuse_purchase import decline_purchase, withdraw_purchase
from app.market.service.request_product import request_product
from app.security.access import actor, require
from app.web.tables import csv_response

pages = Blueprint("orders", __name__, template_folder="templates")
HEADER = (
    "id",
    "product",
    "class",
    "seller",
    "buyer",
    "trunk",
    "state",
    "asked_at",
    "decided_at",
    "from",
    "until",
    "note",
    "answer",
)


def _rows(side: str) -> list[PurchaseRow]:
    who = actor()
    if who.is_operator:
        return purchases(db.session, utc_now())
    if side == "seller":
        return purchases(db.session, utc_now(), seller_id=who.company_id)
    return purchases(db.session, utc_now(), buyer_id=who.company_id)


def _csv(name: str, rows: list[PurchaseRow]) -> Any:
    return csv_response(
        name,
        HEADER,
        [
            (
                r.id, r.product, r.route_class, r.seller, r.buyer, r.trunk, r.state, r.created_at, r.decided_at,
                r.effective_from, r.effective_until, r.note, r.answer,
            )
            for r in rows
        ],
    )  # fmt: skip


@pages.get("/orders/received")
@require("market:read")
def received() -> Any:
    return render_template(
        "market/orders_received.html",
        rows=_rows("seller"),
        accept=AcceptForm(),
        decline=AnswerForm(),
        nothing=NothingForm(),
    )


@pages.get("/orders/received.csv")
@require("market:read")
def received_csv() -> Any:
    return _csv("orders-received", _rows("seller"))


@pages.get("/orders/placed")
@require("market:read")
def placed() -> Any:
    return render_template("market/orders_placed.html", rows=_rows("buyer"), nothing=NothingForm())


@pages.get("/orders/placed.csv")
@require("market:read")
def placed_csv() -> Any:
    return _csv("orders-placed", _rows("buyer"))


@pages.route("/market/request/<int:product_id>", methods=["GET", "POST"])
@require("market:buy")
def ask(product_id: int) -> Any:
    who = actor()
    product = offered(db.session, buyable_product(db.session, product_id, who.company_id), who.company_id)
    trunks = customer_trunks(db.session, who.company_id)
    form = RequestForm()
    form.trunk_id.choices = [(t.id, t.name) for t in trunks]
    fault: DomainError | None = None
    if form.validate_on_submit():
        try:
            request_product(
                db.session,
                who,
                product_id=product_id,
                trunk_id=form.trunk_id.data,
                note=form.note.data or "",
                now=utc_now(),
            )
        except DomainError as refused:
            db.session.rollback()
            fault = refused
        else:
            db.session.commit()
            flash(f"{product.name} of {product.seller} is requested; the seller answers next.", "success")
            return redirect(url_for("orders.placed"))
    status = (fault.status if fault else 422) if form.is_submitted() else 200
    return render_template(
        "market/request.html", form=form, product=product, trunks=trunks, fault=fault
    ), status


@pages.post("/orders/<int:purchase_id>/accept")
@require("order:decide")
def accept(purchase_id: int) -> Any:
    form = AcceptForm()
    if not form.validate_on_submit():
        flash("The start is not a date and time.", "error")
        return redirect(url_for("orders.received"))
    now = utc_now()
    accepted = accept_purchase(
        db.session, actor(), purchase_id, effective_from=form.start, answer=form.answer.data or "", now=now
    )
    db.session.commit()
    when = "now" if accepted.effective_from == now else f"from {accepted.effective_from:%Y-%m-%d %H:%M} UTC"
    flash(f"Accepted: the buyer's trunk may use {accepted.product.name} {when}.", "success")
    return redirect(url_for("orders.received"))


@pages.post("/orders/<int:purchase_id>/decline")
@require("order:decide")
def decline(purchase_id: int) -> Any:
    form = AnswerForm()
    form.validate()
    decline_purchase(db.session, actor(), purchase_id, answer=form.answer.data or "", now=utc_now())
    db.session.commit()
    flash("Declined; the buyer sees your answer.", "success")
    return redirect(url_for("orders.received"))


@pages.post("/orders/<int:purchase_id>/withdraw")
@require("market:buy")
def withdraw(purchase_id: int) -> Any:
    withdraw_purchase(db.session, actor(), purchase_id, now=utc_now())
    db.session.commit()
    flash("Withdrawn.", "success")
    return redirect(url_for("orders.placed"))


@pages.post("/orders/<int:purchase_id>/end")
@require("order:decide")
def end(purchase_id: int) -> Any:
    who = actor()
    ended = end_purchase(db.session, who, purchase_id, effective_until=None, now=utc_now())
    db.session.commit()
    flash(f"Ended: {ended.product.name} is no longer offered to calls.", "success")
    return redirect(url_for("orders.received" if ended.seller_id == who.company_id else "orders.placed"))
