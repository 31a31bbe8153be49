"""Every documented answer of docs/lcr-http.md, asked of a running edge."""

from __future__ import annotations

import json

import pytest

import lcr_core
from tests.edge.exchange import EXPLAIN_KEY, OTHER_KEY, UK
from tests.edge.process import Edge


def test_a_number_gets_its_routes_cheapest_first(shared_edge: Edge) -> None:
    reply = shared_edge.lcr()
    answer = reply.json()
    assert reply.status == 200
    assert answer["status"] == "ok"
    assert answer["b"] == UK
    assert [(r["vendor"], r["code"], r["rate"], r["eff"]) for r in answer["routes"]] == [
        ("acme", "4420", "0.0031", "0.0031"),
        ("beta", "44", "0.01", "0.01"),
    ]
    assert answer["routes"][0]["uri"] == f"sip:{UK}@192.0.2.10:5060"
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-tandem-snapshot"] == answer["version"]
    assert reply.headers["x-tandem-decision"] == answer["decision_id"]
    assert "server" not in reply.headers


def test_the_edge_answers_what_the_core_answers(shared_edge: Edge) -> None:
    answer = shared_edge.lcr(
        f"dnis=7701{UK}&ani=33123456789&at=2026-11-21T05:00:00Z&explain=1&max=1", key=EXPLAIN_KEY
    ).json()
    snapshot = lcr_core.Snapshot.open(str(shared_edge.root), answer["version"])
    question = {
        "trunk": 1,
        "dnis": UK,
        "ani": "33123456789",
        "at_us": 1_795_237_200_000_000,
        "explain": True,
        "max": 1,
        "decision_id": answer["decision_id"],
    }
    assert answer == json.loads(snapshot.decide(json.dumps(question)))
    assert answer["at"] == "2026-11-21T05:00:00.000000Z"
    assert [entry["verdict"] for entry in answer["explain"]] == ["selected", "outranked"]


def test_decision_ids_never_repeat(shared_edge: Edge) -> None:
    ids = {shared_edge.lcr().json()["decision_id"] for _ in range(20)}
    assert len(ids) == 20
    assert all(len(i) == 32 for i in ids)


@pytest.mark.parametrize(
    ("dnis", "status", "reason"),
    [
        ("33123456789", "no_route", "no_code"),
        ("449012345678", "blocked", "blocked_codes"),
        ("881612345678", "blocked", "closed_codes"),
    ],
)
def test_business_refusals_are_normal_answers(shared_edge: Edge, dnis: str, status: str, reason: str) -> None:
    reply = shared_edge.lcr(f"dnis={dnis}")
    assert reply.status == 200
    assert (reply.json()["status"], reply.json()["reason"], reply.json()["routes"]) == (status, reason, [])


def test_a_trunk_without_grants_has_every_offer_refused(shared_edge: Edge) -> None:
    answer = shared_edge.lcr(key=OTHER_KEY).json()
    assert (answer["status"], answer["reason"], answer["routes"]) == ("no_route", "all_refused", [])


@pytest.mark.parametrize("dnis", [f"7701{UK}", "%2B44+20+7946+0000", "44-20-7946-0000", "(44)2079460000"])
def test_numbers_are_normalised_and_the_tech_prefix_taken_off(shared_edge: Edge, dnis: str) -> None:
    assert shared_edge.lcr(f"dnis={dnis}").json()["b"] == UK


def test_a_withheld_caller_number_counts_as_none(shared_edge: Edge) -> None:
    assert shared_edge.lcr(f"dnis={UK}&ani=anonymous&lrn=&call_id=").json()["a"] is None


@pytest.mark.parametrize(
    ("query", "code", "parameter"),
    [
        ("", "missing_parameter", "dnis"),
        ("dnis=", "missing_parameter", "dnis"),
        ("dnis=44x", "bad_number", "dnis"),
        ("dnis=1234567890123456", "bad_number", "dnis"),
        (f"dnis={UK}&lrn=x1", "bad_number", "lrn"),
        (f"dnis={UK}&at=noon", "bad_at", "at"),
        (f"dnis={UK}&max=0", "bad_max", "max"),
        (f"dnis={UK}&max=101", "bad_max", "max"),
        (f"dnis={UK}&explain=perhaps", "bad_explain", "explain"),
        (f"dnis={UK}&dnis={UK}", "duplicate_parameter", "dnis"),
        (f"dnis={UK}&trunk=2", "unknown_parameter", "trunk"),
        ("dnis=%00", "bad_encoding", "dnis"),
        (f"dnis={UK}&call_id={'x' * 129}", "value_too_long", "call_id"),
    ],
)
def test_a_bad_parameter_is_named_with_a_hint(
    shared_edge: Edge, query: str, code: str, parameter: str
) -> None:
    reply = shared_edge.lcr(query)
    problem = reply.json()
    assert reply.status == 400
    assert reply.headers["content-type"] == "application/problem+json"
    assert (problem["code"], problem["parameter"], problem["status"]) == (code, parameter, 400)
    assert problem["type"] == f"urn:tandem:problem:{code}"
    assert problem["title"]
    assert problem["detail"]
    assert problem["hint"]


def test_other_paths_and_methods_are_problems(shared_edge: Edge) -> None:
    missing = shared_edge.get("/v1/nothing")
    assert (missing.status, missing.json()["code"]) == (404, "not_found")
    for method in ("POST", "DELETE", "OPTIONS", "TRACE"):
        wrong = shared_edge.get("/v1/lcr", method=method)
        assert (wrong.status, wrong.json()["code"], wrong.headers["allow"]) == (
            405,
            "method_not_allowed",
            "GET, HEAD",
        )


def test_head_has_the_headers_of_get_and_no_body(shared_edge: Edge) -> None:
    reply = shared_edge.get(f"/v1/lcr?dnis={UK}", method="HEAD")
    assert (reply.status, reply.body) == (200, b"")
    assert int(reply.headers["content-length"]) > 100


def test_probes_say_alive_and_ready(shared_edge: Edge) -> None:
    assert shared_edge.get("/healthz", key=None).json()["status"] == "alive"
    ready = shared_edge.get("/readyz", key=None)
    assert (ready.status, ready.json()["status"]) == (200, "ready")
    assert ready.json()["snapshot"] == ready.headers["x-tandem-snapshot"]
    assert ready.json()["snapshot_age_ms"] >= 0


def test_metrics_count_requests_and_decisions(shared_edge: Edge) -> None:
    before = shared_edge.metric('tandem_edge_decisions_total{status="blocked"}')
    shared_edge.lcr("dnis=881612345678")
    assert shared_edge.metric('tandem_edge_decisions_total{status="blocked"}') == before + 1
    assert shared_edge.metric('tandem_edge_requests_total{route="lcr",status="200"}') >= 1
    assert shared_edge.metric("tandem_edge_request_seconds_count") >= 1
    assert shared_edge.metric("tandem_edge_snapshot_info") == 1
    assert shared_edge.metric("tandem_edge_in_flight") <= 1


def test_the_log_never_holds_a_number_or_a_key(shared_edge: Edge) -> None:
    shared_edge.lcr()
    text = shared_edge.log.read_text()
    assert UK not in text
    assert "tk_" not in text
