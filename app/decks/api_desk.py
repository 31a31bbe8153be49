"""Rules, money impact, traffic, pending changes and decisions on late rows, below /api/v1."""

from __future__ import annotations

from typing import Any

import msgspec
from apiflask import APIBlueprint, Schema
from apiflask.fields import Dict, File, Integer, List, String
from apiflask.validators import Length, OneOf, Range
from flask import Response, current_app, jsonify

from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.decks import queries
from app.decks.access import own_company, own_deck, own_product, own_template
from app.decks.auto_accept import read_rule
from app.decks.impact import WINDOWS, csv_lines, impact_of_deck, json_of
from app.decks.outgoing import outgoing
from app.decks.pending import pending
from app.decks.policy import Policy, policy_of
from app.decks.service.accept_problem import accept_problem
from app.decks.service.import_traffic import import_traffic
from app.decks.service.keep_profile import keep_profile
from app.decks.service.manage_template import export_template, import_template
from app.decks.service.save_policy import save_policy
from app.decks.service.settle_late import CHOICES, settle_late
from app.decks.summary import deck_summary
from app.decks.views.history import XLSX, read_instant, store
from app.decks.views.impact import TRAFFIC_BYTES
from app.errors import Invalid
from app.security.access import actor, require
from app.web.idempotency import answer_once

api = APIBlueprint("deck_desk_api", __name__, url_prefix="/api/v1", tag="Rate decks")


def _settings() -> Settings:
    found: Settings = current_app.config["TANDEM"]
    return found


class ImpactQuery(Schema):
    days = Integer(load_default=30, validate=OneOf(WINDOWS))
    card = Integer(load_default=None, allow_none=True, validate=Range(1, 2**31 - 1))
    buyer = Integer(load_default=None, allow_none=True, validate=Range(1, 2**31 - 1))
    format = String(load_default="json", validate=OneOf(("json", "csv")))


class ExportQuery(Schema):
    at = String(load_default="", validate=Length(max=40))
    version = Integer(load_default=None, allow_none=True, validate=Range(1, 2**31 - 1))
    since = Integer(load_default=None, allow_none=True, validate=Range(1, 2**31 - 1))
    layout = Integer(load_default=None, allow_none=True, validate=Range(1, 2**31 - 1))
    format = String(load_default="csv", validate=OneOf(("csv", "xlsx")))


class ProfileBody(Schema):
    text = String(
        required=True, validate=Length(max=200_000),
        metadata={"description": "One line each: code or destination, minutes, calls, sell rate; TAB, `;` or `,` between"},
    )  # fmt: skip


class LateBody(Schema):
    all = String(load_default="", validate=OneOf(("", *CHOICES)))
    codes = List(String(validate=Length(max=15)), load_default=[])
    choice = String(load_default="", validate=OneOf(("", *CHOICES)))


class WarningBody(Schema):
    accept = String(load_default="", validate=Length(max=40))
    undo = String(load_default="", validate=Length(max=40))


class TrafficBody(Schema):
    file = File(
        required=True, metadata={"description": "CSV: day, code, calls, minutes or seconds; or call records"}
    )  # type: ignore[no-untyped-call]


class RulesBody(Schema):
    thresholds = Dict(metadata={"description": "Levels and numbers that differ from the defaults"})
    auto_accept = Dict()
    senders = List(String(validate=Length(max=254)))
    acd_seconds = Integer(validate=Range(1, 7200))


class TemplateBody(Schema):
    toml = String(required=True, validate=Length(max=256 * 1024))


@api.get("/decks/<int:deck_id>/impact")
@require("deck:read")
@api.input(ImpactQuery, location="query", arg_name="query")
@api.doc(summary="What the deck does to cost and margin on recent traffic, by destination")
def get_impact(deck_id: int, query: dict[str, Any]) -> Any:
    """Amounts of whole calls, increments and fees included; decimals as strings. `format=csv` for the table."""
    deck = own_deck(db.session, actor(), deck_id)
    answer = impact_of_deck(
        db.session,
        _settings(),
        actor(),
        deck,
        now=utc_now(),
        days=query["days"],
        card_id=query["card"],
        buyer_id=query["buyer"],
    )
    if query["format"] == "csv":
        return Response(csv_lines(answer), mimetype="text/csv")
    return jsonify(json_of(answer))


@api.put("/decks/<int:deck_id>/profile")
@require("deck:write")
@api.input(ProfileBody, arg_name="body")
@api.doc(summary="Price a pasted traffic profile instead of recorded traffic")
def put_profile(deck_id: int, body: dict[str, Any]) -> Any:
    """The same text again is the same profile."""
    deck = keep_profile(db.session, actor(), deck_id, body["text"], now=utc_now())
    db.session.commit()
    return jsonify(lines=deck.profile)


@api.post("/decks/<int:deck_id>/late")
@require("deck:write")
@api.input(LateBody, arg_name="body")
@api.doc(
    summary="Decide on increases with too short notice",
    responses={202: "The check runs", 409: "Approved or discarded"},
)
def post_late(deck_id: int, body: dict[str, Any]) -> Any:
    """`all`: postpone, accept or reject for every such row; else `choice` for `codes`. The deck is checked again."""

    def act() -> tuple[dict[str, Any], int]:
        deck = settle_late(
            db.session,
            actor(),
            deck_id,
            every=body["all"],
            codes=body["codes"],
            choice=body["choice"],
            now=utc_now(),
        )
        return deck_summary(db.session, deck), 202

    answer, status = answer_once(act)
    return jsonify(answer), status


