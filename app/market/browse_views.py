"""Pages of the market: browser, side panel, compare, saved searches and stars, CSV of what is shown."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, current_app, flash, redirect, render_template, request
from werkzeug.datastructures import MultiDict

from app.carriers.queries import sample_companies
from app.carriers.sight import sight
from app.clock import from_micros, utc_now
from app.config import Settings
from app.db import db
from app.market.compare import compare, offer_row
from app.market.detail import detail
from app.market.figures import figures
from app.market.filters import Filters, filters_of
from app.market.reputation import FORMULA
from app.market.search import PAGE, browse, everything
from app.market.seen import of_companies, seen_with
from app.market.service.keep_search import forget_search, save_search, toggle_watch
from app.market.snapshot import MarketSnapshot, NoMarket, current_market
from app.market.watching import saved_searches, watched_keys
from app.security.access import actor, require
from app.web.shell import nanos_decimal
from app.web.tables import csv_response

pages = Blueprint("market", __name__, template_folder="templates")

CSV_CODES = 100_000
CSV_COLUMNS = (
    "offer", "seller", "product", "class", "country", "destination", "code", "codes", "currency", "rate", "connect_fee",
    "initial_increment", "next_increment", "eff_60s", "eff_180s", "base_currency", "next_rate", "next_from", "asr_ppm", "acd_ms",
    "pdd_ms", "mos_milli", "attempts", "reputation_ppm", "reputation_calls", "reputation_tests", "reputation_disputes",
)  # fmt: skip


def market() -> MarketSnapshot:
    """What the asker may see of it."""
    settings: Settings = current_app.config["TANDEM"]
    who = actor()
    whole = seen_with(current_market(settings.market_dir), sight(db.session, who))
    if not who.sandbox:
        return whole
    # Before approval: the demo's invented carriers and one's own, never the prices of real ones.
    return of_companies(whole, [who.company_id, *sample_companies(db.session)])


@pages.app_context_processor
def words() -> dict[str, str]:
    return {"reputation_formula": FORMULA}


@pages.app_template_filter("micros")
def micros(value: int | None) -> Any:
    """An instant of microseconds for `ui.instant`."""
    return None if value is None else from_micros(value)


@pages.app_template_filter("price")
def price(nanos: int | None) -> str:
    """Nanos with 5 or 6 decimals, half-up: for reading; downloads and the API carry every digit."""
    return "–" if nanos is None else nanos_decimal((nanos + 500) // 1000 * 1000)


@pages.get("/market")
@require("market:read")
def index() -> Any:
    filters = filters_of(request.args)
    who = actor()
    watched = watched_keys(db.session, who)
    try:
        view = market()
    except NoMarket:
        return render_template("market/waiting.html")
    result = browse(view, filters, watched=watched)
    return render_template(
        "market/browse.html", f=filters, result=result, market=view, watched=set(watched), figures=figures,
        saved=saved_searches(db.session, who), first=(min(filters.page, result.pages) - 1) * PAGE,
    )  # fmt: skip


@pages.get("/market.csv")
@require("market:read")
def index_csv() -> Any:
    view = market()
    table = everything(view, filters_of(request.args), watched=watched_keys(db.session, actor()))
    rows = (_csv_row(row, view.base_currency) for row in _chunks(table))
    return csv_response("market", CSV_COLUMNS, rows)


def _chunks(table: Any) -> Any:
    """Rows as dicts, a batch at a time, so that a download of the whole market does not fill the memory."""
    for batch in table.to_batches(max_chunksize=2000):
        yield from batch.to_pylist()


def _csv_row(row: dict[str, Any], base: str) -> tuple[Any, ...]:
    money = [nanos_decimal(row[name]) for name in ("rate_nanos", "connect_fee_nanos")]
    eff = [nanos_decimal(row[name]) for name in ("eff60", "eff180")]
    return (
        row["key"], row["seller"], row["product"], row["route_class"], row["country"], row["destination"], row["code"], row["codes"],
        row["currency"], *money, row["initial_increment"], row["next_increment"], *eff, base,
        nanos_decimal(row["next_rate"]) if row["next_rate"] is not None else "", micros(row["next_at"]) or "", row["asr"], row["acd"],
        row["pdd"], row["mos"], row["attempts"], row["reputation_ppm"], row["reputation_calls"], row["reputation_tests"],
        row["reputation_disputes"],
    )  # fmt: skip


@pages.get("/market/panel/<key>")
@require("market:read")
def panel(key: str) -> Any:
    filters = Filters(q=request.args.get("q", "").strip()[:120])
    view = market()
    found = detail(db.session, view, sight(db.session, actor()), key, filters.digits)
    watched = key in watched_keys(db.session, actor())
    page = "market/_panel.html" if request.headers.get("HX-Request") == "true" else "market/offer.html"
    return render_template(page, d=found, market=view, digits=filters.digits, watched=watched)


@pages.get("/market/panel/<key>.csv")
@require("market:read")
def panel_csv(key: str) -> Any:
    """The offer's dial codes, with what is announced and what was measured for each."""
    view = market()
    found = detail(db.session, view, sight(db.session, actor()), key, "", codes=CSV_CODES)
    measured, offer = dict(found.quality), found.offer
    rows = [
        (
            line.code, offer["destination"], nanos_decimal(line.rate_nanos), offer["currency"], nanos_decimal(line.eff180),
            view.base_currency, "" if line.next_rate is None else nanos_decimal(line.next_rate), micros(line.next_at) or "",
            *(measured[line.code][name].text if line.code in measured else "" for name in ("asr", "acd", "pdd", "mos")),
        )
        for line in found.codes
    ]  # fmt: skip
    header = ("code", "destination", "rate_per_minute", "currency", "cost_per_minute_180s", "base_currency", "next_rate",
              "next_from_utc", "asr", "acd", "pdd", "mos")  # fmt: skip
    return csv_response(f"offer-{key}", header, rows)


