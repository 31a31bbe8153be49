"""A world in plain Python: all that a snapshot holds, what the oracle asks of it, how it is published."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

import lcr_core

Row = dict[str, Any]
EPOCH_US = 1_795_000_000_000_000  # an instant in November 2026
COUNTERS = (
    "attempts",
    "answered",
    "effective",
    "talk_ms",
    "pdd_ms_sum",
    "pdd_samples",
    "mos_milli_sum",
    "mos_samples",
)
UTC_US = pa.timestamp("us", tz="UTC")
TIMELINE = pa.schema(
    [
        ("code", pa.string()),
        ("destination", pa.string()),
        ("rate_nanos", pa.int64()),
        ("first_rate_nanos", pa.int64()),
        ("connect_fee_nanos", pa.int64()),
        ("initial_increment", pa.int32()),
        ("next_increment", pa.int32()),
        ("free_seconds", pa.int32()),
        ("currency", pa.string()),
        ("status", pa.int8()),
        ("effective_from", UTC_US),
        ("effective_until", UTC_US),
        ("received_at", UTC_US),
        ("deck_id", pa.int64()),
        ("deck_row", pa.int32()),
        ("origin", pa.string()),
        ("jurisdiction", pa.string()),
    ]
)
OFFER: dict[str, Any] = {  # what an offer of access says when it says nothing
    "weight": 0,
    "keeps_cli": True,
    "keeps_identity": False,
    "min_digits": 1,
    "max_digits": 15,
    "schedule": None,
}
NO_STATE: dict[str, Any] = {
    "generation": None,
    "disabled_offers": [],
    "blocks": [],
    "channels_full": [],
    "cps_full": [],
    "cap_reached": [],
    "vendor_credit_out": [],
    "company_credit_out": [],
    "trunk_credit_out": [],
    "demoted": [],
    "quality": [],
}


def timeline(rows: list[Row]) -> pa.Table:
    """The rows as the core wants them (docs/decision.md 1)."""
    return pa.table({name: [row.get(name) for row in rows] for name in TIMELINE.names}, schema=TIMELINE)


@dataclass
class World:
    """Everything a snapshot holds, in plain Python, and how to publish it."""

    offers: list[dict[str, Any]]
    timelines: dict[int, list[Row]]  # offer_id -> rows; may hold offers that access does not name
    cards: dict[int, list[Row]]
    trunks: dict[int, dict[str, Any]]
    quality: dict[tuple[int, str], dict[str, int]]
    fx: dict[str, int]  # nanos of the base currency for one unit
    fx_text: dict[str, str]
    closed_codes: list[str]
    reference_seconds: int = 180
    keys: list[dict[str, Any]] = field(default_factory=list)
    rules: dict[int, dict[str, Any]] = field(default_factory=dict)  # by offer or card: origin, jurisdiction
    durations: dict[str, tuple[tuple[int, int], ...]] = field(
        default_factory=dict
    )  # code -> (seconds, weight)
    nanp: dict[str, Any] | None = (
        None  # {"blocks": {code: {country, state, rate_centre}}, "pairs": {{place, place}}}
    )
    lrns: dict[str, str] = field(default_factory=dict)  # ported numbers
    tables: dict[int, pa.Table] = field(
        default_factory=dict
    )  # timelines as `rates` made them, of the same decks
    epoch_us: int = EPOCH_US
    states: list[dict[str, Any]] = field(default_factory=list)
    codes: list[str] = field(init=False)
    memory: dict[Any, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.offers = [OFFER | offer for offer in self.offers]
        self._rows: dict[tuple[int | None, str], list[Row]] = defaultdict(list)
        self._unnamed: dict[str, list[Row]] = defaultdict(list)
        self._by_place = {
            owner
            for owner, rows in [*self.timelines.items(), *self.cards.items()]
            if any(row.get("jurisdiction") for row in rows)
        }
        named = {offer["offer_id"] for offer in self.offers}
        for owner, rows in [*self.timelines.items(), *self.cards.items()]:
            for given in rows:
                row = {"origin": None, "jurisdiction": None} | given
                self._rows[owner, row["code"]].append(row)
                if owner in self.timelines and owner not in named:
                    self._unnamed[row["code"]].append(row)
        self.codes = sorted({row["code"] for rows in self.timelines.values() for row in rows})

    def rows(self, owner: int | None, code: str) -> list[Row]:
        return self._rows.get((owner, code), [])

    def has_jurisdictions(self, owner: int) -> bool:
        return owner in self._by_place

    def unnamed(self, number: str) -> list[Row]:
        if not self._unnamed:
            return []
        return [row for i in range(1, len(number) + 1) for row in self._unnamed.get(number[:i], [])]

    def publish(self, root: Path) -> lcr_core.Snapshot:
        """Build the indexes, publish a snapshot and open it."""
        index = self.build(root, self.timelines, [(o["offer_id"], o["carrier_id"]) for o in self.offers])
        card_index = self.build(root, self.cards, []) if self.cards else None
        access = {
            "base_currency": "USD",
            "fx": self.fx_text,
            "reference_seconds": self.reference_seconds,
            "max_seconds": 3600,
            "closed_codes": self.closed_codes,
            "offers": self.offers,
            "trunks": list(self.trunks.values()),
            "keys": self.keys,
            "cards": [{"card_id": card, "index": card_index} for card in self.cards],
            "quality": [
                [offer, code, *(row[c] for c in COUNTERS)] for (offer, code), row in self.quality.items()
            ],
            "durations": [{"code": code, "mix": mix} for code, mix in self.durations.items()],
            "nanp": self.build_blocks(root),
            "lrn": self.build_lrn(root),
        }
        snapshot_id = lcr_core.publish(str(root), index, json.dumps(access), self.epoch_us)
        return lcr_core.Snapshot.open(str(root), snapshot_id)

    def build_blocks(self, root: Path) -> str | None:
        """Pack the block file; None without one."""
        if self.nanp is None:
            return None
        names = ["country", "state", "rate_centre"]
        blocks: dict[str, list[Any]] = {"code": list(self.nanp["blocks"])}
        blocks |= {name: [place[name] for place in self.nanp["blocks"].values()] for name in names}
        near = [sorted(pair) for pair in self.nanp["pairs"]]
        pairs = {"state": [a[0] for a, _ in near], "a": [a[1] for a, _ in near], "b": [b[1] for _, b in near]}
        tables = [
            pa.table({n: pa.array(c, pa.string()) for n, c in columns.items()}) for columns in (blocks, pairs)
        ]
        return str(json.loads(lcr_core.build_blocks(str(root), *tables))["file"])

    def build_lrn(self, root: Path) -> str | None:
        """Pack the file of ported numbers; None without one."""
        if not self.lrns:
            return None
        columns = {"number": list(self.lrns), "lrn": list(self.lrns.values())}
        return str(json.loads(lcr_core.build_lrn(str(root), pa.table(columns)))["file"])

    def build(self, root: Path, timelines: dict[int, list[Row]], carriers: list[tuple[int, int]]) -> str:
        """Compile one index and return its file name."""
        known = dict(carriers)
        description = {
            "base_currency": "USD",
            "fx": self.fx_text,
            "reference_seconds": self.reference_seconds,
            "offers": [
                {"offer_id": i, "carrier_id": known.get(i, 1)}
                | ({"rules": self.rules[i]} if i in self.rules else {})
                for i in timelines
            ],
        }
        tables = [(owner, self.tables.get(owner) or timeline(rows)) for owner, rows in timelines.items()]
        built = lcr_core.build_index(str(root), json.dumps(description), tables, self.epoch_us)
        return str(json.loads(built)["index"])
