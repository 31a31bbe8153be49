"""A product's versions: list, compare, download now or as of an instant, roll back."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for

from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.decks import exports, grids, queries
from app.decks.access import own_product, own_version
from app.decks.forms import RollbackForm
from app.decks.outgoing import outgoing
from app.decks.pending import pending
from app.decks.service.rollback_version import rollback_version
from app.decks.timelines import LABELS, at_instant, compare, longest_match
from app.errors import Invalid, NotFound
from app.security.access import actor, require
from rates.store import Store

history = Blueprint(
    "deck_history", __name__, url_prefix="/products/<int:product_id>", template_folder="../templates"
)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def store() -> Store:
    settings: Settings = current_app.config["TANDEM"]
    return Store(str(settings.store_dir))


def read_instant(text: str | None, now: datetime) -> datetime:
    """An ISO date or instant (UTC unless it says otherwise); empty = now. Raises Invalid."""
    if not text:
        return now
    try:
        found = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError as fault:
        raise Invalid(
            f"{text[:40]} is not a date.", hint="Write 2026-11-21 or 2026-11-21T05:00:00Z."
        ) from fault
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError as fault:
        raise Invalid(
            f"{text[:40]} lies outside the calendar.", hint="Write a year from 1971 to 9998."
        ) from fault


def deck_at(product_id: int, at: datetime, version: int | None = None) -> Any:
    """(product, version number, rows in force at `at`). Raises NotFound before the first deck is approved."""
    product = own_product(db.session, actor(), product_id)
    number = version or product.version
    if number == 0:
        raise NotFound(f"{product.name} has no approved deck yet.", hint="Upload and approve one first.")
    found = own_version(db.session, actor(), product_id, number)
    return product, number, at_instant(store().open(found.timeline_key), at)


@history.get("/decks")
@require("deck:read")
def versions(product_id: int) -> str:
    """All versions, with the form to compare two and to see the deck of a day."""
    product = own_product(db.session, actor(), product_id)
    return render_template(
        "decks/history.html", product=product, versions=queries.versions(db.session, product_id), form=RollbackForm(),
        now=utc_now(), templates=[one for one in queries.templates(db.session, product.company_id) if one.columns],
    )  # fmt: skip


@history.get("/deck")
@require("deck:read")
def prices(product_id: int) -> str:
    """The deck as priced at an instant."""
    at = read_instant(request.args.get("at"), utc_now())
    product, number, table = deck_at(product_id, at, request.args.get("version", None, int))
    q = request.args.get("q", "").strip()
    found = grids.filter_diff(table, q=q)
    matched = longest_match(table, q) if not found.num_rows else None
    rows = grids.paged(found, request.args.get("page", 1, int))
    return render_template(
        "decks/prices.html",
        matched=matched,
        product=product,
        number=number,
        rows=rows,
        q=q,
        at=at,
        asked=request.args.get("at", ""),
    )


@history.get("/deck.<string(length=3):kind>")
@history.get("/deck.<string(length=4):kind>")
@require("deck:read")
def download(product_id: int, kind: str) -> Response:
    """The deck as CSV or XLSX, now or `at` an instant."""
    at = read_instant(request.args.get("at"), utc_now())
    product, number, table = deck_at(product_id, at, request.args.get("version", None, int))
    return as_file(table, kind, f"{product.name}-v{number}-{at:%Y%m%d}", exports.DECK_COLUMNS)


def as_file(table: Any, kind: str, stem: str, columns: dict[str, str]) -> Response:
    """A table as an attachment. Raises NotFound for another kind than csv or xlsx."""
    name = "".join(c if c.isalnum() or c in "-_." else "-" for c in stem)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    if kind == "csv":
        return Response(exports.csv_rows(table, columns), mimetype="text/csv", headers=headers)
    if kind == "xlsx":
        return Response(exports.xlsx_bytes(table, columns, "Deck"), mimetype=XLSX, headers=headers)
    raise NotFound(f"There is no {kind} form of this.", hint="Ask for csv or xlsx.")


@history.get("/export.<string(length=3):kind>")
@history.get("/export.<string(length=4):kind>")
@require("deck:read")
def export(product_id: int, kind: str) -> Response:
    """A-Z or changes only (`since`), in our layout or a carrier's own (`layout`), as CSV or XLSX."""
    args = request.args
    found = outgoing(
        db.session, current_app.config["TANDEM"], actor(), product_id, at=read_instant(args.get("at"), utc_now()),
        version=args.get("version", None, int), since=args.get("since", None, int), template_id=args.get("layout", None, int),
    )  # fmt: skip
    name = "".join(c if c.isalnum() or c in "-_." else "-" for c in found.name)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    if kind == "csv":
        return Response(found.csv(), mimetype="text/csv", headers=headers)
    if kind == "xlsx":
        return Response(found.xlsx(), mimetype=XLSX, headers=headers)
    raise NotFound(f"There is no {kind} form of this.", hint="Ask for csv or xlsx.")


