"""Build the market's Arrow snapshot: what is listed, priced, pending, measured. Switched by rename like the core's."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.carriers.models import Company, Product, QualityCounter
from app.carriers.sight import telling_words
from app.clock import to_micros
from app.config import Settings
from app.db import Base
from app.jobs.progress import Progress
from app.market.assemble import Listed
from app.market.figures import COUNTERS, quality_ppm
from app.market.offers import ORDERED, order_of_ties
from app.market.parts import FOLDER, Part, Parts
from app.market.reputation import Evidence, columns, evidence
from rates.store import Store, write_file

KEEP = 3


@dataclass(frozen=True)
class MarketBuilt:
    """`name` is the folder of the snapshot below the market directory; `made` products were not taken from kept parts."""

    name: str
    products: int
    groups: int
    codes: int
    made: int
    milliseconds: int


def build_market(session: Session, settings: Settings, *, now: datetime, progress: Progress) -> MarketBuilt:
    """Write a new market snapshot and switch to it. Reads only; running it again is harmless.

    Products whose part is kept and still holds are not priced again (app.market.parts).
    """
    begun = time.monotonic()
    with _one_builder(settings.market_dir):
        listed, counters, seen = _listed(session), _counters(session), evidence(session)
        fx = fx_nanos(session, settings.lcr.base_currency, now)
        fx_next = _next_fx(session, now)
        session.rollback()  # no transaction is held while tables are worked on
        parts = Parts(settings.market_dir, Store(str(settings.store_dir)))
        found = []
        for number, offer in enumerate(listed, start=1):
            found.append(parts.part(offer, counters.get(offer.product_id, {}), fx, now=now))
            progress(number, len(listed), "pricing offers")
        name = f"{to_micros(now)}-{uuid.uuid4().hex[:8]}"
        folder = settings.market_dir / name
        folder.mkdir(parents=True)
        groups_table, places = _groups_table(found, seen)
        codes_table = _codes_table(found, places)
        write_file(groups_table, folder / "groups.arrow")
        write_file(codes_table, folder / "codes.arrow")
        coming = [part.window.next_at for part in found if part.window.next_at is not None]
        meta = {
            "at": now.isoformat(), "base_currency": settings.lcr.base_currency, "fx": {code: str(nanos) for code, nanos in fx.items()},
            "products": len(listed), "groups": groups_table.num_rows, "codes": codes_table.num_rows,
            "next_at_us": min([*coming, *fx_next], default=None),
        }  # fmt: skip
        (folder / "meta.json").write_text(json.dumps(meta))
        _switch(settings.market_dir, name)
        parts.forget_others()
    milliseconds = int((time.monotonic() - begun) * 1000)
    made = sum(part.made for part in found)
    return MarketBuilt(name, len(listed), groups_table.num_rows, codes_table.num_rows, made, milliseconds)


@contextmanager
def _one_builder(root: Path) -> Iterator[None]:
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".builder.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _listed(session: Session) -> list[Listed]:
    rows = session.execute(
        sa.select(Product, Company)
        .join(Company, Company.id == Product.company_id)
        .where(Product.listed, Product.enabled, Product.timeline_key.is_not(None), Company.status == "active")
        .order_by(Product.id)
    )
    return [
        Listed(
            p.id, c.id, c.name, p.name, p.route_class, p.timeline_key or "",
            telling_words(c).pattern if p.visibility == "anonymous" else "",
        )
        for p, c in rows
    ]  # fmt: skip


def _counters(session: Session) -> dict[int, dict[str, tuple[int, ...]]]:
    columns = [getattr(QualityCounter, name) for name in COUNTERS]
    rows = session.execute(
        sa.select(QualityCounter.product_id, QualityCounter.code, *columns).where(
            QualityCounter.source == "calls"
        )
    )
    found: dict[int, dict[str, tuple[int, ...]]] = defaultdict(dict)
    for row in rows:
        found[row[0]][row[1]] = tuple(int(value) for value in row[2:])
    return found


def fx_nanos(session: Session, base: str, now: datetime) -> dict[str, int]:
    """Nanos of the base currency for one unit of each currency, the latest valid at `now`."""
    table = Base.metadata.tables["fx_rate"]  # its model stands on a floor above
    rows = session.execute(
        sa.select(table.c.currency, table.c.rate)
        .where(table.c.valid_from <= now)
        .order_by(table.c.valid_from, table.c.id)
    )
    found = {row.currency: int(Decimal(row.rate).scaleb(9)) for row in rows}
    return {**found, base: 10**9}


def _next_fx(session: Session, now: datetime) -> list[int]:
    """The instant of the next known exchange rate, if any; microseconds."""
    table = Base.metadata.tables["fx_rate"]
    found = session.scalar(sa.select(sa.func.min(table.c.valid_from)).where(table.c.valid_from > now))
    return [] if found is None else [to_micros(found)]


def _groups_table(parts: list[Part], seen: dict[int, Evidence]) -> tuple[pa.Table, NDArray[np.int64]]:
    """All groups in the order of app.market.offers.TIES, and by position in the parts the place in that order."""
    filled = [part.groups for part in parts if part.groups.num_rows]
    if not filled:
        return pa.table({"key": pa.array([], pa.utf8())}), np.empty(0, np.int64)
    groups = pa.concat_tables(filled, promote_options="default").combine_chunks()
    counts = {name: groups[name].to_numpy().astype(np.int64) for name in COUNTERS}
    groups = groups.append_column("quality_ppm", pa.array(quality_ppm(counts)))
    # The cheapest offer to the same kind of numbers of the same country: what "value" is measured against.
    prices = groups.select(["country", "mobile", "eff180"]).to_pandas()
    best = prices.groupby(["country", "mobile"])["eff180"].transform("min")
    groups = groups.append_column("best180", pa.array(best.to_numpy(dtype=np.int64)))
    for name, values in columns(seen, groups["product_id"].to_pylist()).items():
        groups = groups.append_column(name, pa.array(values, pa.int64()))
    order = order_of_ties(groups)
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    return groups.take(pa.array(order)).replace_schema_metadata(ORDERED), places


def _codes_table(parts: list[Part], places: NDArray[np.int64]) -> pa.Table:
    """All codes by `code_key`, then product; `group` is the position in the table of groups, negative without."""
    tables, offset = [], 0
    for part in parts:
        if part.codes.num_rows:
            own = part.codes["group"].to_numpy()
            group = np.where(own < 0, -1, places[np.maximum(own, 0) + offset] if part.groups.num_rows else -1)
            kind = part.codes.schema.field("group").type
            column = part.codes.schema.get_field_index("group")
            tables.append(part.codes.set_column(column, "group", pa.array(group, kind)))
        offset += part.groups.num_rows
    if not tables:
        return pa.table({"code_key": pa.array([], pa.int64())})
    codes = pa.concat_tables(tables, promote_options="default").combine_chunks()
    order = np.lexsort((codes["product_id"].to_numpy(), codes["code_key"].to_numpy()))
    return codes.take(pa.array(order))


def _switch(root: Path, name: str) -> None:
    temporary = root / f".current.{os.getpid()}.{uuid.uuid4().hex[:6]}"
    temporary.write_text(name)
    temporary.replace(root / "CURRENT")
    folders = sorted(
        (p for p in root.iterdir() if p.is_dir() and p.name != FOLDER), key=lambda p: p.stat().st_mtime_ns
    )
    for folder in folders[:-KEEP]:
        if folder.name != name:
            shutil.rmtree(folder, ignore_errors=True)
