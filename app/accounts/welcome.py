"""/sign-up/sent, /welcome, /join/<token>: from a confirmed address into a company."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_security import login_user
from werkzeug.wrappers import Response

from app.accounts import queries
from app.accounts.forms import FoundForm, JoinForm, NothingForm
from app.accounts.models import Invitation
from app.accounts.service.accept_invitation import join_with_account, join_with_new_account, open_invitation
from app.accounts.service.found_company import found_company
from app.carriers.models import Company
from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.errors import DomainError, NotFound
from app.security.access import person, signed_in
from app.security.models import User
from app.security.setup import limiter

pages = Blueprint("welcome", __name__, template_folder="templates")

Answer = str | Response | tuple[str, int]


@pages.get("/sign-up/sent")
def sent() -> Answer:
    """The same page whether the address was new or known. A demo has no mail server: it says where mails are read."""
    settings: Settings = current_app.config["TANDEM"]
    return render_template("accounts/sent.html", kept=settings.demo and not settings.mail.smtp_host)


def _way_in_missing(user: User) -> bool:
    """Signed up for a passkey and has none yet: without one nobody gets in again."""
    return user.password is None and not user.webauthn


@pages.route("/welcome", methods=["GET", "POST"])
@signed_in
def index() -> Answer:
    user = _person()
    if user.company_id is not None:
        return redirect("/onboarding" if user.webauthn or user.password else url_for("account.index"))
    form = FoundForm()
    missing = _way_in_missing(user)
    if not missing and form.validate_on_submit():
        try:
            found_company(
                db.session, user, name=(form.name.data or "").strip(), country=form.country.data,
                currency=form.currency.data or "USD", sells=form.sells.data, buys=form.buys.data,
                ip=request.remote_addr, now=utc_now(),
            )  # fmt: skip
        except DomainError as fault:
            db.session.rollback()
            form.form_errors.append(" ".join(filter(None, [fault.message, fault.hint])))
        else:
            db.session.commit()
            flash("Your company works in the sandbox until the operator has approved it.", "success")
            return redirect("/onboarding")
    invited = queries.waiting_for(db.session, user.email, now=utc_now()) if user.confirmed_at else []
    status = 422 if form.errors or form.form_errors else 200
    return render_template(
        "accounts/welcome.html", form=form, invited=invited, user=user, missing=missing, nothing=NothingForm()
    ), status


@pages.post("/welcome/invitations/<int:own_invitation_id>")
@signed_in
def accept(own_invitation_id: int) -> Answer:
    """An invitation to one's own confirmed address needs no link."""
    user = _person()
    found = db.session.get(Invitation, own_invitation_id)
    if found is None or found.email != user.email.lower():
        raise NotFound("There is no such invitation.")
    join_with_account(db.session, found, user, ip=request.remote_addr, now=utc_now())
    db.session.commit()
    return redirect("/")


@pages.route("/join/<token>", methods=["GET", "POST"])
@limiter.limit("20/minute", methods=["POST"])
def join(token: str) -> Answer:
    """The link of an invitation. Opening it changes nothing: only the button does."""
    now = utc_now()
    invitation = open_invitation(db.session, token, now=now)
    company = db.session.get_one(Company, invitation.company_id)
    user = person()
    form = JoinForm() if user is None else NothingForm()
    status = 200
    if form.validate_on_submit():
        faults = password_faults(form) if user is None else []
        try:
            if not faults:
                return _joined(invitation, user, form)
        except DomainError as fault:
            db.session.rollback()
            form.form_errors.append(" ".join(filter(None, [fault.message, fault.hint])))
            status = fault.status
    if form.errors and status == 200:
        status = 422
    return render_template(
        "accounts/join.html", form=form, invitation=invitation, company=company, user=user, token=token
    ), status


def password_faults(form: JoinForm) -> list[str]:
    """Flask-Security's judgement of the password, put beside the field."""
    checker = current_app.extensions["security"].password_util
    faults, plain = checker.validate(form.password.data, True)
    if faults:
        form.password.errors = [*form.password.errors, *faults]
    else:
        form.password.data = plain
    return list(faults or [])


def _joined(invitation: Invitation, user: User | None, form: JoinForm) -> Response:
    now, ip = utc_now(), request.remote_addr
    if user is not None:
        join_with_account(db.session, invitation, user, ip=ip, now=now)
        db.session.commit()
        return redirect("/")
    made = join_with_new_account(
        db.session,
        invitation,
        name=(form.name.data or "").strip(),
        password=form.password.data or "",
        ip=ip,
        now=now,
    )
    db.session.commit()
    login_user(made, authn_via=["password"])
    db.session.commit()
    return redirect("/")


def _person() -> User:
    user = person()
    assert user is not None
    return user
