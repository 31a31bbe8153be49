"""Build the market's Arrow snapshot: what is listed, priced, pending, measured. Switched by rename like the core's."""

from __future__ import annotations

import json
import os
import shutil
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Company, Product, QualityCounter
from app.clock import to_micros
from app.config import Settings
from app.db import Base
from app.jobs.progress import Progress
from app.market.assemble import Listed, assemble
from app.market.figures import COUNTERS, quality_ppm
from rates.store import Store, write_file

KEEP = 3


@dataclass(frozen=True)
class MarketBuilt:
    """`name` is the folder of the snapshot below the market directory."""

    name: str
    products: int
    groups: int
    codes: int
    milliseconds: int


def build_market(session: Session, settings: Settings, *, now: datetime, progress: Progress) -> MarketBuilt:
    """Write a new market snapshot and switch to it. Reads only; running it again is harmless."""
    begun = time.monotonic()
    listed, counters = _listed(session), _counters(session)
    fx = fx_nanos(session, settings.lcr.base_currency, now)
    session.rollback()  # no transaction is held while tables are worked on
    store = Store(str(settings.store_dir))
    all_groups: list[pd.DataFrame] = []
    all_codes: list[pd.DataFrame] = []
    offset = 0
    for number, offer in enumerate(listed, start=1):
        groups, codes = assemble(
            offer, store.open(offer.timeline_key), counters.get(offer.product_id, {}), fx, now=now
        )
        codes["group"] = codes["group"].where(codes["group"] < 0, codes["group"] + offset).astype("int32")
        offset += len(groups)
        all_groups.append(groups)
        all_codes.append(codes)
        progress(number, len(listed), "pricing offers")
    name = f"{to_micros(now)}-{uuid.uuid4().hex[:8]}"
    folder = settings.market_dir / name
    folder.mkdir(parents=True)
    groups_table, codes_table = _groups_table(all_groups), _codes_table(all_codes)
    write_file(groups_table, folder / "groups.arrow")
    write_file(codes_table, folder / "codes.arrow")
    meta = {
        "at": now.isoformat(), "base_currency": settings.lcr.base_currency, "fx": {code: str(nanos) for code, nanos in fx.items()},
        "products": len(listed), "groups": groups_table.num_rows, "codes": codes_table.num_rows,
    }  # fmt: skip
    (folder / "meta.json").write_text(json.dumps(meta))
    _switch(settings.market_dir, name)
    milliseconds = int((time.monotonic() - begun) * 1000)
    return MarketBuilt(name, len(listed), groups_table.num_rows, codes_table.num_rows, milliseconds)


def _listed(session: Session) -> list[Listed]:
    rows = session.execute(
        sa.select(Product, Company)
        .join(Company, Company.id == Product.company_id)
        .where(Product.listed, Product.enabled, Product.timeline_key.is_not(None), Company.status == "active")
        .order_by(Product.id)
    )
    return [Listed(p.id, c.id, c.name, p.name, p.route_class, p.timeline_key or "") for p, c in rows]


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


def _groups_table(parts: list[pd.DataFrame]) -> pa.Table:
    filled = [part for part in parts if len(part)]
    if not filled:
        return pa.table({"key": pa.array([], pa.utf8())})
    groups = pd.concat(filled, ignore_index=True)
    counts = {name: groups[name].to_numpy(dtype=np.int64) for name in COUNTERS}
    groups["quality_ppm"] = quality_ppm(counts)
    # The cheapest offer to the same kind of numbers of the same country: what "value" is measured against.
    groups["best180"] = groups.groupby(["country", "mobile"])["eff180"].transform("min")
    table = pa.Table.from_pandas(groups, preserve_index=False)
    return _typed(table, {"history": pa.list_(pa.int64())})


def _codes_table(parts: list[pd.DataFrame]) -> pa.Table:
    filled = [part for part in parts if len(part)]
    if not filled:
        return pa.table({"code_key": pa.array([], pa.int64())})
    codes = pd.concat(filled, ignore_index=True)
    codes["code_key"] = ("1" + codes["code"]).astype(
        "int64"
    )  # a leading 1 keeps codes with leading zeros apart
    codes = codes.sort_values(["code_key", "product_id"], kind="stable").drop(columns=["country"])
    return _typed(pa.Table.from_pandas(codes, preserve_index=False), {})


def _typed(table: pa.Table, types: dict[str, pa.DataType]) -> pa.Table:
    """Plain utf8 and micro instants, whatever pandas chose."""
    for position, field in enumerate(table.schema):
        wanted = types.get(field.name)
        if pa.types.is_large_string(field.type):
            wanted = pa.utf8()
        if wanted is not None:
            table = table.set_column(position, field.name, table.column(position).cast(wanted))
    return table.replace_schema_metadata(None)


def _switch(root: Path, name: str) -> None:
    temporary = root / f".current.{os.getpid()}.{uuid.uuid4().hex[:6]}"
    temporary.write_text(name)
    temporary.replace(root / "CURRENT")
    folders = sorted((p for p in root.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime_ns)
    for folder in folders[:-KEEP]:
        if folder.name != name:
            shutil.rmtree(folder, ignore_errors=True)
