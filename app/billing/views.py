"""The page of a month of an agreement, its CSV, and the same over the API."""

from __future__ import annotations

from datetime import date
from typing import Any

from apiflask import APIBlueprint, APIFlask, Schema
from apiflask.fields import Boolean, Dict, Integer, List, String
from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app.billing.queries import month_of, months_of
from app.billing.statement import Statement, in_currency
from app.clock import utc_now
from app.db import db
from app.deals.document import WORDS
from app.deals.models import Agreement
from app.deals.peering import SETTLED_BY
from app.deals.queries import agreement_of
from app.errors import NotFound
from app.security.access import actor, require
from app.web.tables import csv_response

pages = Blueprint("billing", __name__, template_folder="templates")
api = APIBlueprint("billing_api", __name__, url_prefix="/api/v1", tag="Deals")


def register(app: APIFlask) -> None:
    """Months of agreements."""
    app.register_blueprint(pages)
    app.register_blueprint(api)


def _month(agreement_id: int, text: str) -> tuple[Agreement, Statement]:
    """Raises NotFound for what is not the asker's, and for what is no month of it."""
    agreement = agreement_of(db.session, agreement_id, actor())
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise NotFound("There is no such month.", hint="Write 2026-11.") from None
    return agreement, month_of(db.session, agreement, month, utc_now())


@pages.get("/agreements/<int:agreement_id>/months")
@require("market:read")
def newest(agreement_id: int) -> Response:
    """To the newest month; to the agreement before it begins."""
    months = months_of(agreement_of(db.session, agreement_id, actor()), utc_now())
    if not months:
        return redirect(url_for("agreements.show", agreement_id=agreement_id))
    return redirect(url_for("billing.month", agreement_id=agreement_id, month=f"{months[0]:%Y-%m}"))


@pages.get("/agreements/<int:agreement_id>/months/<month>")
@require("market:read")
def month(agreement_id: int, month: str) -> Any:
    agreement, found = _month(agreement_id, month)
    return render_template(
        "billing/month.html", row=agreement, found=found, months=months_of(agreement, utc_now())[:36], words=WORDS,
        plain=in_currency, settled=SETTLED_BY,
    )  # fmt: skip


@pages.get("/agreements/<int:agreement_id>/months/<month>.csv")
@require("market:read")
def month_csv(agreement_id: int, month: str) -> Any:
    _, found = _month(agreement_id, month)
    header = ("code", "destination", "rate", "calls", "billed_seconds", "amount", "currency")
    lines: list[tuple[Any, ...]] = [
        (line.code, line.destination, in_currency(line.rate_nanos), line.calls, line.billed_seconds,
         in_currency(line.amount_nanos), found.currency) for line in found.lines
    ]  # fmt: skip
    rest = [
        ("tiers", -found.discount_nanos),
        ("shortfall", found.shortfall_nanos),
        ("service credit", -found.credit_nanos),
    ]
    if found.peered is not None:
        lines += [
            (line.code, f"{line.destination} (to the buyer)", in_currency(line.rate_nanos), line.calls, line.billed_seconds,
             in_currency(line.amount_nanos), found.currency) for line in found.peered.back
        ]  # fmt: skip
        rest.append(("above the ratio", found.peered.for_buyer_nanos if found.closed else 0))
    rest.append(("total", found.total_nanos))
    lines += [("", name, "", "", "", in_currency(nanos), found.currency) for name, nanos in rest]
    return csv_response(f"agreement-{agreement_id}-{found.month:%Y-%m}", header, lines)


class MonthOut(Schema):
    month = String()
    number = Integer()
    currency = String()
    closed = Boolean()
    lines = List(Dict())
    minutes = Integer()
    billed_seconds = Integer()
    charges_nanos = Integer()
    tier_bp = Integer()
    discount_nanos = Integer()
    committed_minutes = Integer()
    missing_minutes = Integer()
    shortfall_nanos = Integer()
    promises = List(Dict())
    credit_nanos = Integer()
    total_nanos = Integer()
    peered = Dict(allow_none=True)
    verdict = String()


@api.get("/agreements/<int:agreement_id>/months/<month>")
@require("market:read")
@api.output(MonthOut)
def get_month(agreement_id: int, month: str) -> Any:
    """A calendar month (UTC, `2026-11`) in money and quality, as far as call records have come."""
    _, found = _month(agreement_id, month)
    return found.document()