@pages.get("/market/compare")
@require("market:read")
def compare_page() -> Any:
    view = market()
    keys = request.args.getlist("o")
    found = compare(view, keys)
    only = request.args.get("only") == "differences"
    return render_template(
        "market/compare.html", c=found, market=view, only=only, keys=[o["key"] for o in found.offers]
    )


@pages.get("/market/compare.csv")
@require("market:read")
def compare_csv() -> Any:
    found = compare(market(), request.args.getlist("o"))
    header = ("attribute", *(f"{o['seller']}, {o['product']}" for o in found.offers))
    rows = [(line.label, *(cell.text for cell in line.cells)) for line in found.lines]
    rows += [
        (f"180 s to {name}", *("" if v is None else nanos_decimal(v) for v in values))
        for name, values in found.destinations
    ]
    return csv_response("compare", header, rows)


@pages.post("/market/searches")
@require("market:read")
def save() -> Any:
    filters = _filters_of_text(request.form.get("query", ""))
    row = save_search(
        db.session, actor(), request.form.get("name", ""), filters.url("").lstrip("?"), now=utc_now()
    )
    db.session.commit()
    flash(f"Search “{row.name}” is saved.", "success")
    return redirect(filters.url())


@pages.post("/market/searches/<int:search_id>/delete")
@require("market:read")
def forget(search_id: int) -> Any:
    forget_search(db.session, actor(), search_id)
    db.session.commit()
    return redirect("/market")


@pages.post("/market/watch/<key>")
@require("market:read")
def watch(key: str) -> Any:
    offer = offer_row(market(), key)
    label = f"{offer['seller']}, {offer['product']}: {offer['destination']}"
    watched = toggle_watch(db.session, actor(), key, label, now=utc_now())
    db.session.commit()
    if request.headers.get("HX-Request") == "true":
        return render_template("market/_star.html", key=key, watched=watched)
    return redirect(f"/market/panel/{key}")


def _filters_of_text(text: str) -> Filters:
    """A query string that came with a form, checked like one in an address."""
    return filters_of(MultiDict(parse_qsl(text[:4000])))
