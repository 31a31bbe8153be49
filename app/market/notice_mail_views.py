"""Where the link in a rate notice's mail leads: the summary, and the button that acknowledges it for the recipient."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, current_app, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from app.clock import utc_now
from app.db import db
from app.errors import NotFound
from app.market.models import RateNotice
from app.market.notice_link import read_link
from app.market.service.acknowledge_notice import acknowledge_notice
from app.security.actor import Actor, actor_of_user
from app.security.models import User

pages = Blueprint("rate_notice_mail", __name__, template_folder="templates")


def _opened(session: Session, token: str) -> tuple[RateNotice, Actor]:
    """The notice and its recipient, who must still be a person of the buyer. Raises NotFound."""
    notice_id, address = read_link(current_app.config["TANDEM"], token)
    notice = session.get(RateNotice, notice_id)
    person = session.scalar(sa.select(User).where(User.email == address))
    who = actor_of_user(session, person, request.remote_addr) if person is not None else None
    if notice is None or who is None or who.company_id != notice.buyer_id or not who.may("market:buy"):
        raise NotFound("This link no longer leads anywhere.", hint="Sign in and open Rate notices.")
    return notice, replace(who, is_operator=False)


@pages.get("/rate-notices/mail/<token>")
def show(token: str) -> str:
    """What changes, in one screen."""
    notice, who = _opened(db.session, token)
    return render_template("market/notice_mail.html", notice=notice, token=token, recipient=who.email)


@pages.post("/rate-notices/mail/<token>")
def acknowledge(token: str) -> Any:
    """The recipient has read it; once is enough."""
    notice, who = _opened(db.session, token)
    acknowledge_notice(db.session, who, notice.id, answer=request.form.get("answer", ""), now=utc_now())
    db.session.commit()
    return redirect(url_for("rate_notice_mail.show", token=token))
