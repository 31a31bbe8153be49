"""After each build of the market: what people starred or searched for and kept, compared with what they last saw of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.carriers.models import Company
from app.carriers.sight import Sight, sight_of
from app.errors import DomainError
from app.hooks.service.tell import tell
from app.market.filters import filters_of
from app.market.models import SavedSearch
from app.market.search import browse
from app.market.seen import of_companies, seen_with
from app.market.snapshot import MarketSnapshot
from app.web.shell import nanos_decimal


def check_alerts(session: Session, market: MarketSnapshot, sample_ids: list[int], *, now: datetime) -> int:
    """Tell each person what changed; the first look only remembers. So many were told. Run again it tells nothing."""
    told = 0
    rows = session.execute(
        sa.select(SavedSearch, Company.status, Company.is_operator)
        .join(Company, Company.id == SavedSearch.company_id)
        .order_by(SavedSearch.id)
    ).all()
    watched = _watched(market, [row.query for row, _, _ in rows if row.kind == "watch"])
    sights: dict[int, Sight] = {}
    for row, status, operator in rows:
        if row.company_id not in sights:
            sights[row.company_id] = Sight() if operator else sight_of(session, row.company_id)
        own = sights[row.company_id]
        if row.kind == "watch":
            hidden = row.query.partition("-")[0] in {str(product_id) for product_id in own.hidden}
            found = {"gone": True} if hidden else watched.get(row.query, {"gone": True})
        elif row.kind == "search":
            view = seen_with(market, own)
            if status != "active":
                view = of_companies(view, [row.company_id, *sample_ids])
            found = _searched(view, row.query)
        else:
            continue
        before = row.settings.get("seen")
        if before == found:
            continue
        row.settings = {**row.settings, "seen": found}
        if before is not None:
            told += 1
            href = f"/market/panel/{row.query}" if row.kind == "watch" else f"/market?{row.query}"[:200]
            tell(
                session, row.company_id, "alert.offer" if row.kind == "watch" else "alert.search",
                f"{row.name}: {_words(before, found, market.base_currency)}", href=href, data={"before": before, "after": found},
                user_id=row.user_id, now=now,
            )  # fmt: skip
    session.flush()
    return told


def _watched(market: MarketSnapshot, keys: list[str]) -> dict[str, dict[str, Any]]:
    offers = market.offers
    if offers.empty or not keys:
        return {}
    rows = offers.table.filter(pc.is_in(offers.table["key"], pa.array(sorted(set(keys)), pa.utf8())))
    columns = rows.select(["key", "eff180", "next_rate", "next_at", "asr"]).to_pylist()
    return {
        one["key"]: {
            "price": nanos_decimal(one["eff180"]), "next_rate": None if one["next_rate"] is None else nanos_decimal(one["next_rate"]),
            "next_at": one["next_at"], "asr": None if one["asr"] is None else one["asr"] // 50_000 * 5,
        }
        for one in columns
    }  # fmt: skip


def _searched(market: MarketSnapshot, query: str) -> dict[str, Any]:
    """The cheapest price and how many offers there are."""
    try:
        result = browse(market, filters_of(MultiDict(parse_qsl(query))), size=1)
    except DomainError:
        return {"gone": True}
    top = result.tops.get("cheapest")
    return {"price": None if top is None else nanos_decimal(top), "offers": result.total}


def _words(before: dict[str, Any], after: dict[str, Any], currency: str) -> str:
    if after.get("gone"):
        return "no longer on the market"
    if before.get("gone"):
        return f"on the market again at {after.get('price')} {currency}"
    parts = []
    if before.get("price") != after.get("price"):
        parts.append(f"{before.get('price') or 'none'} → {after.get('price') or 'none'} {currency} a minute")
    if after.get("next_rate") and before.get("next_rate") != after["next_rate"]:
        parts.append(f"{after['next_rate']} announced")
    if before.get("offers") != after.get("offers"):
        parts.append(f"{before.get('offers')} → {after.get('offers')} offers")
    if before.get("asr") != after.get("asr"):
        parts.append(f"ASR about {before.get('asr') or '–'} → {after.get('asr') or '–'} %")
    return "; ".join(parts) or "changed"
