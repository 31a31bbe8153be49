"""Files by mail and folder that wait for a person; and the mail that went out."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, current_app, flash, redirect, render_template, request, send_file, url_for

from app.audit.record import record
from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.decks.access import own_product
from app.decks.service.take_file import drop_arrival, own_arrival, release_arrival
from app.errors import Invalid, NotFound
from app.mail.queries import outbox
from app.mail.service.send_again import send_mail_again
from app.security.access import actor, require
from rates.options import Mode

arrivals = Blueprint("arrivals", __name__, template_folder="../templates")
MODES = ("full", "full_per_country", "partial")


def _settings() -> Settings:
    found: Settings = current_app.config["TANDEM"]
    return found


@arrivals.post("/arrivals/<int:arrival_id>/release")
@require("deck:write")
def release(arrival_id: int) -> Any:
    """Say whose file it is: it becomes a deck of the product and is checked."""
    own_arrival(db.session, actor(), arrival_id)
    mode = request.form.get("mode") or None
    if mode is not None and mode not in MODES:
        raise Invalid(f"There is no mode {mode[:20]}.", hint=f"Use one of {', '.join(MODES)}.")
    product = own_product(db.session, actor(), request.form.get("product", 0, int))
    stated = cast("Mode | None", mode)
    taken = release_arrival(db.session, _settings(), actor(), arrival_id, product, stated, now=utc_now())
    db.session.commit()
    return redirect(url_for("deck.show", deck_id=taken.deck_id))


@arrivals.post("/arrivals/<int:arrival_id>/drop")
@require("deck:write")
def drop(arrival_id: int) -> Any:
    """Lay it aside."""
    done = drop_arrival(db.session, actor(), arrival_id, now=utc_now())
    db.session.commit()
    flash(f"{done.filename or 'The message'} was laid aside.", "info")
    return redirect(url_for("decks.inbox"))


@arrivals.get("/arrivals/<int:arrival_id>/original")
@require("deck:read")
def original(arrival_id: int) -> Any:
    """The bytes as received."""
    found = own_arrival(db.session, actor(), arrival_id)
    if found.file_key is None:
        raise NotFound("No file was kept.", hint="It was refused before its bytes were taken.")
    return send_file(
        _settings().files_dir / found.file_key, as_attachment=True, download_name=found.filename or "file",
        mimetype="application/octet-stream",
    )  # fmt: skip


@arrivals.post("/outbox/<int:mail_id>/send")
@require("deck:write")
def send_again(mail_id: int) -> Any:
    """A message that failed, or was kept before a server was configured, is tried once more."""
    now = utc_now()
    mail = send_mail_again(db.session, _settings().mail, actor(), mail_id, now=now)
    record(db.session, actor(), action="mail.send_again", obj=mail, now=now, company_id=mail.company_id,
           after={"recipient": mail.recipient})  # fmt: skip
    db.session.commit()
    flash(f"The message to {mail.recipient} is on its way again.", "info")
    return redirect(url_for("arrivals.mails"))


@arrivals.get("/outbox")
@require("deck:read")
def mails() -> str:
    """Messages to senders and buyers: sent, waiting, or kept here where no mail server is configured."""
    return render_template(
        "decks/outbox.html", mails=outbox(db.session, actor()), configured=bool(_settings().mail.smtp_host)
    )