@api.post("/decks/<int:deck_id>/warnings")
@require("deck:write")
@api.input(WarningBody, arg_name="body")
@api.doc(summary="Mark a warning as read, or lift a blocking sanity check")
def post_warning(deck_id: int, body: dict[str, Any]) -> Any:
    """Lifting a block checks the deck again, and a second person must approve it."""
    deck = accept_problem(db.session, actor(), deck_id, body["accept"], undo=body["undo"], now=utc_now())
    db.session.commit()
    return jsonify(deck_summary(db.session, deck))


@api.post("/products/<int:product_id>/traffic")
@require("deck:write")
@api.input(TrafficBody, location="files", arg_name="data")
@api.doc(summary="Record traffic by day and code", responses={422: "A line does not fit"})
def post_traffic(product_id: int, data: dict[str, Any]) -> Any:
    """Days and codes sent again replace those before: sending a file twice changes nothing."""
    product = own_product(db.session, actor(), product_id)
    content = data["file"].stream.read(TRAFFIC_BYTES + 1)
    if len(content) > TRAFFIC_BYTES:
        raise Invalid("The file is larger than 64 MiB.", hint="Aggregate by day and code first.")
    done = import_traffic(
        db.session, actor(), product, content.decode("utf-8", "replace"), settings=_settings(), now=utc_now()
    )
    db.session.commit()
    return jsonify(msgspec.to_builtins(done))


@api.get("/products/<int:product_id>/traffic")
@require("deck:read")
@api.doc(summary="Recorded traffic by day, newest first")
def get_traffic(product_id: int) -> Any:
    """Codes, answered calls and talk seconds of each day."""
    own_product(db.session, actor(), product_id)
    return jsonify(days=[msgspec.to_builtins(line) for line in queries.traffic_days(db.session, product_id)])


@api.get("/products/<int:product_id>/export")
@require("deck:read")
@api.input(ExportQuery, location="query", arg_name="query")
@api.doc(
    summary="A deck as a file: A-Z or changes only, in the carrier's own layout",
    responses={404: "No approved deck"},
)
def get_export(product_id: int, query: dict[str, Any]) -> Any:
    """`since` a version number gives only what differs from it; `layout` is the id of one of the carrier's templates."""
    found = outgoing(
        db.session, _settings(), actor(), product_id, at=read_instant(query["at"], utc_now()), version=query["version"],
        since=query["since"], template_id=query["layout"],
    )  # fmt: skip
    if query["format"] == "xlsx":
        return Response(found.xlsx(), mimetype=XLSX)
    return Response(found.csv(), mimetype="text/csv")


@api.get("/products/<int:product_id>/calendar")
@require("deck:read")
@api.doc(summary="Approved changes not yet in force, by instant")
def get_calendar(product_id: int) -> Any:
    """Counts by label at each instant, and the decks they come from."""
    product = own_product(db.session, actor(), product_id)
    days, more = pending(store().open(product.timeline_key), utc_now()) if product.timeline_key else ([], 0)
    return jsonify(
        instants=[
            {"at": day.at.isoformat(), "counts": day.counts, "decks": list(day.deck_ids)} for day in days
        ],
        more=more,
    )


@api.get("/deck-rules/<int:company_id>")
@require("deck:read")
@api.doc(summary="What a carrier's decks are held to")
def get_rules(company_id: int) -> Any:
    """Thresholds that differ from the defaults, the auto-accept rule, senders, remembered answers, templates."""
    company = own_company(db.session, actor(), company_id)
    return jsonify(_rules(policy_of(db.session, company.id)))


@api.patch("/deck-rules/<int:company_id>")
@require("deck:approve")
@api.input(RulesBody, arg_name="body")
@api.doc(
    summary="Change a carrier's rules",
    responses={200: "As they are now", 409: "A sender belongs to another carrier"},
)
def patch_rules(company_id: int, body: dict[str, Any]) -> Any:
    """Parts given replace those before; the others stay."""
    company = own_company(db.session, actor(), company_id)
    try:
        auto = read_rule(body["auto_accept"]) if "auto_accept" in body else None
    except msgspec.ValidationError as fault:
        raise Invalid(f"The auto-accept rule does not fit: {fault}.", hint="GET shows its fields.") from fault
    save_policy(
        db.session, actor(), company, thresholds=body.get("thresholds"), auto=auto, senders=body.get("senders"),
        acd_seconds=body.get("acd_seconds"), now=utc_now(),
    )  # fmt: skip
    db.session.commit()
    return jsonify(_rules(policy_of(db.session, company.id)))


def _rules(policy: Policy) -> dict[str, Any]:
    kept = queries.templates(db.session, policy.company_id)
    return {
        "thresholds": policy.thresholds.to_dict(), "auto_accept": msgspec.to_builtins(policy.auto),
        "senders": list(policy.senders), "acd_seconds": policy.acd_seconds, "answers": policy.answers,
        "templates": [{"id": one.id, "name": one.name, "columns": one.columns, "used": one.used} for one in kept],
    }  # fmt: skip


@api.get("/deck-templates/<int:template_id>")
@require("deck:read")
@api.doc(summary="A carrier's template as TOML")
def get_template(template_id: int) -> Any:
    """What POST takes."""
    return jsonify(toml=export_template(own_template(db.session, actor(), template_id)))


@api.post("/deck-rules/<int:company_id>/templates")
@require("deck:write")
@api.input(TemplateBody, arg_name="body")
@api.doc(summary="Import a carrier's template", responses={422: "The TOML does not fit"})
def post_template(company_id: int, body: dict[str, Any]) -> Any:
    """Takes the place of the carrier's template for the same layout."""
    company = own_company(db.session, actor(), company_id)
    kept = import_template(db.session, actor(), company, body["toml"], now=utc_now())
    db.session.commit()
    return jsonify(id=kept.id, name=kept.name)
