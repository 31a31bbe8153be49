"""API keys, and the page that tells how to connect a switch."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for

from app.carriers import queries
from app.carriers.forms import KeyForm, NothingForm, fill_choice
from app.carriers.models import CustomerTrunk
from app.carriers.service.create_key import create_key
from app.carriers.service.revoke_key import revoke_key
from app.carriers.snippets import key_placeholder, snippets_for
from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.errors import DomainError
from app.security.access import actor, require
from app.web.tables import csv_response

pages = Blueprint("keys", __name__, template_folder="templates")


def edge_url() -> str:
    """Where switches ask: the public address when one is configured, else the edge's own."""
    settings: Settings = current_app.config["TANDEM"]
    public = getattr(settings.edge, "public_url", "")
    return public.rstrip("/") or f"http://{settings.edge.host}:{settings.edge.port}"


@pages.get("/keys")
@require("key:manage")
def index() -> Any:
    rows = queries.api_keys(db.session, actor().company_id, utc_now())
    return render_template("carriers/keys.html", keys=rows, form=_form(), nothing=NothingForm())


@pages.get("/keys.csv")
@require("key:manage")
def index_csv() -> Any:
    rows = queries.api_keys(db.session, actor().company_id, utc_now())
    header = (
        "id",
        "name",
        "prefix",
        "scopes",
        "trunk",
        "created_at",
        "expires_at",
        "last_used_at",
        "state",
        "networks",
    )
    return csv_response(
        "keys",
        header,
        [
            (
                k.id,
                k.name,
                k.prefix,
                " ".join(k.scopes),
                k.trunk,
                k.created_at,
                k.expires_at,
                k.last_used_at,
                k.state,
                " ".join(k.networks),
            )
            for k in rows
        ],
    )


def _form() -> KeyForm:
    form = KeyForm()
    trunks = [(t.id, t.name) for t in queries.customer_trunks(db.session, actor().company_id)]
    fill_choice(form.trunk_id, trunks, "none")
    if not form.is_submitted() and trunks:
        form.trunk_id.data = trunks[0][0]
    return form


@pages.post("/keys")
@require("key:manage")
def create() -> Any:
    """Shows the secret in the answer itself: it is never stored, so there is no page to come back to."""
    form = _form()
    if form.validate_on_submit():
        try:
            key, secret = create_key(
                db.session,
                actor(),
                name=(form.name.data or "").strip(),
                scopes=list(form.scopes.data or ()),
                trunk_id=form.trunk_id.data or None,
                valid_days=form.valid_days.data or None,
                ip_list=(form.ip_list.data or "").replace(",", " ").split(),
                now=utc_now(),
            )
        except DomainError as fault:
            db.session.rollback()
            form.form_errors.append(f"{fault.message} {fault.hint or ''}")
        else:
            db.session.commit()
            return render_template("carriers/key_created.html", key=key, secret=secret, edge_url=edge_url())
    rows = queries.api_keys(db.session, actor().company_id, utc_now())
    return render_template("carriers/keys.html", keys=rows, form=form, nothing=NothingForm()), 422


@pages.post("/keys/<int:key_id>/revoke")
@require("key:manage")
def revoke(key_id: int) -> Any:
    NothingForm().validate()
    key = revoke_key(db.session, actor(), key_id, now=utc_now())
    db.session.commit()
    flash(f"Key {key.name} is revoked; the edge refuses it within seconds.", "success")
    return redirect(url_for("keys.index"))


@pages.get("/connect")
@require("market:read")
def connect() -> Any:
    trunks = queries.customer_trunks(db.session, None if actor().is_operator else actor().company_id)
    chosen = next(
        (t for t in trunks if str(t.id) == request.args.get("trunk")), trunks[0] if trunks else None
    )
    return render_template(
        "carriers/connect.html",
        trunks=trunks,
        chosen=chosen,
        edge_url=edge_url(),
        snippets=snippets_for(edge_url(), chosen.name) if chosen else [],
        placeholder=key_placeholder(chosen.name) if chosen else "",
        keys=_keys_of(chosen) if chosen else [],
    )


def _keys_of(trunk: CustomerTrunk) -> list[queries.KeyRow]:
    """The trunk's keys that hold now, for those who may see keys."""
    if not actor().may("key:manage"):
        return []
    rows = queries.api_keys(db.session, trunk.company_id, utc_now())
    return [row for row in rows if row.trunk == trunk.name and row.state == "active"]
