"""The operator's page of test calls: caps and what is spent today, opened destinations, our own numbers, the edge's trunks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, current_app, flash, redirect, render_template, url_for

from app.calls import edge
from app.calls.forms import CapForm, NumberForm, OpenForm
from app.calls.limits import day_of
from app.calls.models import OpenedCode, OwnNumber, SpendCap, SpendDay, TestCall
from app.calls.service.set_limits import close_code, keep_number, open_code, set_cap, switch_number
from app.carriers.models import Company, Product
from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.errors import DomainError, NotFound
from app.security.access import actor, require
from app.web.tables import csv_response

pages = Blueprint("test_limits", __name__, template_folder="templates")


def settings() -> Settings:
    found: Settings = current_app.config["TANDEM"]
    return found


@pages.get("/operator/test-calls")
@require("operator")
def index() -> Any:
    return _page(_cap_form(), _open_form(), NumberForm())


def _page(cap: CapForm, opening: OpenForm, number: NumberForm, status: int = 200) -> Any:
    trunks, fault = _trunks()
    page = render_template(
        "calls/limits.html", cap_form=cap, open_form=opening, number_form=number, rows=_spending(), opened=_opened(),
        numbers=db.session.scalars(sa.select(OwnNumber).order_by(OwnNumber.number)).all(), trunks=trunks, fault=fault,
        base=settings().lcr.base_currency, default=settings().calls.day_cap, dear=settings().calls.dear_rate,
    )  # fmt: skip
    return page, status


@pages.get("/operator/test-calls.csv")
@require("operator")
def index_csv() -> Any:
    header = ("company", "cap", "spent", "reserved", "calls", "under_way")
    return csv_response("test-call-caps", header, _spending())


@pages.post("/operator/test-calls/cap")
@require("operator")
def cap() -> Any:
    form = _cap_form()
    if not form.validate_on_submit():
        return _page(form, _open_form(), NumberForm(), 422)
    return _done(
        lambda: set_cap(
            db.session,
            actor(),
            form.company.data,
            form.cap.data,
            reason=form.reason.data or "",
            now=utc_now(),
        )
    )


@pages.post("/operator/test-calls/open")
@require("operator")
def opening() -> Any:
    form = _open_form()
    if not form.validate_on_submit():
        return _page(_cap_form(), form, NumberForm(), 422)
    until = utc_now() + timedelta(days=form.days.data or 0)
    return _done(
        lambda: open_code(
            db.session,
            actor(),
            form.company.data,
            form.code.data or "",
            until=until,
            reason=form.reason.data or "",
            now=utc_now(),
        )
    )


@pages.post("/operator/test-calls/open/<int:opened_id>/close")
@require("operator")
def close(opened_id: int) -> Any:
    return _done(lambda: close_code(db.session, actor(), opened_id, now=utc_now()))


@pages.post("/operator/test-calls/numbers")
@require("operator")
def number() -> Any:
    form = NumberForm()
    if not form.validate_on_submit():
        return _page(_cap_form(), _open_form(), form, 422)
    return _done(
        lambda: keep_number(
            db.session,
            actor(),
            form.number.data or "",
            ring_ms=form.ring_ms.data or 0,
            talk_seconds=form.talk_seconds.data or 0,
            now=utc_now(),
        )
    )


@pages.post("/operator/test-calls/numbers/<int:own_number_id>/<act>")
@require("operator")
def switch(own_number_id: int, act: str) -> Any:
    if act not in ("on", "off"):
        raise NotFound("There is no such act.")
    return _done(
        lambda: switch_number(db.session, actor(), own_number_id, enabled=act == "on", now=utc_now())
    )


def _done(verb: Any) -> Any:
    try:
        verb()
        db.session.commit()
    except DomainError as fault:
        db.session.rollback()
        flash(" ".join(filter(None, [fault.message, fault.hint])), "error")
    return redirect(url_for("test_limits.index"))


def _companies() -> list[tuple[int, str]]:
    rows = db.session.execute(
        sa.select(Company.id, Company.name).where(Company.status == "active").order_by(Company.name)
    )
    return [(row.id, row.name) for row in rows]


def _cap_form() -> CapForm:
    form = CapForm()
    form.company.choices = _companies()
    return form


def _open_form() -> OpenForm:
    form = OpenForm()
    form.company.choices = _companies()
    return form


def _spending() -> list[tuple[Any, ...]]:
    """Companies with a cap of their own or calls today: name, cap, spent, set aside, calls, under way."""
    today = day_of(utc_now())
    live = (
        sa.select(sa.func.count())
        .where(TestCall.company_id == Company.id, TestCall.state.in_(("queued", "placed")))
        .scalar_subquery()
    )
    rows = db.session.execute(
        sa.select(Company.name, SpendCap.day_cap, SpendDay.spent, SpendDay.reserved, SpendDay.calls, live)
        .outerjoin(SpendCap, SpendCap.company_id == Company.id)
        .outerjoin(SpendDay, sa.and_(SpendDay.company_id == Company.id, SpendDay.day == today))
        .where(sa.or_(SpendCap.id.is_not(None), SpendDay.id.is_not(None)))
        .order_by(Company.name)
    )
    return [
        (name, cap_, spent or 0, reserved or 0, calls or 0, running)
        for name, cap_, spent, reserved, calls, running in rows
    ]


def _opened() -> list[tuple[int, str, str, Any, str]]:
    rows = db.session.execute(
        sa.select(OpenedCode, Company.name)
        .join(Company, Company.id == OpenedCode.company_id)
        .order_by(OpenedCode.until)
    )
    return [(row.id, name, row.code, row.until, row.reason) for row, name in rows]


def _trunks() -> tuple[list[dict[str, Any]], str]:
    """Health of the vendors' trunks as the edge sees it, and why it cannot be told."""
    try:
        found = edge.told(settings()).get("trunks") or []
    except DomainError as silent:
        return [], silent.message
    ids = [one.get("offer_id") for one in found]
    names = {
        row.id: f"{row.company}, {row.name}"
        for row in db.session.execute(
            sa.select(Product.id, Product.name, Company.name.label("company"))
            .join(Company, Company.id == Product.company_id)
            .where(Product.id.in_(ids))
        )
    }
    return [{**one, "name": names.get(one.get("offer_id"), "")} for one in found], ""
