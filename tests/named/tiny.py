"""A small exchange written out in a test: products with their codes, one trunk, and answers as dicts."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import lcr_core
from tests.oracle.worlds import EPOCH_US, World

AT_US = EPOCH_US
DAY_US = 86_400_000_000
TRUNK = 1


def nanos(text: str) -> int:
    """Nanos of a decimal text, exactly."""
    return int(Decimal(text).scaleb(9))


def row(code: str, rate: str, terms: str = "1/1", **more: Any) -> dict[str, Any]:
    """One line of a deck: dial code, rate per minute, initial/next increment."""
    first, following = terms.split("/")
    return {
        "code": code,
        "destination": f"Destination {code}",
        "rate_nanos": nanos(rate),
        "first_rate_nanos": None,
        "connect_fee_nanos": 0,
        "initial_increment": int(first),
        "next_increment": int(following),
        "free_seconds": 0,
        "currency": "USD",
        "status": 0,
        "effective_from": AT_US - 30 * DAY_US,
        "effective_until": None,
        "received_at": AT_US - 40 * DAY_US,
        "deck_id": 1,
        "deck_row": 2,
        "origin": None,
        "jurisdiction": None,
    } | more


@dataclass
class Exchange:
    """Products by name in the order given: carrier 11 has offer 1, carrier 12 offer 2, and so on."""

    decks: dict[str, list[dict[str, Any]]]
    policy: dict[str, Any] = field(default_factory=dict)
    card: list[dict[str, Any]] = field(default_factory=list)
    quality: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    offers: dict[str, dict[str, Any]] = field(default_factory=dict)  # overrides by product
    trunk: dict[str, Any] = field(default_factory=dict)
    fx: dict[str, str] = field(default_factory=dict)
    closed_codes: list[str] = field(default_factory=list)
    reference_seconds: int = 60
    rules: dict[str, dict[str, Any]] = field(default_factory=dict)  # by product: origin, jurisdiction
    nanp: dict[str, Any] | None = None
    durations: dict[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)

    def publish(self, root: Path) -> Desk:
        return Desk(self.world().publish(root))

    def world(self) -> World:
        ids = {name: number for number, name in enumerate(self.decks, 1)}
        offers = [
            {
                "offer_id": number,
                "carrier_id": 10 + number,
                "vendor": name,
                "product": name,
                "class": "standard",
                "priority": 100,
                "enabled": True,
                "public": True,
                "uri_host": "192.0.2.10",
                "uri_port": None,
                "uri_user_prefix": "",
                "transport": "udp",
                "timeout_ms": 6000,
                "lrn_rated": False,
            }
            | self.offers.get(name, {})
            for name, number in ids.items()
        ]
        trunk = {
            "trunk_id": TRUNK,
            "company_id": 99,
            "name": "buyer",
            "source_ips": [],
            "tech_prefix": None,
            "policy": self.policy,
            "rate_card_id": 900 if self.card else None,
            "blocked_codes": [],
            "opened_codes": [],
            "never_carriers": [],
            "grants": [{"offer_id": number, "from_us": None, "until_us": None} for number in ids.values()],
            "max_routes": None,
            "enabled": True,
        } | self.trunk
        fx = {"USD": "1"} | self.fx
        return World(
            offers=offers,
            timelines={ids[name]: rows for name, rows in self.decks.items()},
            cards={900: self.card} if self.card else {},
            trunks={TRUNK: trunk},
            quality={(ids[name], code): counters for (name, code), counters in self.quality.items()},
            fx={currency: nanos(text) for currency, text in fx.items()},
            fx_text=fx,
            closed_codes=self.closed_codes,
            reference_seconds=self.reference_seconds,
            rules={ids[name]: rules for name, rules in self.rules.items()},
            nanp=self.nanp,
            durations=self.durations,
        )


@dataclass(frozen=True)
class Desk:
    """Where a test asks."""

    snapshot: lcr_core.Snapshot

    def ask(
        self, dnis: str, *, at_us: int = AT_US, state: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        question = {
            "trunk": TRUNK,
            "dnis": dnis,
            "at_us": at_us,
            "explain": True,
            "explain_scope": "all",
        } | more
        words = None if state is None else json.dumps({"generation": 1} | state)
        answer: dict[str, Any] = json.loads(self.snapshot.decide(json.dumps(question), words))
        return answer

    def order(self, dnis: str, **more: Any) -> list[str]:
        """Vendors in the order of the answer."""
        return [route["vendor"] for route in self.ask(dnis, **more)["routes"]]

    def verdicts(self, dnis: str, **more: Any) -> dict[str, str]:
        return {entry["vendor"]: entry["verdict"] for entry in self.ask(dnis, **more)["explain"]}


def counters(**given: int) -> dict[str, int]:
    """Quality counters of one product at one code; what is not given is 0."""
    names = (
        "attempts",
        "answered",
        "effective",
        "talk_ms",
        "pdd_ms_sum",
        "pdd_samples",
        "mos_milli_sum",
        "mos_samples",
    )
    return dict.fromkeys(names, 0) | given
