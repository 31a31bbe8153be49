"""What decks ask for a call at its instant. The match is the core's (origin groups and jurisdictions included), over an index
of its own that knows no rights, switches or state: a call that was made is billed, whatever routing says today."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

import lcr_core
from rates.records.attempt import Attempt
from rates.rules import rules_document
from rates.settle.exact import NANOS

_BASE = "XXX"  # amounts are never converted here, so every currency counts as one


@dataclass(frozen=True, slots=True)
class Match:
    """The row that prices a call: where it stands, and its terms. Rates in nanos a minute, increments in seconds."""

    code: str
    destination: str
    currency: str
    rate_nanos: int
    first_rate_nanos: int | None
    connect_fee_nanos: int
    initial_increment: int
    next_increment: int
    free_seconds: int
    deck_id: int
    deck_row: int

    def terms(self) -> str:
        """As `lcr_core.rate_call` takes them."""
        return json.dumps(
            {
                "rate_nanos": self.rate_nanos, "first_rate_nanos": self.first_rate_nanos,
                "connect_fee_nanos": self.connect_fee_nanos, "initial_increment": self.initial_increment,
                "next_increment": self.next_increment, "free_seconds": self.free_seconds,
            }
        )  # fmt: skip


class Tariffs:
    """Timelines by number (a product's, or a rate card's), compiled once for a file of call records."""

    def __init__(self, snapshot: lcr_core.Snapshot | None, known: Collection[int]) -> None:
        self._snapshot = snapshot
        self._known = frozenset(known)
        self._find = lru_cache(maxsize=1 << 14)(self._ask)

    @staticmethod
    def build(
        root: Path,
        timelines: Mapping[int, pa.Table],
        *,
        lrn_rated: Collection[int] = (),
        nanp: str | None = None,
        at_us: int,
    ) -> Tariffs:
        """Compile below `root` (made, and the caller's to remove). `nanp`: a file of number blocks below `root/indexes`.

        Raises lcr_core.BuildError for a timeline that cannot be one."""
        if not timelines:
            return Tariffs(None, ())
        fx = {currency: "1" for table in timelines.values() for currency in _currencies(table)}
        fx.pop(_BASE, None)
        offers = [
            {"offer_id": number, "carrier_id": number, "rules": rules_document(table)}
            for number, table in sorted(timelines.items())
        ]
        words = {"base_currency": _BASE, "fx": fx, "reference_seconds": 60, "offers": offers}
        built = json.loads(
            lcr_core.build_index(str(root), json.dumps(words), sorted(timelines.items()), at_us)
        )
        access = {
            "base_currency": _BASE, "fx": fx, "reference_seconds": 60, "max_seconds": 86_400, "closed_codes": [], "trunks": [],
            "keys": [], "cards": [], "quality": [], "nanp": nanp,
            "offers": [_offer(number, number in lrn_rated) for number in sorted(timelines)],
        }  # fmt: skip
        lcr_core.publish(str(root), built["index"], json.dumps(access), at_us)
        return Tariffs(lcr_core.Snapshot.open(str(root)), timelines)

    def match(self, number: int, record: Attempt) -> Match | None:
        """The row of timeline `number` for this call at the instant that prices it; None: none, or one that is not open."""
        if number not in self._known:
            return None
        return self._find(number, record.dnis, record.ani, record.lrn, record.start_us)

    def _ask(self, number: int, dnis: str, ani: str, lrn: str, at_us: int) -> Match | None:
        question = {
            "trunk": None, "dnis": dnis, "ani": ani or None, "lrn": lrn or None, "at_us": at_us, "explain": True,
            "explain_scope": "all", "offers": [number],
        }  # fmt: skip
        if self._snapshot is None:
            return None
        try:
            answer = json.loads(self._snapshot.decide(json.dumps(question)))
        except lcr_core.QueryError:
            return None  # a number that is none
        entry = next((e for e in answer["explain"] if e["offer"] == number), None)
        if entry is None or entry["cost"] is None or entry["verdict"] in ("blocked", "closed"):
            return None
        return _match(entry)


def _match(entry: dict[str, Any]) -> Match:
    cost = entry["cost"]
    return Match(
        code=entry["code"], destination=entry["destination"], currency=cost["currency"], rate_nanos=_nanos(cost["rate"]),
        first_rate_nanos=_nanos(cost["first_rate"]), connect_fee_nanos=_nanos(cost["connect_fee"]),
        initial_increment=cost["initial_increment"], next_increment=cost["next_increment"],
        free_seconds=cost["free_seconds"], deck_id=entry["deck_id"], deck_row=entry["deck_row"],
    )  # fmt: skip


def _nanos(text: str) -> int:
    """A decimal text of the core, exactly."""
    whole, _, part = text.partition(".")
    return int(whole) * NANOS + int(part.ljust(9, "0") or 0)


def _offer(number: int, lrn_rated: bool) -> dict[str, Any]:
    return {
        "offer_id": number, "carrier_id": number, "vendor": str(number), "product": str(number), "class": "standard",
        "priority": 0, "enabled": True, "public": True, "uri_host": None, "uri_port": None, "uri_user_prefix": "",
        "transport": "udp", "timeout_ms": 6000, "lrn_rated": lrn_rated,
    }  # fmt: skip


def _currencies(table: pa.Table) -> list[str]:
    return [str(one) for one in table["currency"].unique().to_pylist()]
