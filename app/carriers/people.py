"""/users: the people of a company and their roles."""

from __future__ import annotations

import secrets

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.carriers import directory
from app.carriers.people_forms import role_choices
from app.carriers.service.manage_people import (
    drop_second_factor,
    end_sessions_of,
    remove_person,
    set_active,
    set_role,
)
from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.mail.service.write_mail import write_mail
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


@pages.post("/users/<int:user_id>/end-sessions")
@require("user:manage")
def end_sessions(user_id: int) -> Answer:
    user = end_sessions_of(db.session, actor(), user_id, now=utc_now())
    db.session.commit()
    flash(f"{user.email} is signed out everywhere.", "success")
    return redirect(url_for("people.index"))


@pages.post("/users/<int:user_id>/reset-second-factor")
@require("user:manage")
def reset_second_factor(user_id: int) -> Answer:
    user = drop_second_factor(db.session, actor(), user_id, now=utc_now())
    settings: Settings = current_app.config["TANDEM"]
    write_mail(
        db.session, settings.mail, company_id=None, mark=f"account-{secrets.token_hex(16)}", recipient=user.email,
        subject="Your second factor was reset", now=utc_now(),
        text=f"{actor().name} ({actor().email}) reset the second factor of your account. After your password you are\n"
        "asked to set up a new one. If you did not ask for this, change your password and tell your company's owners.\n",
    )  # fmt: skip
    db.session.commit()
    flash(f"{user.email} sets up a second factor at the next sign-in, and was told by mail.", "success")
    return redirect(url_for("people.index"))


@pages.post("/users/<int:user_id>/remove")
@require("user:manage")
def remove(user_id: int) -> Answer:
    user = remove_person(db.session, actor(), user_id, now=utc_now())
    db.session.commit()
    flash(f"{user.email} no longer belongs to the company; every session has ended.", "success")
    return redirect(url_for("people.index"))
