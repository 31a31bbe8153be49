"""/operator/approvals: companies that wait, what they told and handed in, and the operator's word."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.accounts import queries
from app.accounts.checklist import steps_of
from app.accounts.forms import DecideForm
from app.accounts.papers import KINDS
from app.accounts.service.review_company import decide_company, note_test_call
from app.carriers import directory
from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.errors import DomainError
from app.security.access import actor, require
from app.web.tables import csv_of

pages = Blueprint("approvals", __name__, template_folder="templates")

Answer = str | Response | tuple[str, int]
SHOWN = (
    ("legal_name", "Legal name"), ("registration_number", "Register number"), ("tax_number", "Tax number"),
    ("address", "Registered address"), ("noc_email", "NOC e-mail"), ("noc_phone", "NOC telephone"),
    ("rates_email", "Rates e-mail"), ("codecs", "Codecs"), ("payment_terms", "Payment terms"),
    ("billing_cycle", "Billing cycle"), ("billing_email", "Invoices to"),
)  # fmt: skip


@pages.get("/operator/approvals")
@require("operator")
def index() -> Answer:
    return render_template("accounts/approvals.html", rows=queries.approval_queue(db.session))


@pages.get("/operator/approvals.csv")
@require("operator")
def index_csv() -> Answer:
    return csv_of("approvals", queries.approval_queue(db.session), queries.QueueRow)


@pages.route("/operator/approvals/<int:company_id>", methods=["GET", "POST"])
@require("operator")
def show(company_id: int) -> Answer:
    company = directory.company_by_id(db.session, company_id)
    form, status = DecideForm(), 200
    if form.validate_on_submit():
        settings: Settings = current_app.config["TANDEM"]
        try:
            decide_company(
                db.session, actor(), company_id, approve=form.verdict.data == "approve", note=form.note.data or "",
                settings=settings.mail, now=utc_now(),
            )  # fmt: skip
        except DomainError as fault:
            db.session.rollback()
            form.form_errors.append(" ".join(filter(None, [fault.message, fault.hint])))
            status = fault.status
        else:
            db.session.commit()
            flash(
                f"{company.name} is {'approved' if form.verdict.data == 'approve' else 'refused'}.", "success"
            )
            return redirect(url_for("approvals.index"))
    return render_template(
        "accounts/approval.html", company=company, form=form, steps=steps_of(db.session, company), shown=SHOWN, kinds=KINDS,
        papers=queries.papers(db.session, company.id), reviews=queries.reviews(db.session, company.id),
    ), 422 if form.errors and status == 200 else status  # fmt: skip


@pages.post("/operator/approvals/<int:company_id>/test-call")
@require("operator")
def test_call(company_id: int) -> Answer:
    note_test_call(db.session, actor(), company_id, note=request.form.get("note", "")[:500], now=utc_now())
    db.session.commit()
    flash("The test call is noted.", "success")
    return redirect(url_for("approvals.show", company_id=company_id))
