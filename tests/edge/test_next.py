"""A snapshot announced for an instant: opened ahead by the edge and in force from that instant on, without anybody writing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime

import lcr_core
from tests.edge.exchange import Exchange
from tests.edge.load import Load
from tests.edge.process import Edge, until

Start = Callable[..., Edge]


def now_us() -> int:
    return time.time_ns() // 1000


def announce(exchange: Exchange, rate: str, at_us: int) -> str:
    """Build the exchange at another rate and announce it for `at_us`."""
    current = (exchange.root / "CURRENT").read_text().strip()
    access = (exchange.root / "snapshots" / current / "access.json").read_text()
    exchange.rate = rate
    return lcr_core.publish_next(str(exchange.root), exchange.build(), access, now_us(), at_us)


def test_an_announced_snapshot_is_opened_ahead_and_answers_from_its_instant_on(
    exchange: Exchange, start_edge: Start
) -> None:
    before = exchange.publish()
    edge = start_edge()
    at_us = now_us() + 1_500_000
    after = announce(exchange, "0.0099", at_us)
    prepared = until(lambda: edge.event("snapshot_prepared"), "it is opened ahead")
    assert (prepared["snapshot"], prepared["at_us"]) == (after, at_us)
    assert now_us() < at_us, "it was opened before its instant"
    with Load(edge, threads=2) as load:
        until(lambda: edge.lcr().json()["version"] == after, "it takes over")
        seen = len(load.versions)
        until(lambda: len(load.versions) > seen + 20, "load goes on")
    assert load.failures == []
    assert {version for version, _ in load.versions} <= {before, after}
    rates = {before: "0.0031", after: "0.0099"}
    assert all(rate == rates[version] for version, rate in load.versions)
    assert (exchange.root / "CURRENT").read_text().strip() == before, "nobody wrote"
    # Each answer says when it was decided: none of the new one before its instant.
    answer = edge.lcr().json()
    assert micros(answer["at"]) >= at_us
    loaded = next(e for e in edge.events("snapshot_loaded") if e["snapshot"] == after)
    assert (loaded["replaces"], loaded["took_ms"]) == (before, 0), "only a pointer was changed"
    assert edge.metric("tandem_edge_snapshot_load_failures_total") == 0


def micros(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


def test_another_published_before_its_instant_makes_the_announced_one_void(
    exchange: Exchange, start_edge: Start
) -> None:
    exchange.publish()
    edge = start_edge()
    at_us = now_us() + 800_000
    void = announce(exchange, "0.0099", at_us)
    until(lambda: edge.event("snapshot_prepared"), "it is opened ahead")
    other = exchange.reprice("0.0055")
    edge.serves(other)
    until(lambda: now_us() > at_us + 300_000, "its instant has passed")
    assert edge.lcr().json()["version"] == other
    assert all(e["snapshot"] != void for e in edge.events("snapshot_loaded"))


def test_a_damaged_announced_one_raises_the_alarm_at_its_instant_and_the_old_one_serves_on(
    exchange: Exchange, start_edge: Start
) -> None:
    before = exchange.publish()
    at_us = now_us() + 2_500_000
    after = announce(exchange, "0.0099", at_us)
    index = exchange.root / "indexes" / exchange.index
    good = index.read_bytes()
    part = index.with_suffix(".part")
    middle = len(good) // 2
    part.write_bytes(good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :])
    part.replace(index)
    edge = start_edge()
    early = until(lambda: edge.event("snapshot_not_prepared"), "the damage is told ahead")
    assert early["snapshot"] == after
    assert edge.metric("tandem_edge_snapshot_alarm") == 0
    refused = until(lambda: edge.event("snapshot_refused"), "the damage is told")
    assert (refused["snapshot"], refused["serving"]) == (after, before)
    assert now_us() >= at_us
    assert edge.lcr().json()["version"] == before
    assert edge.metric("tandem_edge_snapshot_alarm") == 1
    part.write_bytes(good)
    part.replace(index)
    edge.serves(after)
    assert json.loads(edge.get("/readyz").body)["snapshot_alarm"] is False
