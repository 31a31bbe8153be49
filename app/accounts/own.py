"""/account: how one signs in, and where one is signed in."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_security import logout_user
from werkzeug.wrappers import Response

from app.clock import utc_now
from app.db import db
from app.errors import NotFound
from app.security.access import current_actor, fresh, person, signed_in
from app.security.models import User, UserSession
from app.security.second_factor import has_second_factor, is_demo_account, must_set_up
from app.security.sessions import end_sessions, renew_identity, standing_sessions

pages = Blueprint("account", __name__, template_folder="templates")

Answer = str | Response


def _me() -> User:
    user = person()
    assert user is not None
    return user


@pages.get("/account")
@signed_in
def index() -> Answer:
    user, who = _me(), current_actor()
    return render_template(
        "accounts/account.html", user=user, sessions=standing_sessions(db.session, user.id, now=utc_now()),
        forced=who is not None and must_set_up(user, who), second_factor=has_second_factor(user),
        demo=is_demo_account(user.email),
    )  # fmt: skip


@pages.post("/account/sessions/<int:session_id>/end")
@signed_in
@fresh
def end_one(session_id: int) -> Answer:
    row = db.session.get(UserSession, session_id)
    if row is None or row.user_id != _me().id:
        raise NotFound("There is no such session.")
    if row.ended_at is None:
        row.ended_at, row.why = utc_now(), "ended by the person"
    db.session.commit()
    flash("That session has ended.", "success")
    return redirect(url_for("account.index"))


@pages.post("/account/sessions/end-others")
@signed_in
@fresh
def end_others() -> Answer:
    here = next((row.id for row in standing_sessions(db.session, _me().id, now=utc_now()) if row.here), None)
    count = end_sessions(db.session, _me().id, "signed out everywhere else", now=utc_now(), except_id=here)
    db.session.commit()
    flash(f"{count} other sessions have ended.", "success")
    return redirect(url_for("account.index"))


@pages.post("/account/sessions/end-all")
@signed_in
@fresh
def end_all() -> Answer:
    """Here too: every cookie of this account is refused from now on."""
    renew_identity(db.session, _me(), "signed out everywhere", now=utc_now())
    db.session.commit()
    logout_user()
    flash("You are signed out everywhere.", "success")
    return redirect(url_for("security.login"))
