"""/company: one's own facts. /operator/companies: all of them, for the operator."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_security.recoverable import send_reset_password_instructions
from werkzeug.wrappers import Response

from app.carriers import directory
from app.carriers.people_forms import CompanyForm, NewCompanyForm, RelationsForm
from app.carriers.service.manage_people import add_person
from app.carriers.service.save_company import create_company, edit_company, set_status
from app.carriers.service.set_relations import set_relations
from app.clock import utc_now
from app.db import db
from app.errors import DomainError
from app.security.access import actor, require
from app.web.tables import csv_of

pages = Blueprint("companies", __name__, template_folder="templates")

Answer = str | Response | tuple[str, int]
CONTACTS = ("noc_email", "noc_phone", "rates_email")


@pages.get("/company")
@require()
def own() -> Answer:
    company = directory.company_of(db.session, actor())
    return render_template(
        "carriers/company.html", company=company, sides=directory.sides(company), contacts=CONTACTS
    )


@pages.route("/company/edit", methods=["GET", "POST"])
@require("user:manage")
def edit() -> Answer:
    company = directory.company_of(db.session, actor())
    facts = {name: company.facts.get(name, "") for name in CONTACTS}
    form = CompanyForm() if request.method == "POST" else CompanyForm(obj=company, data=facts)
    if not form.validate_on_submit():
        return render_template("carriers/company_edit.html", form=form), 422 if form.errors else 200
    values = {
        "name": form.name.data, "country": form.country.data, "currency": (form.currency.data or "").upper(),
        "facts": {**company.facts, **{name: form[name].data or "" for name in CONTACTS}},
    }  # fmt: skip
    edit_company(db.session, actor(), values, now=utc_now())
    db.session.commit()
    flash("The company's facts are saved.", "success")
    return redirect(url_for("companies.own"))


@pages.get("/operator/companies")
@require("operator")
def index() -> Answer:
    rows = directory.companies(db.session)
    return render_template("carriers/companies.html", rows=rows)


@pages.get("/operator/companies.csv")
@require("operator")
def index_csv() -> Answer:
    return csv_of("companies", directory.companies(db.session), directory.CompanyRow)


@pages.route("/operator/companies/new", methods=["GET", "POST"])
@require("operator")
def create() -> Answer:
    form = NewCompanyForm()
    if not form.validate_on_submit():
        return render_template("carriers/company_new.html", form=form), 422 if form.errors else 200
    now = utc_now()
    values = {
        "name": form.name.data, "country": form.country.data, "currency": (form.currency.data or "").upper(),
        "sells": form.sells.data, "buys": form.buys.data,
    }  # fmt: skip
    try:
        company = create_company(db.session, actor(), values, now=now)
        user = add_person(
            db.session, actor(), company_id=company.id, email=form.owner_email.data or "", name=form.owner_name.data or "",
            role="owner", now=now,
        )  # fmt: skip
    except DomainError as error:
        db.session.rollback()
        form.form_errors.append(" ".join(filter(None, [error.message, error.hint])))
        return render_template("carriers/company_new.html", form=form), error.status
    db.session.commit()
    send_reset_password_instructions(user)  # type: ignore[no-untyped-call]
    db.session.commit()
    flash(
        f"{company.name} is made. {user.email} has a mail with a link to set the first password.", "success"
    )
    return redirect(url_for("companies.index"))


@pages.route("/operator/companies/<int:company_id>/relations", methods=["GET", "POST"])
@require("operator")
def relations(company_id: int) -> Answer:
    company = directory.company_by_id(db.session, company_id)
    known = directory.relations(db.session, company)
    form = RelationsForm(data={"group": known.group, "upstreams": known.upstreams})
    form.upstreams.choices = known.sellers
    if not form.validate_on_submit():
        return render_template(
            "carriers/company_relations.html", form=form, company=company, groups=known.groups, kin=known.kin
        ), 422 if form.errors else 200
    group = " ".join((form.group.data or "").split())
    set_relations(
        db.session, actor(), company_id, group=group, upstreams=form.upstreams.data or [], now=utc_now()
    )
    db.session.commit()
    flash(f"The loop guard knows {company.name}'s relations; the edge follows within seconds.", "success")
    return redirect(url_for("companies.index"))


@pages.post("/operator/companies/<int:company_id>/status")
@require("operator")
def status(company_id: int) -> Answer:
    wanted = "active" if request.form.get("status") == "active" else "suspended"
    company = set_status(db.session, actor(), company_id, wanted, now=utc_now())
    db.session.commit()
    flash(f"{company.name} is {wanted}.", "success")
    return redirect(url_for("companies.index"))
