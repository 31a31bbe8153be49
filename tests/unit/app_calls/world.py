"""A small exchange with a seller, a buyer and a published snapshot; records as the edge would write them (docs/test-calls.md).

The edge itself is not there: `said` stands for what it would answer, `write` for the lines of its log."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import app.calls.jobs  # noqa: F401  (registers its kinds, as the worker does)
from app.calls.models import OwnNumber, TestCall
from app.carriers.models import Company
from app.clock import to_micros, utc_now
from app.config import Settings
from app.db import db
from app.security.actor import Actor
from app.security.models import User
from tests.factories.app import actor_for, make_app
from tests.factories.exchange import Exchange

SELLER, BUYER, OPERATOR = "Acme Carrier", "Borealis Talk", "Tandem"
DECK = """Destination,Code,Rate,Increments
United Kingdom,44,0.0040,1/1
United Kingdom London,4420,0.0600,60/60
Kenya,254,0.9000,60/60
"""
NUMBER = "442079460123"


@dataclass
class World:
    exchange: Exchange
    seq: int = 0
    file: str = "calls-00000001.ndjson"
    lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return self.exchange.settings

    @property
    def product(self) -> int:
        return self.exchange.products[SELLER]

    @property
    def log(self) -> Path:
        self.settings.calls_dir.mkdir(parents=True, exist_ok=True)
        return self.settings.calls_dir

    def actor(self, company: str) -> Actor:
        user = db.session.scalars(sa.select(User).where(User.email == self.exchange.emails[company])).one()
        return actor_for(user, db.session.get_one(Company, user.company_id))

    def own_number(self, number: str = NUMBER) -> None:
        db.session.add(OwnNumber(number=number, country="44", created_at=utc_now()))
        db.session.commit()

    def write(self, kind: str, call: str, **words: Any) -> None:
        """One line of the edge's log."""
        self.seq += 1
        line = {"v": 1, "kind": kind, "seq": self.seq, "call": call, **words}
        with (self.log / self.file).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")

    def media_file(self, name: str, content: bytes) -> dict[str, Any]:
        """A file as the edge leaves it; what the record says of it."""
        folder = self.log / "media"
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
        return {"path": f"media/{name}", "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


_template: tuple[Path, Exchange] | None = None


def make_world(tmp_path: Path) -> World:
    """Made once a test process by the real path, then copied."""
    global _template
    if _template is None:
        folder = Path(tempfile.mkdtemp(prefix="tandem-calls-"))
        _template = folder, _first_exchange(folder)
    folder, first = _template
    shutil.copytree(folder / "var", tmp_path / "var")
    app = make_app(tmp_path)
    return World(
        Exchange(app, dict(first.products), dict(first.trunks), dict(first.emails), dict(first.keys))
    )


def _first_exchange(folder: Path) -> Exchange:
    exchange = Exchange.empty(folder)
    exchange.operator(OPERATOR)
    exchange.seller(SELLER, "Premium CLI", "premium", "192.0.2.10")
    exchange.buyer(BUYER, Main={"source_ips": ["192.0.2.99"]})
    exchange.deck(SELLER, DECK)
    exchange.work("snapshot.build", "market.build")
    with exchange.app.app_context():
        db.session.connection().exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.session.close()
        db.engine.dispose()
    return exchange


def record_of(call: TestCall, at: datetime, **more: Any) -> dict[str, Any]:
    """An answered, honest call of 8 s: INVITE, 180 after 0.9 s, 200 after 2.4 s."""
    begun = to_micros(at)
    words: dict[str, Any] = {
        "mode": call.mode, "ticket_id": None, "company_id": call.company_id, "trunk_id": None, "offer_id": call.product_id,
        "carrier_id": 1, "number": call.number, "from": call.caller or None, "snapshot": "s", "outcome": "answered", "code": 200,
        "reason": "OK", "q850": None, "begun_us": begun, "invited_us": begun + 1_000, "ringing_us": begun + 901_000,
        "early_media_us": None, "answered_us": begun + 2_401_000, "released_us": begun + 10_401_000,
        "ended_us": begun + 10_450_000, "pdd_us": 900_000, "ringing_for_us": 1_500_000, "talk_us": 8_000_000,
        "disconnect_us": 1_000, "released_by": "us",
        "attempts": [{"offer_id": call.product_id, "address": "192.0.2.10:5060", "code": 200}],
        "price": {
            "currency": "USD", "rate_nanos": 60_000_000, "connect_fee_nanos": 0, "initial_increment": 60, "next_increment": 60,
            "cost_nanos": 60_000_000,
        },
        "media": {"b": media(8)}, "cli": None, "far": None, "identity": {"sent": None, "received": None}, "heard": [],
        "voice_ms": 5_000, "findings": [], "verdict": "honest", "files": {"wav": None, "pcap": None},
        "events": ladder(begun), "events_left_out": 0, "sip_call_ids": {"b": ["secret@192.0.2.10"]},
    }  # fmt: skip
    return words | more


def media(seconds: int, lost: int = 0) -> dict[str, Any]:
    return {
        "codec": "PCMA", "protection": "clear", "address": "192.0.2.10:30000", "packets": 50 * seconds - lost,
        "expected": 50 * seconds, "lost": lost, "discarded": 0, "jitter_us": 300, "mean_jitter_us": 250, "one_way_us": 60_000,
        "mos_cq_milli": 4_400, "mos_lq_milli": 4_410, "mos_estimated": False, "loss_ppm": 1_000_000 * lost // (50 * seconds),
        "seconds": [[second, 50, 50, lost if second == 0 else 0, 0, 300, -200] for second in range(seconds)],
    }  # fmt: skip


def ladder(begun: int) -> list[dict[str, Any]]:
    def message(
        n: int, after_ms: int, to_us: bool, code: int, reason: str = "", method: str = "INVITE"
    ) -> dict[str, Any]:
        return {
            "n": n, "at_us": begun + after_ms * 1000, "event": "message", "side": "b", "to_us": to_us, "method": method,
            "code": code, "reason": reason, "cseq": 1, "again": False, "sdp": code in (0, 200) and method == "INVITE",
        }  # fmt: skip

    return [
        {"n": 1, "at_us": begun, "event": "accepted"},
        message(2, 1, False, 0),
        message(3, 10, True, 100, "Trying"),
        message(4, 901, True, 180, "Ringing"),
        message(5, 2401, True, 200, "OK"),
        {"n": 6, "at_us": begun + 2_401_100, "event": "answered", "side": "b"},
        message(7, 2402, False, 0, method="ACK"),
        message(8, 10_401, False, 0, method="BYE"),
        message(9, 10_402, True, 200, "OK", method="BYE"),
    ]


LATER = timedelta(seconds=12)
