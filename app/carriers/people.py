"""/users: the people of a company and their roles."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.carriers import directory
from app.carriers.people_forms import PersonForm, role_choices
from app.carriers.service.manage_people import add_person, set_active, set_role
from app.clock import utc_now
from app.db import db
from app.errors import DomainError
from app.security.access import actor, require
from app.web.tables import csv_of

pages = Blueprint("people", __name__, template_folder="templates")

Answer = str | Response | tuple[str, int]


@pages.get("/users")
@require("user:manage")
def index() -> Answer:
    rows = directory.people(db.session, actor())
    roles = role_choices(directory.company_of(db.session, actor()).is_operator)
    return render_template("carriers/people.html", rows=rows, roles=roles)


@pages.get("/users.csv")
@require("user:manage")
def index_csv() -> Answer:
    return csv_of("people", directory.people(db.session, actor()), directory.PersonRow)


@pages.route("/users/new", methods=["GET", "POST"])
@require("user:manage")
def create() -> Answer:
    company = directory.company_of(db.session, actor())
    form = PersonForm()
    form.offer_roles(company.is_operator)
    if not form.validate_on_submit():
        return render_template("carriers/person.html", form=form, secret=None), 422 if form.errors else 200
    try:
        user, secret = add_person(
            db.session, actor(), company_id=company.id, email=form.email.data or "", name=form.name.data or "",
            role=form.role.data, now=utc_now(),
        )  # fmt: skip
    except DomainError as error:
        db.session.rollback()
        form.form_errors.append(" ".join(filter(None, [error.message, error.hint])))
        return render_template("carriers/person.html", form=form, secret=None), error.status
    db.session.commit()
    return render_template("carriers/person.html", form=form, secret=secret, user=user), 201


@pages.post("/users/<int:user_id>/role")
@require("user:manage")
def role(user_id: int) -> Answer:
    user = set_role(db.session, actor(), user_id, request.form.get("role", ""), now=utc_now())
    db.session.commit()
    flash(f"{user.email} has a new role.", "success")
    return redirect(url_for("people.index"))


@pages.post("/users/<int:user_id>/active")
@require("user:manage")
def active(user_id: int) -> Answer:
    on = request.form.get("active") == "1"
    user = set_active(db.session, actor(), user_id, on, now=utc_now())
    db.session.commit()
    flash(f"{user.email} is {'on' if on else 'off'}.", "success")
    return redirect(url_for("people.index"))
