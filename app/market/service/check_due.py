"""Decks that are due: a carrier whose decks came at a rhythm and who is late, and announced prices that begin within a day."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Product
from app.carriers.sight import Sight, sight_of
from app.clock import from_micros, to_micros
from app.decks.models import DeckVersion
from app.hooks.models import Happening
from app.hooks.service.tell import tell
from app.market.models import SavedSearch
from app.market.snapshot import MarketSnapshot
from app.web.shell import nanos_decimal

KIND = "alert.deck_due"
DECKS = 4
"""So many show a rhythm: three distances between them."""
ALL = Sight()
DAY = timedelta(days=1)
SOON = DAY


@dataclass(frozen=True)
class Late:
    """`every`: the usual distance of its last decks; `last`: when the newest was accepted."""

    product: Product
    every: timedelta
    last: datetime

    def words(self, now: datetime, seen: Sight = ALL) -> str:
        rhythm = f"They come about every {_days(self.every)}, the last one {(now - self.last).days} days ago"
        return f"{seen.product(self.product.id, self.product.name)}: a deck is due. {rhythm}"


def check_due(session: Session, market: MarketSnapshot | None, *, now: datetime) -> int:
    """Tell sellers of their own late decks, and people of what they starred. Each is told once; so many were told."""
    starred = session.scalars(
        sa.select(SavedSearch).where(SavedSearch.kind == "watch").order_by(SavedSearch.id)
    ).all()
    sights = {
        company_id: sight_of(session, company_id) for company_id in {watch.company_id for watch in starred}
    }
    watches = [watch for watch in starred if _product(watch) not in sights[watch.company_id].hidden]
    told = 0
    for late in late_decks(session, now):
        href = f"/products/{late.product.id}"
        told += _once(session, late.product.company_id, None, late.words(now), href, since=late.last, now=now)
        for watch in watches:
            if _product(watch) == late.product.id:
                href, words = f"/market/panel/{watch.query}", late.words(now, sights[watch.company_id])
                told += _once(session, watch.company_id, watch.user_id, words, href, since=late.last, now=now)
    return told + (_beginning(session, market, watches, now) if market is not None else 0)


def _product(watch: SavedSearch) -> int:
    """The product of a starred offer; 0 for a key that is none."""
    number = watch.query.partition("-")[0]
    return int(number) if number.isdigit() else 0


def late_decks(session: Session, now: datetime) -> list[Late]:
    """Listed products whose newest accepted deck is older than one and a half times the usual distance, and by a day at least."""
    times: dict[int, list[datetime]] = defaultdict(list)
    rows = session.execute(
        sa.select(DeckVersion.product_id, DeckVersion.created_at)
        .join(Product, Product.id == DeckVersion.product_id)
        .where(Product.listed, Product.enabled, DeckVersion.rollback_of.is_(None))
        .order_by(DeckVersion.number)
    )
    for product_id, at in rows:
        times[product_id].append(at)
    found = []
    for product_id, all_ in sorted(times.items()):
        recent = all_[-DECKS:]
        if len(recent) < DECKS:
            continue
        gaps = [to_micros(b) - to_micros(a) for a, b in pairwise(recent)]
        every = timedelta(microseconds=int(median(gaps)))
        if every >= DAY and now - recent[-1] >= max(every * 3 / 2, every + DAY):
            found.append(Late(session.get_one(Product, product_id), every, recent[-1]))
    return found


def _beginning(session: Session, market: MarketSnapshot, watches: list[SavedSearch], now: datetime) -> int:
    offers = market.offers
    if offers.empty or not watches:
        return 0
    keys = pa.array(sorted({watch.query for watch in watches}), pa.utf8())
    rows = offers.table.filter(pc.is_in(offers.table["key"], keys)).select(
        ["key", "next_at", "next_rate", "currency"]
    )
    coming = {row["key"]: row for row in rows.to_pylist() if row["next_at"] is not None}
    told = 0
    for watch in watches:
        row = coming.get(watch.query)
        if row is None or watch.settings.get("due") == row["next_at"]:
            continue
        begins = from_micros(row["next_at"])
        if not now < begins <= now + SOON:
            continue
        watch.settings = {**watch.settings, "due": row["next_at"]}
        what = (
            "it ends"
            if row["next_rate"] is None
            else f"{nanos_decimal(row['next_rate'])} {row['currency']} a minute"
        )
        tell(
            session, watch.company_id, KIND, f"{watch.name}: from {begins:%Y-%m-%d %H:%M} UTC {what}",
            href=f"/market/panel/{watch.query}", data={"key": watch.query, "at": begins}, user_id=watch.user_id, now=now,
        )  # fmt: skip
        told += 1
    return told


def _once(
    session: Session,
    company_id: int,
    user_id: int | None,
    text: str,
    href: str,
    *,
    since: datetime,
    now: datetime,
) -> int:
    """Told unless it was since the newest deck; 1 when it was told now."""
    same = sa.select(Happening.id).where(
        Happening.company_id == company_id, Happening.kind == KIND, Happening.href == href, Happening.created_at > since,
        Happening.user_id.is_(None) if user_id is None else Happening.user_id == user_id,
    )  # fmt: skip
    if session.scalar(same.limit(1)) is not None:
        return 0
    tell(session, company_id, KIND, text, href=href, user_id=user_id, now=now)
    return 1


def _days(span: timedelta) -> str:
    days = round(span / DAY)
    return "day" if days == 1 else f"{days} days"
