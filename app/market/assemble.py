"""One product's timeline becomes its rows of the market: codes in force, and groups of equal destination.

A group is (product, country, destination name). Its price is that of its dearest code; where codes differ
the cheapest is kept beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from app.clock import to_micros
from app.market.cost import Terms, eff_nanos
from app.market.country import country_name, country_of, is_mobile
from app.market.figures import COUNTERS

WEEKS = 14
NEVER = np.int64(2**62)


@dataclass(frozen=True)
class Listed:
    """A product on the market. `unsaid`: a pattern of words that its destinations must not say ("": none)."""

    product_id: int
    company_id: int
    seller: str
    product: str
    route_class: str
    timeline_key: str
    unsaid: str = ""


def assemble(
    listed: Listed,
    timeline: pa.Table,
    counters: Mapping[str, tuple[int, ...]],
    fx_nanos: Mapping[str, int],
    *,
    now: datetime,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(groups, codes) of one product at `now`; `codes.group` is the position of its group. Codes in a currency
    without an exchange rate, and blocked or closed ones, keep their row in `codes` without a price and form no group."""
    rows = _plain(timeline)
    if listed.unsaid:
        rows["destination"] = rows["destination"].str.replace(listed.unsaid, "…", case=False, regex=True)
    at = to_micros(now)
    live = (
        rows[(rows["begins"] <= at) & (at < rows["ends"])]
        .drop_duplicates("code", keep="last")
        .reset_index(drop=True)
    )
    codes = _priced(live, fx_nanos)
    codes = _with_pending(codes, rows, at)
    codes["country"] = [country_of(code) for code in codes["code"]]
    open_ = codes["eff180"].notna()
    numbers = codes[open_].groupby(["country", "destination"], sort=True).ngroup()
    codes["group"] = numbers.reindex(codes.index).fillna(-1).astype("int32")
    codes["product_id"] = listed.product_id
    codes = codes.drop(columns=["first_rate_nanos"])
    groups = _groups(listed, codes[open_])
    groups["history"] = _history(rows, codes[open_], len(groups), now)
    for name, values in _quality(codes[open_], counters, len(groups)).items():
        groups[name] = values
    return groups, codes


def _plain(timeline: pa.Table) -> pd.DataFrame:
    table = timeline.drop_columns(["effective_from", "effective_until", "received_at", "deck_id", "deck_row"])
    rows: pd.DataFrame = table.to_pandas()
    rows["begins"] = timeline["effective_from"].cast(pa.int64()).to_numpy()
    rows["ends"] = timeline["effective_until"].cast(pa.int64()).fill_null(int(NEVER)).to_numpy()
    return rows


def _priced(live: pd.DataFrame, fx_nanos: Mapping[str, int]) -> pd.DataFrame:
    """Adds eff60 and eff180 (base nanos a minute); a deck has few distinct terms, so each is computed once, exactly."""
    codes = live.copy()
    first = (
        codes["first_rate_nanos"].astype("Int64").fillna(codes["rate_nanos"].astype("Int64")).astype("int64")
    )
    keys = list(
        zip(
            codes["rate_nanos"].tolist(), first.tolist(), codes["connect_fee_nanos"].tolist(), codes["initial_increment"].tolist(),
            codes["next_increment"].tolist(), codes["free_seconds"].tolist(), codes["currency"].tolist(), codes["status"].tolist(),
            strict=True,
        )
    )  # fmt: skip
    prices: dict[Any, tuple[int | None, int | None]] = {}
    for key in set(keys):
        *terms, currency, status = key
        if status != 0 or currency not in fx_nanos:
            prices[key] = (None, None)
        else:
            each = Terms(*terms)
            prices[key] = (eff_nanos(each, 60, fx_nanos[currency]), eff_nanos(each, 180, fx_nanos[currency]))
    codes["eff60"] = pd.array([prices[key][0] for key in keys], dtype="Int64")
    codes["eff180"] = pd.array([prices[key][1] for key in keys], dtype="Int64")
    return codes


def _with_pending(codes: pd.DataFrame, rows: pd.DataFrame, at: int) -> pd.DataFrame:
    """Adds `next_at` (us, null = none), `next_rate` (null = the code ends or is blocked then)."""
    later = rows[rows["begins"] > at].sort_values(["code", "begins"]).drop_duplicates("code")
    found = codes[["code", "ends"]].merge(
        later[["code", "begins", "rate_nanos", "status"]], on="code", how="left"
    )
    begins = found["begins"].fillna(int(NEVER)).astype("int64")
    ends = found["ends"].astype("int64")
    starts = (begins <= ends).to_numpy() & (begins < NEVER).to_numpy()
    moment = np.minimum(begins.to_numpy(), ends.to_numpy())
    codes["next_at"] = pd.array(np.where(moment < NEVER, moment, 0), dtype="Int64")
    codes.loc[moment >= NEVER, "next_at"] = pd.NA
    codes["next_rate"] = (
        found["rate_nanos"].astype("Int64").where(starts & (found["status"] == 0).to_numpy()).to_numpy()
    )
    codes["next_rate"] = codes["next_rate"].astype("Int64")
    return codes.drop(columns=["begins", "ends"])


