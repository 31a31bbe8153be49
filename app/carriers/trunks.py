"""Pages of customer trunks: a buyer's connections and their policies."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.carriers import queries
from app.carriers.forms import CustomerTrunkForm, split_list
from app.carriers.hunt_form import hunt_of, hunt_values
from app.carriers.models import CustomerTrunk
from app.carriers.normalise_form import read_number, values_of, words_of
from app.carriers.offer_lists import list_values, lists_of_form, usable_offers
from app.carriers.policy_form import form_values, policy_of_form
from app.carriers.service.save_customer_trunk import CustomerTrunkFacts, save_customer_trunk
from app.clock import utc_now
from app.db import db
from app.errors import DomainError
from app.security.access import actor, require
from app.web.tables import csv_response

pages = Blueprint("trunks", __name__, template_folder="templates")
LRN_SOURCES = ["query", "file", "dip"]


def _scope() -> int | None:
    who = actor()
    return None if who.is_operator else who.company_id


@pages.get("/trunks")
@require("market:read")
def index() -> Any:
    return render_template(
        "carriers/trunks.html",
        trunks=queries.customer_trunks(db.session, _scope()),
        companies=queries.company_names(db.session) if actor().is_operator else {},
    )


@pages.get("/trunks.csv")
@require("market:read")
def index_csv() -> Any:
    rows = queries.customer_trunks(db.session, _scope())
    header = ("id", "name", "order_by", "max_routes", "tech_prefix", "addresses", "enabled")
    return csv_response(
        "trunks",
        header,
        [
            (
                t.id,
                t.name,
                t.policy.get("kind", "cost"),
                t.max_routes,
                t.tech_prefix,
                " ".join(t.source_ips),
                t.enabled,
            )
            for t in rows
        ],
    )


@pages.route("/trunks/new", methods=["GET", "POST"])
@require("trunk:manage")
def create() -> Any:
    return _edit(None)


@pages.route("/trunks/<int:trunk_id>/edit", methods=["GET", "POST"])
@require("trunk:manage")
def edit(trunk_id: int) -> Any:
    return _edit(queries.customer_trunk_of(db.session, trunk_id, _scope()))


@pages.get("/trunks/number-preview")
@require("trunk:manage")
def number_preview() -> Any:
    """What the rules in the form make of a number; asked while they are typed."""
    given = request.args.to_dict()
    number = (given.get("try_number") or "").strip()
    fault, read = "", None
    try:
        read = (
            read_number(words_of(given), _without(number, given.get("tech_prefix", ""))) if number else None
        )
    except DomainError as refused:
        fault = refused.message
    return render_template("carriers/_number_preview.html", read=read, fault=fault, number=number)


def _without(number: str, prefix: str) -> str:
    return number.removeprefix(prefix) if prefix else number


def _edit(trunk: CustomerTrunk | None) -> Any:
    form = CustomerTrunkForm(data=_values(trunk))
    owner = trunk.company_id if trunk else actor().company_id
    form.offer_choices(usable_offers(db.session, trunk, owner, utc_now()))
    if form.validate_on_submit():
        try:
            facts = CustomerTrunkFacts(
                name=(form.name.data or "").strip(),
                tech_prefix=form.tech_prefix.data or "",
                source_ips=split_list(form.source_ips.data),
                policy=lists_of_form(form) | policy_of_form(form),
                max_routes=form.max_routes.data or 0,
                blocked_codes=split_list(form.blocked_codes.data),
                opened_codes=split_list(form.opened_codes.data),
                enabled=form.enabled.data,
                normalise=words_of(form.data),
                hunt=hunt_of(form.data),
                lrn_sources=None if form.lrn_sources.data == LRN_SOURCES else form.lrn_sources.data,
            )
            saved = save_customer_trunk(db.session, actor(), facts, trunk=trunk, now=utc_now())
        except (DomainError, ValueError) as fault:
            db.session.rollback()
            hint = fault.hint if isinstance(fault, DomainError) else None
            form.form_errors.append(f"{fault} {hint or ''}")
        else:
            db.session.commit()
            flash(f"Trunk {saved.name} is saved; the edge follows within seconds.", "success")
            return redirect(url_for("trunks.index"))
    status = 422 if form.is_submitted() else 200
    return render_template("carriers/trunk_form.html", form=form, trunk=trunk), status


def _values(trunk: CustomerTrunk | None) -> dict[str, Any]:
    if trunk is None:
        return {
            "enabled": True,
            "max_routes": 5,
            "lrn_sources": LRN_SOURCES,
            **list_values({}),
            **form_values({}),
        }
    return {
        "name": trunk.name,
        "tech_prefix": trunk.tech_prefix,
        "source_ips": "\n".join(trunk.source_ips),
        "max_routes": trunk.max_routes,
        "blocked_codes": " ".join(trunk.blocked_codes),
        "opened_codes": " ".join(trunk.opened_codes),
        "enabled": trunk.enabled,
        "lrn_sources": LRN_SOURCES if trunk.lrn_sources is None else trunk.lrn_sources,
        **values_of(trunk.normalise),
        **hunt_values(trunk.hunt),
        **list_values(trunk.policy),
        **form_values(trunk.policy),
    }
