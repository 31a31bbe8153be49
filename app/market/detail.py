"""One offer in the side panel: prices, history, what is announced, quality by code, the match of a number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Product, QualityCounter
from app.carriers.sight import Sight
from app.clock import utc_now
from app.market.compare import history_chart, offer_row
from app.market.figures import COUNTERS, Figure, claimed, figures
from app.market.search import matches
from app.market.snapshot import MarketSnapshot

CODES = 60
TESTED_LATELY = timedelta(days=30)


@dataclass(frozen=True)
class CodeLine:
    code: str
    rate_nanos: int
    eff180: int
    next_at: int | None
    next_rate: int | None


@dataclass(frozen=True)
class MatchBar:
    """One dial code of the product along the digits of the searched number; `wins` marks the longest."""

    code: str
    destination: str
    rate_nanos: int
    wins: bool


@dataclass(frozen=True)
class Detail:
    """`codes`: the first of the group's codes; `quality`: (code, figures) measured for the product in this country;
    `claims`: by figure the promise in words and kept | missed | open; `capacity`: minutes a month; `tested`: (code, figures,
    last of the window) of test calls."""

    offer: dict[str, Any]
    figures: dict[str, Figure]
    chart: dict[str, Any]
    codes: list[CodeLine]
    bars: list[MatchBar]
    quality: list[tuple[str, dict[str, Figure]]]
    description: str
    claims: dict[str, tuple[str, str]]
    capacity: int | None
    tested: list[tuple[str, dict[str, Figure], datetime]]
    tested_lately: Tested | None


@dataclass(frozen=True)
class Tested:
    """What test calls to the listing's codes found in the last thirty days, apart from what calls showed. A false answer counts
    as none; `suspected` of `attempts`, callers' numbers that arrived as sent (`cli_kept` of `cli_samples`)."""

    figures: dict[str, Figure]
    attempts: int
    suspected: int
    cli_kept: int
    cli_samples: int


def detail(
    session: Session, market: MarketSnapshot, seen: Sight, key: str, digits: str, *, codes: int = CODES
) -> Detail:
    """`market` as the asker sees it. Raises NotFound when the offer is not on it."""
    offer = offer_row(market, key)
    lines = _codes(market, offer, codes)
    product = session.get(Product, offer["product_id"])
    text = product.description if product and product.id not in seen.masked else ""
    claims, measured = (product.claims if product else {}), figures(offer)
    return Detail(
        offer, measured, history_chart(market, [offer]), lines, _bars(market, offer["product_id"], digits),
        _quality(session, offer["product_id"], [line.code for line in lines]), text,
        claimed(claims, measured), claims.get("minutes_month"),
        _tested(session, offer["product_id"], [line.code for line in lines]), _lately(session, market, offer),
    )  # fmt: skip


def _codes(market: MarketSnapshot, offer: dict[str, Any], most: int) -> list[CodeLine]:
    codes = market.codes
    position = pc.index(market.groups["key"], offer["key"]).as_py()
    part = codes.filter(pc.equal(codes["group"], position)).slice(0, most).to_pylist()
    return [
        CodeLine(row["code"], row["rate_nanos"], row["eff180"], row["next_at"], row["next_rate"])
        for row in part
    ]


def _bars(market: MarketSnapshot, product_id: int, digits: str) -> list[MatchBar]:
    if not digits:
        return []
    positions = matches(market, digits).get(product_id, [])
    rows = market.codes.take(positions).to_pylist() if positions else []
    return [
        MatchBar(row["code"], row["destination"], row["rate_nanos"], number == 0)
        for number, row in enumerate(rows)
    ]


def _lately(session: Session, market: MarketSnapshot, offer: dict[str, Any]) -> Tested | None:
    """Of all codes of the offer, whatever is shown of them. None before the first test call."""
    names = (*COUNTERS, "suspected", "cli_kept", "cli_samples")
    rows = session.scalars(
        sa.select(QualityCounter).where(
            QualityCounter.product_id == offer["product_id"],
            QualityCounter.source == "tested",
            QualityCounter.window_until > utc_now() - TESTED_LATELY,
        )
    ).all()
    own = {line.code for line in _codes(market, offer, market.codes.num_rows)} if rows else set()
    sums = {name: sum(getattr(row, name) for row in rows if row.code in own) for name in names}
    if not sums["attempts"]:
        return None
    return Tested(figures(sums), sums["attempts"], sums["suspected"], sums["cli_kept"], sums["cli_samples"])


def _quality(session: Session, product_id: int, codes: list[str]) -> list[tuple[str, dict[str, Figure]]]:
    return [(row.code, shown) for row, shown in _counted(session, product_id, codes, "calls")]


def _tested(
    session: Session, product_id: int, codes: list[str]
) -> list[tuple[str, dict[str, Figure], datetime]]:
    """What test calls proved, beside what calls measured."""
    return [
        (row.code, shown, row.window_until) for row, shown in _counted(session, product_id, codes, "tested")
    ]


def _counted(
    session: Session, product_id: int, codes: list[str], source: str
) -> list[tuple[QualityCounter, dict[str, Figure]]]:
    prefixes = {code[:length] for code in codes for length in range(1, len(code) + 1)}
    rows = session.scalars(
        sa.select(QualityCounter)
        .where(
            QualityCounter.product_id == product_id,
            QualityCounter.source == source,
            QualityCounter.code.in_(prefixes),
        )
        .order_by(QualityCounter.code)
    )
    return [(row, figures({name: getattr(row, name) for name in COUNTERS})) for row in rows]