@history.get("/compare")
@require("deck:read")
def differences(product_id: int) -> Any:
    """What changed from version `a` as priced at `a_at` to version `b` at `b_at` (default: both now)."""
    product = own_product(db.session, actor(), product_id)
    args = request.args
    newer = own_version(db.session, actor(), product_id, args.get("b", product.version, int))
    older = own_version(db.session, actor(), product_id, args.get("a", max(1, newer.number - 1), int))
    now = utc_now()
    moments = [read_instant(args.get(name) or args.get("at"), now) for name in ("a_at", "b_at")]
    tables = store().open(older.timeline_key), store().open(newer.timeline_key)
    whole = compare(*tables, *moments)
    label, q, sort = args.get("label", ""), args.get("q", ""), args.get("sort", "code")
    table = grids.filter_diff(whole, label=label, q=q, sort=sort)
    if args.get("format") == "csv":
        return as_file(table, "csv", f"{product.name}-v{older.number}-v{newer.number}", exports.DIFF_COLUMNS)
    counts = Counter(whole["label"].to_pylist())
    return render_template(
        "decks/compare.html", product=product, a=older, b=newer, a_at=moments[0], b_at=moments[1], args=args, label=label,
        q=q, sort=sort, rows=grids.paged(table, args.get("page", 1, int)),
        versions=queries.versions(db.session, product_id),
        tiles=[(name, counts.get(name, 0)) for name in LABELS if name in LABELS[:5] or counts.get(name)],
    )  # fmt: skip


@history.get("/calendar")
@require("deck:read")
def calendar(product_id: int) -> str:
    """Approved changes that are not in force yet, by the instant they apply."""
    product = own_product(db.session, actor(), product_id)
    if product.timeline_key is None:
        return render_template("decks/calendar.html", product=product, days=[], more=0)
    days, more = pending(store().open(product.timeline_key), utc_now())
    names = queries.deck_names(
        db.session, product.company_id, {deck for day in days for deck in day.deck_ids}
    )
    shown = [day.named(names) for day in days]
    return render_template("decks/calendar.html", product=product, days=shown, more=more)


@history.post("/rollback")
@require("deck:approve")
def rollback(product_id: int) -> Any:
    """An earlier version applies again, as a new version."""
    form = RollbackForm()
    if not form.validate_on_submit():
        raise Invalid("The roll-back form is incomplete.", hint="Use the button in the history.")
    settings: Settings = current_app.config["TANDEM"]
    version = rollback_version(
        db.session, actor(), product_id, form.number.data or 0, expected=form.expected.data, settings=settings,
        note=form.note.data or "", now=utc_now(),
    )  # fmt: skip
    db.session.commit()
    flash(
        f"Version {version.number} is in force: the prices of version {form.number.data} apply again.",
        "success",
    )
    return redirect(url_for("deck_history.versions", product_id=product_id))
