"""The LCR simulator: the code match drawn digit by digit, every refused vendor with its reason."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from apiflask import APIBlueprint
from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue

from app.carriers.queries import company_names_by_slug
from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.errors import DomainError, Invalid
from app.routing import explained
from app.routing.simulate import Change, Question, compare, simulate, trunk_choices
from app.routing.simulator_form import SimulatorForm
from app.security.access import actor, require
from app.web.tables import csv_response

pages = Blueprint("simulator", __name__, template_folder="templates")
api = APIBlueprint("simulate", __name__, url_prefix="/api/v1/lcr", tag="Routing")

COLUMNS = (
    "rank", "verdict", "vendor", "product", "class", "code", "destination", "rate", "currency", "billed_seconds",
    "amount", "eff", "effective_from", "effective_until", "detail",
)  # fmt: skip


def _form() -> SimulatorForm:
    form = SimulatorForm(request.args)
    who = actor()
    nobody = "operator's view" if who.is_operator else "everything listed"
    form.trunk.choices = [(0, nobody), *trunk_choices(db.session, who)]
    if "trunk" not in request.args:
        form.trunk.data = form.trunk.choices[-1][0] if len(form.trunk.choices) == 2 else 0
    if "policy" not in request.args:
        form.policy.data = ""
    if "vs_policy" not in request.args:
        form.vs_policy.data = ""
    return form


def _question(form: SimulatorForm) -> Question:
    return Question(
        number=(form.number.data or "").strip(),
        at=form.instant("at", utc_now()),
        trunk_id=form.trunk.data or None,
        ani=(form.ani.data or "").strip() or None,
        lrn=(form.lrn.data or "").strip() or None,
        a_lrn=(form.a_lrn.data or "").strip() or None,
        policy=form.policy.data or "",
        reference_seconds=form.seconds.data,
        max_routes=form.max.data,
        sell=form.sell.data,
    )


def _answer(asked: Question) -> dict[str, Any]:
    settings: Settings = current_app.config["TANDEM"]
    return simulate(
        db.session, actor(), settings.snapshot_dir, asked, base_currency=settings.lcr.base_currency
    )


def _second(form: SimulatorForm, asked: Question, first: dict[str, Any]) -> list[Change] | None:
    if not form.vs_at.data and not form.vs_policy.data:
        return None
    other = replace(asked, at=form.instant("vs_at", asked.at), policy=form.vs_policy.data or asked.policy)
    return compare(first, _answer(other))


def _curl(asked: Question) -> str:
    settings: Settings = current_app.config["TANDEM"]
    edge = getattr(settings.edge, "public_url", "") or f"http://{settings.edge.host}:{settings.edge.port}"
    words = {
        "dnis": asked.number,
        "ani": asked.ani,
        "lrn": asked.lrn,
        "a_lrn": asked.a_lrn,
        "at": f"{asked.at:%Y-%m-%dT%H:%M:%SZ}",
        "max": asked.max_routes,
    }
    query = urlencode({name: value for name, value in words.items() if value}, safe=":", quote_via=quote)
    url = f"{edge.rstrip('/')}/v1/lcr?{query}&explain=1"
    return f"curl -s -H 'Authorization: Bearer YOUR_KEY' {shlex.quote(url)}"


@pages.get("/simulator")
@require("lcr:simulate")
def index() -> ResponseReturnValue:
    form = _form()
    answer: dict[str, Any] | None = None
    changes: list[Change] | None = None
    fault: DomainError | None = None
    curl = ""
    status = 200
    if request.args.get("number") is not None:
        if form.validate():
            try:
                asked = _question(form)
                answer = _answer(asked)
                changes = _second(form, asked, answer)
                curl = _curl(asked)
            except DomainError as refused:
                if refused.status == 404:
                    raise
                fault, status = refused, refused.status
        else:
            status = 422
    query = request.query_string.decode()
    return render_template(
        "routing/simulator.html",
        form=form,
        answer=answer,
        names=company_names_by_slug(db.session) if answer else {},
        changes=changes,
        explained=explained,
        asked=form,
        fault=fault,
        curl=curl,
        query=query,
    ), status


@pages.get("/simulator.csv")
@require("lcr:simulate")
def index_csv() -> ResponseReturnValue:
    answer = _checked()
    rows = [[row.get(column) for column in COLUMNS] for row in answer.get("explain") or []]
    return csv_response(f"lcr-{answer['b']}", COLUMNS, rows)


@api.get("/simulate")
@require("lcr:simulate")
@api.doc(
    summary="Simulate a routing decision",
    description="Query: number, trunk, at (UTC), ani, lrn, a_lrn, policy, seconds, max, sell. The answer: the edge's own, with `explain`.",
)
def simulate_api() -> ResponseReturnValue:
    return _checked()


def _checked() -> dict[str, Any]:
    form = _form()
    if not form.validate():
        field, errors = next(iter(form.errors.items()))
        raise Invalid(
            f"{field}: {errors[0]}", hint="See the parameters in the API documentation.", field=str(field)
        )
    return _answer(_question(form))
