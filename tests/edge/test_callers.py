"""Who may ask: keys, addresses, expiry, scopes, revocation, rate limits."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable

import pytest

from tests.edge.exchange import (
    EXPIRED_KEY,
    EXPLAIN_KEY,
    KEY,
    OFF_KEY,
    SCOPELESS_KEY,
    TRUNKLESS_KEY,
    UK,
    Exchange,
    key,
    trunk,
)
from tests.edge.process import Edge, until

Start = Callable[..., Edge]
ASK = f"/v1/lcr?dnis={UK}"


@pytest.mark.parametrize(
    ("secret", "status", "code"),
    [
        (None, 401, "unauthenticated"),
        ("tk_unknown", 401, "unknown_key"),
        ("no_prefix", 401, "unknown_key"),
        ("tk_" + "x" * 500, 401, "unknown_key"),
        (EXPIRED_KEY, 401, "expired_key"),
        (SCOPELESS_KEY, 403, "missing_scope"),
        (TRUNKLESS_KEY, 403, "key_without_trunk"),
        (OFF_KEY, 403, "trunk_disabled"),
    ],
)
def test_who_may_not_ask_is_told_why(shared_edge: Edge, secret: str | None, status: int, code: str) -> None:
    reply = shared_edge.get(ASK, key=secret)
    assert (reply.status, reply.json()["code"]) == (status, code)
    assert ("www-authenticate" in reply.headers) == (status == 401)
    assert "routes" not in reply.json()


def test_a_stranger_learns_nothing_from_bad_parameters(shared_edge: Edge) -> None:
    assert shared_edge.get("/v1/lcr?nonsense=1", key=None).status == 401


def test_both_ways_of_sending_a_key_work_but_not_together(shared_edge: Edge) -> None:
    assert shared_edge.get(ASK, key=None, X_Api_Key=KEY).status == 200
    assert shared_edge.get(ASK, key=KEY, X_Api_Key=KEY).json()["code"] == "two_credentials"
    assert shared_edge.get(ASK, key=None, Authorization="Digest x").json()["code"] == "bad_credential"
    password = base64.b64encode(f"switch:{KEY}".encode()).decode()
    assert shared_edge.get(ASK, key=None, Authorization=f"Basic {password}").status == 200
    assert shared_edge.get(ASK, key=None, Authorization="Basic dTpw").json()["code"] == "unknown_key"
    assert shared_edge.get(ASK, key=None, Authorization=f"bearer {KEY}").status == 200


def test_an_explanation_needs_its_scope(shared_edge: Edge) -> None:
    refused = shared_edge.get(ASK + "&explain=1")
    assert (refused.status, refused.json()["code"]) == (403, "missing_scope")
    assert len(shared_edge.get(ASK + "&explain=1", key=EXPLAIN_KEY).json()["explain"]) == 2


def test_a_trunk_is_known_by_its_address_or_network(exchange: Exchange, start_edge: Start) -> None:
    exchange.trunks = [trunk(1, source_ips=["127.0.0.0/8"])]
    exchange.keys = []
    exchange.publish()
    edge = start_edge()
    assert edge.get(ASK, key=None).status == 200
    assert edge.get(ASK, key="tk_wrong").json()["code"] == "unknown_key", "a wrong key never falls back"


def test_trunks_behind_one_address_are_told_apart_by_tech_prefix(
    exchange: Exchange, start_edge: Start
) -> None:
    exchange.trunks = [
        trunk(1, source_ips=["127.0.0.1"], tech_prefix="11"),
        trunk(2, source_ips=["127.0.0.1"], tech_prefix="22", grants=[]),
    ]
    exchange.keys = []
    exchange.publish()
    edge = start_edge()
    assert edge.get(f"/v1/lcr?dnis=11{UK}", key=None).json()["status"] == "ok"
    assert edge.get(f"/v1/lcr?dnis=22{UK}", key=None).json()["reason"] == "all_refused"
    refused = edge.get(ASK, key=None)
    assert (refused.status, refused.json()["code"]) == (401, "ambiguous_source")


def test_a_forwarded_address_is_believed_from_a_trusted_proxy_only(
    exchange: Exchange, start_edge: Start
) -> None:
    exchange.trunks = [trunk(1, source_ips=["203.0.113.0/24", "2001:db8::/32"])]
    exchange.keys = []
    exchange.publish()
    trusting, plain = start_edge(trusted_proxies=["127.0.0.1"]), start_edge()
    for address in ("203.0.113.9", "2001:db8::7"):
        assert trusting.get(ASK, key=None, X_Forwarded_For=address).status == 200
        assert plain.get(ASK, key=None, X_Forwarded_For=address).status == 401
    assert trusting.get(ASK, key=None, X_Forwarded_For="203.0.113.9, 198.51.100.1").status == 401


def test_a_key_dies_at_its_instant_without_a_new_snapshot(exchange: Exchange, start_edge: Start) -> None:
    expires = time.time_ns() // 1000 + 4_000_000
    exchange.keys = [key(1, KEY, 1, "lcr:query", expires_at_us=expires)]
    exchange.publish()
    edge = start_edge()
    assert edge.get(ASK).status == 200
    until(lambda: edge.get(ASK).status == 401, "the key expires")
    assert time.time_ns() // 1000 >= expires
    assert edge.get(ASK).json()["code"] == "expired_key"


def test_a_key_with_networks_works_from_them_only(exchange: Exchange, start_edge: Start) -> None:
    exchange.keys = [key(1, KEY, 1, "lcr:query", networks=["203.0.113.0/24", "2001:db8::7"])]
    exchange.publish()
    edge = start_edge(trusted_proxies=["127.0.0.1"])
    for address, status in (
        ("203.0.113.9", 200),
        ("2001:db8::7", 200),
        ("203.0.114.1", 401),
        ("2001:db8::8", 401),
    ):
        answer = edge.get(ASK, X_Forwarded_For=address)
        assert answer.status == status
        assert status == 200 or answer.json()["code"] == "key_from_elsewhere"
    assert edge.get(ASK).json()["code"] == "key_from_elsewhere"


def test_a_revoked_key_stops_with_the_next_snapshot(exchange: Exchange, start_edge: Start) -> None:
    exchange.publish()
    edge = start_edge()
    assert edge.get(ASK).status == 200
    exchange.keys = [k for k in exchange.keys if k["key_id"] != 1]
    edge.serves(exchange.publish())
    assert edge.get(ASK).json()["code"] == "unknown_key"
    assert edge.get(ASK, key=EXPLAIN_KEY).status == 200


def test_a_key_over_its_rate_is_told_to_wait_and_others_are_not(
    exchange: Exchange, start_edge: Start
) -> None:
    exchange.publish()
    edge = start_edge(rate_limit_per_key_per_s=5)
    replies = [edge.get(ASK) for _ in range(30)]
    slow = [r for r in replies if r.status == 429]
    assert slow
    assert {r.status for r in replies} == {200, 429}
    assert int(slow[0].headers["retry-after"]) >= 1
    assert slow[0].json()["code"] == "rate_limited"
    assert edge.get(ASK, key=EXPLAIN_KEY).status == 200
    assert edge.metric('tandem_edge_refused_total{reason="rate"}') == len(slow)


def test_metrics_are_shown_to_listed_addresses_only(exchange: Exchange, start_edge: Start) -> None:
    exchange.publish()
    edge = start_edge(metrics_from=["192.0.2.1"])
    assert edge.get("/metrics").json()["code"] == "metrics_forbidden"
