"""Every edge route by every caller: no key, a wrong, expired or unscoped one, another company's, one's own."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.named.tiny import Exchange, row
from tests.swap.edge_process import Client, Edge, running_edge

CANARY = "KanariAlphaGeheim"
KEYS = {
    "alpha": {"trunk_id": 1, "company_id": 99},
    "beta": {"trunk_id": 2, "company_id": 98},
    "expired": {"trunk_id": 1, "company_id": 99, "expires_at_us": 1_000_000},
    "unscoped": {"trunk_id": 1, "company_id": 99, "scopes": ["deck:read"]},
    "disabled": {"trunk_id": 3, "company_id": 99},
}
ROUTES = ("/v1/lcr?dnis=442079460000&explain=1", "/healthz", "/readyz", "/metrics")
FORMS = (
    "json",
    "compact",
    "rtjson",
    "freeswitch",
    "httapi",
    "dialstring",
    "opensips",
    "carriers",
    "asterisk",
    "siphon",
    "text",
)
CONTROL = (
    "/v1/control/state",
    "/v1/control/commands",
    "/v1/control/sip",
    "/v1/calls",
    "/v1/calls/of-another",
    "/v1/calls/of-another/hangup",
)


def secret(name: str) -> str:
    return f"tk_isolation_{name}"


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    folder: Path = tmp_path_factory.mktemp("edge")
    exchange = Exchange(
        {CANARY: [row("44", "0.0123456")], "Open": [row("44", "0.02")]},
        offers={CANARY: {"public": False, "uri_host": f"{CANARY.lower()}.example"}},
    )
    world = exchange.world()
    own = world.trunks[1]
    other = own | {"trunk_id": 2, "company_id": 98, "name": "other", "grants": own["grants"][1:]}
    world.trunks |= {2: other, 3: own | {"trunk_id": 3, "name": "off", "enabled": False}}
    scopes = ["lcr:query", "lcr:explain"]
    world.keys = []
    for number, (name, of) in enumerate(KEYS.items(), 1):
        digest = sha256(secret(name).encode()).hexdigest()
        world.keys.append({"key_id": number, "sha256": digest, "scopes": scopes, "expires_at_us": None} | of)
    world.publish(folder / "lcr")
    with running_edge(folder / "lcr", folder / "edge.log") as running:
        yield running


def ask(edge: Edge, path: str, name: str | None) -> tuple[int, str]:
    headers = {} if name is None else {"Authorization": f"Bearer {secret(name)}"}
    with Client(edge.port, headers) as client:
        status, body = client.get(path)
    return status, body.decode()


def test_ones_own_key_sees_its_routes(edge: Edge) -> None:
    status, body = ask(edge, ROUTES[0], "alpha")
    assert status == 200
    assert CANARY in body
    assert [r["vendor"] for r in json.loads(body)["routes"]] == [CANARY, "Open"]


@pytest.mark.parametrize("name", [None, "nobody", "expired", "unscoped", "disabled", "beta"])
@pytest.mark.parametrize("path", ROUTES)
def test_nobody_else_sees_them_on_any_route(edge: Edge, path: str, name: str | None) -> None:
    status, body = ask(edge, path, name)
    assert CANARY.lower() not in body.lower()
    assert "0.0123456" not in body
    assert status < 500
    if path.startswith("/v1/") and name != "beta":
        assert status in (401, 403), body
        problem: dict[str, Any] = json.loads(body)
        assert {"code", "title", "status"} <= problem.keys()
    if path.startswith("/v1/") and name == "beta":
        answer = json.loads(body)
        assert [r["vendor"] for r in answer["routes"]] == ["Open"]
        assert [e["vendor"] for e in answer["explain"]] == ["Open"]


def test_a_caller_cannot_choose_another_trunk_or_see_all_offers(edge: Edge) -> None:
    for extra in ("&trunk=1", "&trunk_id=1", "&explain_scope=all", "&offers=all", "&policy={}"):
        status, body = ask(edge, ROUTES[0] + extra, "beta")
        assert CANARY.lower() not in body.lower(), extra
        assert status in (200, 400, 403), extra


def test_what_a_caller_sends_never_comes_back_unescaped(edge: Edge) -> None:
    for hostile in ("44%0d%0aX-Evil:%201", "44%22%7d", "%3Cscript%3E", "44%00", "${jndi}", "44%EF%BC%94"):
        status, body = ask(edge, f"/v1/lcr?dnis={hostile}&call_id={hostile}", "alpha")
        assert status == 400, body
        json.loads(body)


@pytest.mark.parametrize("name", [None, "nobody", "expired", "unscoped", "disabled", "beta", "alpha"])
@pytest.mark.parametrize("form", FORMS)
def test_no_form_shows_another_ones_routes(edge: Edge, form: str, name: str | None) -> None:
    status, body = ask(edge, f"/v1/lcr/{form}?dnis=442079460000", name)
    own = name == "alpha"
    assert (status == 200) == (name in ("alpha", "beta")), body
    # Forms without the vendor's name show the price.
    assert ("0.0123456" in body or CANARY.lower() in body.lower()) == (own and form != "carriers")


@pytest.mark.parametrize("name", [None, "nobody", "expired", "unscoped", "disabled", "beta", "alpha"])
@pytest.mark.parametrize("path", CONTROL)
def test_no_customer_sees_or_changes_the_routing_state(edge: Edge, path: str, name: str | None) -> None:
    status, body = ask(edge, path, name)
    assert status in (401, 403), body
    headers = {"Content-Length": "0"} | ({} if name is None else {"Authorization": f"Bearer {secret(name)}"})
    with Client(edge.port, headers) as client:
        client.socket.sendall(f"POST {path} HTTP/1.1\r\nHost: test\r\n{client.head}\r\n".encode())
        status, answer = client._answer()
    assert status in (401, 403), answer


@pytest.mark.parametrize("name", [None, "nobody", "expired", "unscoped", "disabled", "beta", "alpha"])
@pytest.mark.parametrize("kind", ["application/json", "application/vnd.apache.arrow.stream"])
def test_a_batch_shows_each_caller_its_own_routes(edge: Edge, kind: str, name: str | None) -> None:
    body = json.dumps([{"dnis": "442079460000"}] * 2).encode()
    if "arrow" in kind:
        table, sink = pa.table({"dnis": ["442079460000"]}), pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        body = bytes(sink.getvalue().to_pybytes())
    status, answer = post(edge, "/v1/lcr/batch", body, kind, name)
    assert (status == 200) == (name in ("alpha", "beta")), answer
    if status != 200:
        assert status in (401, 403)
        assert CANARY.encode() not in answer
        return
    if "arrow" in kind:
        offers = pa.ipc.open_stream(answer).read_all()["offer_id"].to_pylist()
        assert offers == ([1, 2] if name == "alpha" else [2])
        return
    vendors = [[route["vendor"] for route in row["routes"]] for row in json.loads(answer)]
    assert vendors == [[CANARY, "Open"] if name == "alpha" else ["Open"]] * 2


@pytest.mark.parametrize("word", ["trunk", "trunk_id", "explain", "explain_scope", "offers", "policy"])
def test_a_row_of_a_batch_cannot_choose_another_trunk(edge: Edge, word: str) -> None:
    body = json.dumps([{"dnis": "442079460000", word: 1}]).encode()
    status, answer = post(edge, "/v1/lcr/batch", body, "application/json", "beta")
    assert (status, json.loads(answer)[0]["error"]["code"]) == (200, "unknown_parameter")
    assert CANARY.encode() not in answer


def post(edge: Edge, path: str, body: bytes, kind: str, name: str | None) -> tuple[int, bytes]:
    """One POST by this caller."""
    connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=20)
    fields = {"Content-Type": kind}
    if name is not None:
        fields["Authorization"] = f"Bearer {secret(name)}"
    connection.request("POST", path, body, fields)
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    return response.status, answer
