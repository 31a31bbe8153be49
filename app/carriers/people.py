"""/users: the people of a company and their roles."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.carriers import directory
from app.carriers.people_forms import role_choices
from app.carriers.service.manage_people import remove_person, set_active, set_role
from app.clock import utc_now
from app.db import db
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


@pages.post("/users/<int:user_id>/remove")
@require("user:manage")
def remove(user_id: int) -> Answer:
    user = remove_person(db.session, actor(), user_id, now=utc_now())
    db.session.commit()
    flash(f"{user.email} no longer belongs to the company; every session has ended.", "success")
    return redirect(url_for("people.index"))
