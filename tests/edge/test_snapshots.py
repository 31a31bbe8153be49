"""New snapshots under load, damaged ones, none at all."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.edge.exchange import Exchange
from tests.edge.load import Load
from tests.edge.process import Edge, until

Start = Callable[..., Edge]


def test_before_anything_is_published_the_edge_says_so_and_then_serves(
    exchange: Exchange, start_edge: Start
) -> None:
    edge = start_edge()
    reply = edge.lcr()
    assert (reply.status, reply.json()["code"], reply.headers["retry-after"]) == (503, "no_snapshot", "1")
    assert (edge.get("/readyz").status, edge.get("/readyz").json()["status"]) == (503, "no_snapshot")
    assert edge.get("/healthz").status == 200
    snapshot_id = exchange.publish()
    edge.serves(snapshot_id)
    assert edge.lcr().json()["version"] == snapshot_id


def test_swaps_under_load_fail_no_request_and_mix_nothing(exchange: Exchange, start_edge: Start) -> None:
    rates = {exchange.publish(): exchange.rate}
    edge = start_edge()
    with Load(edge) as load:
        for turn in range(15):
            snapshot_id = exchange.reprice(f"0.00{turn + 40}")
            rates[snapshot_id] = exchange.rate
            edge.serves(snapshot_id)
            seen = len(load.versions)
            until(lambda seen=seen: len(load.versions) > seen + 20, "load goes on")
    assert load.failures == []
    assert all(rate.ljust(6, "0") == rates[version].ljust(6, "0") for version, rate in load.versions)
    assert {version for version, _ in load.versions} == set(rates)
    assert edge.metric("tandem_edge_snapshot_loads_total") == 16
    assert edge.metric("tandem_edge_snapshot_load_failures_total") == 0


def test_a_damaged_index_is_refused_and_the_old_snapshot_serves_on(
    exchange: Exchange, start_edge: Start
) -> None:
    good = exchange.publish()
    edge = start_edge()
    bad = exchange.reprice("0.5")
    edge.serves(bad)
    exchange.point_current_at(good)
    edge.serves(good)
    index = exchange.root / "indexes" / exchange.index
    content = bytearray(index.read_bytes())
    content[len(content) // 2] ^= 0xFF
    damaged = index.with_suffix(".damaged")
    damaged.write_bytes(content)
    damaged.replace(index)  # another file under the name: the one that is mapped stays as it is
    with Load(edge, threads=2) as load:
        exchange.point_current_at(bad)
        refused = until(lambda: edge.event("snapshot_refused"), "the damage is noticed")
        seen = len(load.versions)
        until(lambda: len(load.versions) > seen + 20, "load goes on")
    assert refused["snapshot"] == bad
    assert refused["serving"] == good
    assert load.failures == []
    assert {version for version, _ in load.versions} == {good}
    assert edge.metric("tandem_edge_snapshot_alarm") == 1
    assert edge.metric("tandem_edge_snapshot_load_failures_total") >= 1
    assert edge.get("/readyz").status == 200
    edge.serves(exchange.reprice("0.0077"))
    assert until(lambda: edge.metric("tandem_edge_snapshot_alarm") == 0, "the alarm ends")


def test_odd_ids_in_current_are_refused(exchange: Exchange, start_edge: Start) -> None:
    good = exchange.publish()
    edge = start_edge()
    for turn, odd in enumerate(("../../etc", "no-such-snapshot", "x" * 300, ""), 1):
        exchange.point_current_at(odd)
        until(lambda turn=turn: len(edge.events("snapshot_refused")) >= turn, f"{odd!r} is refused")
        assert edge.lcr().json()["version"] == good


def test_a_manifest_that_lies_about_access_is_refused(exchange: Exchange, start_edge: Start) -> None:
    good = exchange.publish()
    edge = start_edge()
    exchange.keys = exchange.keys[:1]
    other = exchange.publish()
    edge.serves(other)
    exchange.point_current_at(good)
    edge.serves(good)
    access = exchange.root / "snapshots" / other / "access.json"
    words = json.loads(access.read_text())
    words["trunks"][0]["blocked_codes"] = []
    access.chmod(0o644)
    access.write_text(json.dumps(words))
    exchange.point_current_at(other)
    until(lambda: edge.event("snapshot_refused"), "the change is noticed")
    assert edge.lcr().json()["version"] == good
