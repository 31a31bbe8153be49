"""The market snapshot in force: Arrow tables mapped read-only, opened anew when CURRENT names another."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.clock import from_micros
from app.errors import DomainError
from app.market.offers import Offers
from rates.store import read_file

_lock = threading.Lock()
_opened: dict[Path, MarketSnapshot] = {}


class NoMarket(DomainError):
    """No market view has been built yet."""

    code = "no_market"
    status = 409


@dataclass(frozen=True)
class MarketSnapshot:
    """`groups`: one row per product and destination. `codes`: one row per product and dial code, sorted by `code_key`."""

    name: str
    at: datetime
    base_currency: str
    fx_nanos: dict[str, int]
    groups: pa.Table
    codes: pa.Table
    code_keys: NDArray[np.int64] = field(repr=False)

    @cached_property
    def offers(self) -> Offers:
        """`groups` with what browsing needs, made once for every market."""
        return Offers(self.groups)

    @cached_property
    def product_columns(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(product ids, ascending; by position in `codes` the place of its product among them)."""
        found, places = np.unique(self.codes["product_id"].to_numpy(), return_inverse=True)
        return found.astype(np.int64), places.astype(np.int64)

    def rows_of_code(self, code: str) -> range:
        """Positions in `codes` of all products that list exactly this code."""
        key = int("1" + code)
        first, last = np.searchsorted(self.code_keys, [key, key + 1])
        return range(int(first), int(last))

    def rows_below(self, code: str, *, length: int = 15) -> list[range]:
        """Positions in `codes` of all codes that begin with `code`, by length of the code."""
        found = []
        for digits in range(len(code), length + 1):
            scale = 10 ** (digits - len(code))
            key = int("1" + code) * scale
            first, last = np.searchsorted(self.code_keys, [key, key + scale])
            if last > first:
                found.append(range(int(first), int(last)))
        return found


def current_market(root: Path) -> MarketSnapshot:
    """Raises NoMarket before the first build."""
    try:
        name = (root / "CURRENT").read_text().strip()
    except FileNotFoundError:
        raise NoMarket(
            "The market view has not been built yet.",
            hint="It is built when the first rate deck is approved.",
        ) from None
    with _lock:
        opened = _opened.get(root)
        if opened is None or opened.name != name:
            opened = _opened[root] = _open(root, name)
        return opened


def next_change(root: Path) -> datetime | None:
    """When the market in force is no longer what the decks say: a pending rate begins, a code ends, an exchange rate
    changes. None without a market or without such an instant."""
    try:
        meta = json.loads((root / (root / "CURRENT").read_text().strip() / "meta.json").read_text())
    except FileNotFoundError:
        return None
    at = meta.get("next_at_us")
    return None if at is None else from_micros(at)


def _open(root: Path, name: str) -> MarketSnapshot:
    folder = root / name
    meta = json.loads((folder / "meta.json").read_text())
    codes = read_file(folder / "codes.arrow")
    return MarketSnapshot(
        name, datetime.fromisoformat(meta["at"]), meta["base_currency"], {k: int(v) for k, v in meta["fx"].items()},
        read_file(folder / "groups.arrow"), codes, codes["code_key"].combine_chunks().to_numpy(zero_copy_only=False),
    )  # fmt: skip
