"""Pages of test tickets: list, issue, one with its recipe, revoke."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for

from app.calls import queries
from app.calls.forms import TicketForm, note_fault
from app.calls.passwords import login_shown
from app.calls.products import choices
from app.calls.queries import PAGE, Filter, TicketRow, ticket_of
from app.calls.recipes import recipes
from app.calls.service.issue_ticket import issue_ticket, revoke_ticket
from app.carriers.models import Company, CustomerTrunk
from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.errors import DomainError
from app.market.models import Purchase
from app.security.access import actor, require
from app.security.actor import Actor
from app.web.converters import row_number
from app.web.tables import csv_of

pages = Blueprint("test_tickets", __name__, template_folder="templates")
CSV_ROWS = 100_000


def settings() -> Settings:
    found: Settings = current_app.config["TANDEM"]
    return found


@pages.get("/test-calls/tickets")
@require("test:read")
def index() -> Any:
    rows = queries.tickets(
        db.session, actor(), utc_now(), after=request.args.get("after", None, row_number), limit=PAGE + 1
    )
    more = rows[PAGE - 1].id if len(rows) > PAGE else None
    return render_template(
        "calls/tickets.html", rows=rows[:PAGE], more=more, base=settings().lcr.base_currency
    )


@pages.get("/test-calls/tickets.csv")
@require("test:read")
def index_csv() -> Any:
    return csv_of("test-tickets", queries.tickets(db.session, actor(), utc_now(), limit=CSV_ROWS), TicketRow)


@pages.route("/test-calls/tickets/new", methods=["GET", "POST"])
@require("test:order")
def create() -> Any:
    who, form = actor(), TicketForm()
    form.offer(choices(db.session, who), _trunks(who))
    if request.method == "GET":
        form.product.data = request.args.get("product", None, row_number)
    elif form.validate_on_submit():
        try:
            row = issue_ticket(db.session, settings(), who, form.facts(utc_now()), now=utc_now())
            db.session.commit()
        except DomainError as fault:
            db.session.rollback()
            note_fault(form, fault.message, fault.hint, fault.facts.get("field"))
        else:
            return redirect(url_for("test_tickets.show", test_ticket_id=row.id))
    page = render_template("calls/ticket_form.html", form=form, base=settings().lcr.base_currency)
    return page, 200 if request.method == "GET" else 422


@pages.get("/test-calls/tickets/<int:test_ticket_id>")
@require("test:read")
def show(test_ticket_id: int) -> Any:
    who = actor()
    ticket = ticket_of(db.session, who, test_ticket_id)
    row = queries.tickets(db.session, who, utc_now(), ticket_id=ticket.id)[0]
    login = login_shown(settings(), who, ticket)
    return render_template(
        "calls/ticket.html", ticket=row, calls=queries.calls(db.session, who, Filter(ticket_id=ticket.id)),
        recipes=recipes(settings(), row, login), login=login, base=settings().lcr.base_currency,
    )  # fmt: skip


@pages.post("/test-calls/tickets/<int:test_ticket_id>/revoke")
@require("test:order")
def revoke(test_ticket_id: int) -> Any:
    revoke_ticket(db.session, actor(), test_ticket_id, now=utc_now())
    db.session.commit()
    flash("The ticket is revoked: calls with it are refused within seconds.", "success")
    return redirect(url_for("test_tickets.show", test_ticket_id=test_ticket_id))


def _trunks(who: Actor) -> list[tuple[int, str]]:
    """One's own, and as a seller those that asked one for something; of others the name of the company only."""
    asked = sa.select(Purchase.trunk_id).where(Purchase.seller_id == who.company_id)
    wanted = sa.select(
        CustomerTrunk.id, CustomerTrunk.name, CustomerTrunk.company_id, Company.name.label("company")
    ).join(Company, Company.id == CustomerTrunk.company_id)
    wanted = wanted.where(CustomerTrunk.enabled)
    if not who.is_operator:
        wanted = wanted.where(sa.or_(CustomerTrunk.company_id == who.company_id, CustomerTrunk.id.in_(asked)))
    return [
        (row.id, row.name if row.company_id == who.company_id else f"{row.company}, trunk {row.id}")
        for row in db.session.execute(wanted.order_by(Company.name, CustomerTrunk.name))
    ]
