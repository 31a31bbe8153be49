"""/users/invitations: who was asked to join, in which role; taking an invitation back."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app.accounts import queries
from app.accounts.forms import InviteForm, NothingForm
from app.accounts.service.invite import invite, revoke_invitation
from app.carriers import directory
from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.errors import DomainError
from app.mail.account_mail import with_public_links
from app.security.access import actor, require
from app.web.tables import csv_of

pages = Blueprint("invitations", __name__, template_folder="templates")

Answer = str | Response | tuple[str, int]


def _settings() -> Settings:
    settings: Settings = current_app.config["TANDEM"]
    return settings


def join_link(token: str) -> str:
    return with_public_links(url_for("welcome.join", token=token, _external=True), _settings())


@pages.get("/users/invitations")
@require("user:manage")
def index() -> Answer:
    rows = queries.invitations(db.session, actor().company_id, now=utc_now())
    return render_template("accounts/invitations.html", rows=rows, nothing=NothingForm())


@pages.get("/users/invitations.csv")
@require("user:manage")
def index_csv() -> Answer:
    rows = queries.invitations(db.session, actor().company_id, now=utc_now())
    return csv_of("invitations", rows, queries.InvitationRow)


@pages.route("/users/new", methods=["GET", "POST"])
@require("user:manage")
def create() -> Answer:
    form = InviteForm()
    form.offer_roles(directory.company_of(db.session, actor()).is_operator)
    status = 200
    if form.validate_on_submit():
        try:
            made = invite(
                db.session, actor(), email=form.email.data or "", role=form.role.data, link=join_link,
                settings=_settings().mail, now=utc_now(),
            )  # fmt: skip
        except DomainError as fault:
            db.session.rollback()
            form.form_errors.append(" ".join(filter(None, [fault.message, fault.hint])))
            status = fault.status
        else:
            db.session.commit()
            flash(f"{made.email} is invited; the link holds for seven days and works once.", "success")
            return redirect(url_for("invitations.index"))
    return render_template(
        "accounts/invite.html", form=form
    ), 422 if form.errors and status == 200 else status


@pages.post("/users/invitations/<int:invitation_id>/revoke")
@require("user:manage")
def revoke(invitation_id: int) -> Answer:
    found = revoke_invitation(db.session, actor(), invitation_id, now=utc_now())
    db.session.commit()
    flash(f"The invitation to {found.email} is taken back.", "success")
    return redirect(url_for("invitations.index"))