def _groups(listed: Listed, codes: pd.DataFrame) -> pd.DataFrame:
    by = codes.groupby("group", sort=True)
    # Terms shown for a group are those of its dearest code.
    by_price = codes.sort_values(["group", "eff180", "code"], ascending=[True, False, True])
    dearest = by_price.drop_duplicates("group").set_index("group")
    terms = ["currency", "connect_fee_nanos", "initial_increment", "next_increment", "free_seconds"]
    groups = dearest[["country", "destination", *terms]].copy()
    groups["rate_nanos"] = dearest["rate_nanos"]
    groups["rate_min_nanos"] = by["rate_nanos"].min()
    groups["eff60"] = by["eff60"].max().astype("int64")
    groups["eff180"] = by["eff180"].max().astype("int64")
    groups["codes"] = by.size().astype("int32")
    shortest = codes.assign(n=codes["code"].str.len()).sort_values(["group", "n", "code"])
    groups["code"] = shortest.drop_duplicates("group").set_index("group")["code"]
    groups["next_at"] = by["next_at"].min()
    due = codes[codes["next_at"] == codes["group"].map(groups["next_at"])].groupby("group")
    groups["next_rate"] = due["next_rate"].max().astype("Int64")
    before = due["rate_nanos"].max()
    change = (groups["next_rate"] - before) * 1_000_000 // before.where(before > 0).astype("Int64")
    groups["next_ppm"] = change.astype("Int64")
    groups = groups.reset_index(drop=True)
    groups["country_name"] = [country_name(iso) for iso in groups["country"]]
    groups["mobile"] = [is_mobile(name) for name in groups["destination"]]
    for name in ("product_id", "company_id", "seller", "product", "route_class"):
        groups[name] = getattr(listed, name)
    groups["key"] = [
        offer_key(listed.product_id, iso, name)
        for iso, name in zip(groups["country"], groups["destination"], strict=True)
    ]
    return groups


def offer_key(product_id: int, country: str, destination: str) -> str:
    """Short stable name of a group, used in addresses and watch lists."""
    digest = hashlib.sha256(f"{product_id}|{country}|{destination}".encode()).hexdigest()
    return f"{product_id}-{digest[:10]}"


def _history(rows: pd.DataFrame, codes: pd.DataFrame, groups: int, now: datetime) -> list[list[int | None]]:
    """Dearest rate of each group's present codes at the end of each of the last weeks, oldest first; deck currency."""
    group = rows["code"].map(dict(zip(codes["code"], codes["group"], strict=True)))
    known = group.notna().to_numpy() & (rows["status"] == 0).to_numpy()
    number = group[known].astype("int64").to_numpy()
    begins, ends, rate = (rows[name].to_numpy()[known] for name in ("begins", "ends", "rate_nanos"))
    weeks = []
    for back in range(WEEKS - 1, -1, -1):
        at = to_micros(now - timedelta(days=7 * back))
        live = (begins <= at) & (at < ends)
        top = np.full(groups, -1, dtype=np.int64)
        np.maximum.at(top, number[live], rate[live])
        weeks.append(top)
    return (
        [[None if value < 0 else int(value) for value in line] for line in np.stack(weeks, axis=1).tolist()]
        if groups
        else []
    )


def _quality(
    codes: pd.DataFrame, counters: Mapping[str, tuple[int, ...]], groups: int
) -> dict[str, np.ndarray[Any, Any]]:
    """Counts of a group: those of every measured code that is the longest prefix of one of its codes, each once."""
    sums = {name: np.zeros(groups, dtype=np.int64) for name in COUNTERS}
    measured = pd.Series("", index=codes.index, dtype=object)
    known = set(counters)
    for length in sorted({len(code) for code in known}, reverse=True):
        part = codes["code"].str[:length]
        hit = (
            (measured == "")
            & part.isin({code for code in known if len(code) == length})
            & (part.str.len() == length)
        )
        measured[hit] = part[hit]
    pairs = {(int(group), code) for group, code in zip(codes["group"], measured, strict=True) if code}
    for group, code in pairs:
        for name, value in zip(COUNTERS, counters[code], strict=True):
            sums[name][group] += value
    return sums
