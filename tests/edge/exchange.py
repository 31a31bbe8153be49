"""A small exchange on disk: two vendors, buyers' trunks and keys, published by the core as production does."""

from __future__ import annotations

import hashlib
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lcr_core
from tests.named.tiny import AT_US, row
from tests.oracle.worlds import timeline

UK = "442079460000"
KEY = "tk_acme_live_7d0e3b"
EXPLAIN_KEY = "tk_acme_explain_91aa02"
OTHER_KEY = "tk_other_live_5f5f5f"
OFF_KEY = "tk_switched_off_000000"
SCOPELESS_KEY = "tk_reports_only_222222"
TRUNKLESS_KEY = "tk_of_no_trunk_333333"
EXPIRED_KEY = "tk_expired_444444"
CONTROL_KEY = "tk_control_555555"


def sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def offer(number: int, vendor: str) -> dict[str, Any]:
    return {
        "offer_id": number,
        "carrier_id": number + 10,
        "vendor": vendor,
        "product": "Premium CLI",
        "class": "premium",
        "public": True,
        "uri_host": "192.0.2.10",
        "uri_port": 5060,
    }


def trunk(number: int, **more: Any) -> dict[str, Any]:
    grants = [
        {"offer_id": 1, "from_us": None, "until_us": None},
        {"offer_id": 2, "from_us": None, "until_us": None},
    ]
    return {
        "trunk_id": number,
        "company_id": 100 + number,
        "name": f"trunk {number}",
        "grants": grants,
        "enabled": True,
    } | more


def key(
    number: int,
    secret: str,
    trunk_id: int | None,
    *scopes: str,
    expires_at_us: int | None = None,
    **more: Any,
) -> dict[str, Any]:
    return more | {
        "key_id": number,
        "sha256": sha256(secret),
        "trunk_id": trunk_id,
        "company_id": 100 + (trunk_id or 1),
        "scopes": list(scopes),
        "expires_at_us": expires_at_us,
    }


def default_keys() -> list[dict[str, Any]]:
    return [
        key(1, KEY, 1, "lcr:query"),
        key(2, EXPLAIN_KEY, 1, "lcr:query", "lcr:explain"),
        key(3, OTHER_KEY, 2, "lcr:query"),
        key(4, OFF_KEY, 3, "lcr:query"),
        key(5, SCOPELESS_KEY, 1, "report:read"),
        key(6, TRUNKLESS_KEY, None, "lcr:query"),
        key(7, EXPIRED_KEY, 1, "lcr:query", expires_at_us=1),
        key(8, CONTROL_KEY, None, "lcr:control"),
    ]


def default_trunks() -> list[dict[str, Any]]:
    return [
        trunk(1, tech_prefix="7701", blocked_codes=["4490"]),
        trunk(2, grants=[]),
        trunk(3, enabled=False),
    ]


@dataclass
class Exchange:
    """What is published below `root`; change a field and publish again for another snapshot."""

    root: Path
    rate: str = "0.0031"
    trunks: list[dict[str, Any]] = field(default_factory=default_trunks)
    keys: list[dict[str, Any]] = field(default_factory=default_keys)
    offers: list[dict[str, Any]] = field(default_factory=lambda: [offer(1, "acme"), offer(2, "beta")])
    index: str = ""

    def build(self) -> str:
        """Compile the index: acme has UK and UK London, beta only UK, at one cent."""
        decks = {
            1: [row("44", "0.0200"), row("4420", self.rate, destination="UK London")],
            2: [row("44", "0.0100")],
        }
        words = {
            "base_currency": "USD",
            "fx": {},
            "reference_seconds": 180,
            "offers": [{"offer_id": number, "carrier_id": number + 10} for number in decks],
        }
        columns = [(number, timeline(rows)) for number, rows in decks.items()]
        self.index = json.loads(lcr_core.build_index(str(self.root), json.dumps(words), columns, AT_US))[
            "index"
        ]
        return self.index

    def publish(self) -> str:
        """Publish access over the index (built when there is none); returns the snapshot id."""
        if not self.index:
            self.build()
        access = {
            "base_currency": "USD",
            "fx": {},
            "reference_seconds": 180,
            "max_seconds": 3600,
            "closed_codes": ["881"],
            "offers": self.offers,
            "trunks": self.trunks,
            "keys": self.keys,
            "cards": [],
            "quality": [],
        }
        return lcr_core.publish(str(self.root), self.index, json.dumps(access), time.time_ns() // 1000)

    def reprice(self, rate: str) -> str:
        """A new deck: another index, another snapshot."""
        self.rate = rate
        self.build()
        return self.publish()

    def point_current_at(self, snapshot_id: str) -> None:
        """Switch CURRENT by rename, as publishing does, to an id that may be no good."""
        fresh = self.root / "CURRENT.new"
        fresh.write_text(snapshot_id)
        os.replace(fresh, self.root / "CURRENT")
