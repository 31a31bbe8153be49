"""Pages: what happened, and the company's webhooks with the log of their deliveries."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for

from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.errors import DomainError
from app.hooks.forms import WebhookForm, WishForm
from app.hooks.jobs import signing_key
from app.hooks.queries import PAGE, deliveries, news, webhooks
from app.hooks.service.digest import wish_of
from app.hooks.service.keep_webhook import (
    keep_webhook,
    remove_webhook,
    replay,
    switch_webhook,
    try_webhook,
    webhook_of,
)
from app.hooks.signing import secret_of
from app.security.access import actor, require
from app.web.tables import csv_response

NO_ATTEMPT: list[Any] = [("", "", "", "")]
pages = Blueprint("hooks", __name__, template_folder="templates")


def settings() -> Settings:
    found: Settings = current_app.config["TANDEM"]
    return found


@pages.get("/news")
@require("market:read")
def news_index() -> Any:
    who, after = actor(), request.args.get("after", None, int)
    form = WishForm()
    if who.user_id is not None:
        form.mail.data = wish_of(db.session, who.user_id).mail
        db.session.rollback()
    rows = news(db.session, who, after=after, limit=PAGE + 1)
    return render_template(
        "hooks/news.html", rows=rows[:PAGE], more=rows[PAGE - 1].id if len(rows) > PAGE else None, form=form
    )


@pages.get("/news.csv")
@require("market:read")
def news_csv() -> Any:
    rows = news(db.session, actor(), limit=20_000)
    return csv_response(
        "news", ("id", "at_utc", "kind", "text", "page"), [(r.id, r.at, r.kind, r.text, r.href) for r in rows]
    )


@pages.post("/news/mail")
@require("market:read")
def wish() -> Any:
    form, who = WishForm(), actor()
    if form.validate_on_submit() and who.user_id is not None:
        wish_of(db.session, who.user_id).mail = form.mail.data
        db.session.commit()
        flash("Kept.", "success")
    return redirect(url_for("hooks.news_index"))


@pages.get("/webhooks")
@require("key:manage")
def index() -> Any:
    return render_template("hooks/webhooks.html", rows=webhooks(db.session, actor()), form=WebhookForm())


@pages.get("/webhooks.csv")
@require("key:manage")
def index_csv() -> Any:
    header = (
        "id",
        "url",
        "kinds",
        "enabled",
        "delivered",
        "waiting",
        "given_up",
        "last_answer",
        "created_at_utc",
    )
    return csv_response("webhooks", header, [
        (r.id, r.url, " ".join(r.kinds), r.enabled, r.delivered, r.waiting, r.given_up, r.last, r.created_at)
        for r in webhooks(db.session, actor())
    ])  # fmt: skip


@pages.post("/webhooks")
@require("key:manage")
def create() -> Any:
    form = WebhookForm()
    if form.validate_on_submit():
        try:
            hook = keep_webhook(
                db.session, actor(), form.url.data or "", form.kinds.data or [], allowed=settings().hooks.allowed_networks,
                now=utc_now(),
            )  # fmt: skip
        except DomainError as fault:
            db.session.rollback()
            form.form_errors.append(f"{fault.message} {fault.hint or ''}")
        else:
            db.session.commit()
            return redirect(url_for("hooks.show", webhook_id=hook.id))
    return render_template("hooks/webhooks.html", rows=webhooks(db.session, actor()), form=form), 422


@pages.get("/webhooks/<int:webhook_id>")
@require("key:manage")
def show(webhook_id: int) -> Any:
    hook = webhook_of(db.session, actor(), webhook_id)
    after = request.args.get("after", None, int)
    rows = deliveries(db.session, hook.id, after=after, limit=PAGE + 1)
    secret = secret_of(signing_key(settings()), hook.id, hook.salt)
    return render_template(
        "hooks/webhook.html",
        hook=hook,
        rows=rows[:PAGE],
        more=rows[PAGE - 1].id if len(rows) > PAGE else None,
        secret=secret,
    )


@pages.get("/webhooks/<int:webhook_id>/deliveries.csv")
@require("key:manage")
def deliveries_csv(webhook_id: int) -> Any:
    hook = webhook_of(db.session, actor(), webhook_id)
    header = ("delivery", "event", "kind", "state", "attempt_at_utc", "status", "milliseconds", "fault")
    return csv_response(f"webhook-{hook.id}-deliveries", header, [
        (row.id, row.event, row.kind, row.state, *attempt)
        for row in deliveries(db.session, hook.id, limit=20_000)
        for attempt in (row.attempts or NO_ATTEMPT)
    ])  # fmt: skip


@pages.post("/webhooks/<int:webhook_id>/<any(remove, on, off, test):act>")
@require("key:manage")
def change(webhook_id: int, act: str) -> Any:
    now = utc_now()
    if act == "remove":
        remove_webhook(db.session, actor(), webhook_id, now=now)
        db.session.commit()
        flash("The webhook is gone; nothing more is sent there.", "success")
        return redirect(url_for("hooks.index"))
    if act == "test":
        try_webhook(db.session, actor(), webhook_id, now=now)
        flash("A test message is on its way.", "success")
    else:
        switch_webhook(db.session, actor(), webhook_id, enabled=act == "on", now=now)
    db.session.commit()
    return redirect(url_for("hooks.show", webhook_id=webhook_id))


@pages.post("/webhooks/deliveries/<int:delivery_id>/replay")
@require("key:manage")
def send_again(delivery_id: int) -> Any:
    delivery = replay(db.session, actor(), delivery_id, now=utc_now())
    db.session.commit()
    flash("It is sent again.", "success")
    return redirect(url_for("hooks.show", webhook_id=delivery.webhook_id))
