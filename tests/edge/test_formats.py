"""The answer in every switch's own form: golden files, parsers of each kind, the three ways to choose one."""

from __future__ import annotations

import json
import os
import urllib.parse
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.edge.exchange import KEY, UK
from tests.edge.process import Edge, Reply

GOLDEN = Path(__file__).parent / "golden"
FORMATS = [
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
]
TYPES = {
    "freeswitch": "text/xml; charset=utf-8",
    "httapi": "text/xml; charset=utf-8",
    "asterisk": "application/x-www-form-urlencoded",
} | dict.fromkeys(("dialstring", "carriers", "text"), "text/plain; charset=utf-8")


def fixed(reply: Reply) -> str:
    """The body with the ids of this run replaced."""
    text = reply.body.decode()
    for name in ("x-tandem-decision", "x-tandem-snapshot"):
        text = text.replace(reply.headers[name], f"<{name}>")
    return text


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("case", "dnis"), [("ok", UK), ("no_route", "33123456789"), ("blocked", "881612345678")]
)
def test_each_form_is_as_its_golden_file(shared_edge: Edge, name: str, case: str, dnis: str) -> None:
    reply = shared_edge.get(f"/v1/lcr/{name}?dnis={dnis}&ani=33123456789")
    assert (reply.status, reply.headers["content-type"]) == (200, TYPES.get(name, "application/json"))
    golden = GOLDEN / f"{name}.{case}"
    if os.environ.get("TANDEM_WRITE_GOLDEN"):
        golden.write_text(fixed(reply))
    assert fixed(reply) == golden.read_text()


@pytest.mark.parametrize("name", [*FORMATS, "json"])
def test_path_and_parameter_choose_the_same_form(shared_edge: Edge, name: str) -> None:
    by_path = shared_edge.get(f"/v1/lcr/{name}?dnis={UK}&at=1795237200000000")
    by_word = shared_edge.lcr(f"dnis={UK}&format={name}&at=1795237200000000")
    assert by_path.headers["content-type"] == by_word.headers["content-type"]
    assert fixed(by_path) == fixed(by_word)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("application/x-www-form-urlencoded", "application/x-www-form-urlencoded"),
        ("image/png, text/xml;q=0.9", "text/xml; charset=utf-8"),
    ],
)
def test_accept_chooses_a_form_when_nothing_else_does(shared_edge: Edge, accept: str, kind: str) -> None:
    assert shared_edge.lcr(Accept=accept).headers["content-type"] == kind
    assert (
        shared_edge.lcr(f"dnis={UK}&format=json", Accept=accept).headers["content-type"] == "application/json"
    )


def test_an_unknown_form_is_named(shared_edge: Edge) -> None:
    reply = shared_edge.lcr(f"dnis={UK}&format=soap")
    assert (reply.status, reply.json()["code"]) == (400, "bad_format")


def test_freeswitch_asks_by_form_and_gets_its_context(shared_edge: Edge) -> None:
    fields = {
        "hostname": "fs1",
        "section": "dialplan",
        "tag_name": "",
        "key_name": "",
        "key_value": "",
        "Caller-Caller-ID-Number": "33123456789",
        "Caller-Destination-Number": UK,
        "Caller-Context": "carriers-in",
        "variable_sip_call_id": "a@b",
        "variable_evil": 'x"/><action application="system" data="rm"/>\r\n',
    }
    reply = shared_edge.post(
        "/v1/lcr/freeswitch?dial=gateway",
        urllib.parse.urlencode(fields).encode(),
        Content_Type="application/x-www-form-urlencoded",
    )
    document = ElementTree.fromstring(reply.body)
    context = document.find("section/context")
    assert reply.status == 200
    assert context is not None
    assert context.get("name") == "carriers-in"
    actions = [(a.get("application"), a.get("data")) for a in document.iter("action")]
    assert [data.split("]")[1] for name, data in actions if name == "bridge" and data] == [
        f"sofia/gateway/v11/{UK}",
        f"sofia/gateway/v12/{UK}",
    ]
    assert {name for name, _ in actions} == {"set", "bridge"}


@pytest.mark.parametrize("section", ["directory", "configuration"])
def test_freeswitch_is_told_that_other_sections_are_not_here(shared_edge: Edge, section: str) -> None:
    reply = shared_edge.post("/v1/lcr/freeswitch", f"section={section}&key_value=x".encode())
    assert reply.status == 200
    status = ElementTree.fromstring(reply.body).find("section/result")
    assert status is not None
    assert status.get("status") == "not found"


def test_a_body_may_wait_for_100_continue(shared_edge: Edge) -> None:
    body = f"section=dialplan&Caller-Destination-Number={UK}".encode()
    head = (
        f"POST /v1/lcr/freeswitch HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEY}\r\n"
        f"Expect: 100-continue\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    answer = shared_edge.raw(head, then=body)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


def test_siphon_asks_by_its_published_contract(shared_edge: Edge) -> None:
    request: dict[str, Any] = {
        "version": "1",
        "call_id": "abc123@10.0.0.1",
        "from": "sip:+33123456789@sbc.example.com",
        "to": f"sip:+{UK}@sbc.example.com",
        "dialed_number": f"+{UK}",
        "source": {"ip": "192.0.2.50", "trunk_group": "cust", "transport": "udp"},
        "attributes": {"customer_id": "cust-42"},
    }
    answer = shared_edge.post("/v1/lcr/siphon", json.dumps(request).encode()).json()
    assert [route["carrier_id"] for route in answer["routes"]] == ["v11", "v12"]
    for route in answer["routes"]:
        assert route["ruri"].startswith(f"sip:{UK}@")
        assert isinstance(route["rate"], float)
        assert all(isinstance(value, str) for value in route["cdr_fields"].values())
    assert answer["reject"] is None
    request["dialed_number"] = "+881612345678"
    blocked = shared_edge.post("/v1/lcr/siphon", json.dumps(request).encode()).json()
    assert (blocked["routes"], blocked["reject"]["code"]) == ([], 603)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/lcr/siphon", b"{", 400, "bad_body"),
        ("/v1/lcr/siphon", b'{"version":"9","dialed_number":"1"}', 400, "bad_version"),
        ("/v1/lcr/freeswitch", b"\xff\xfe", 400, "bad_body"),
        ("/v1/lcr/freeswitch", b"x" * 70_000, 413, "body_too_large"),
        ("/v1/lcr/rtjson", b"x", 405, "method_not_allowed"),
    ],
)
def test_a_bad_body_is_a_problem(shared_edge: Edge, path: str, body: bytes, status: int, code: str) -> None:
    reply = shared_edge.post(path, body)
    assert (reply.status, reply.json()["code"]) == (status, code)


def test_asterisk_finds_a_refusal_in_the_body(shared_edge: Edge) -> None:
    reply = shared_edge.get("/v1/lcr/asterisk?dnis=abc")
    assert reply.status == 400
    assert urllib.parse.parse_qs(reply.body.decode(), keep_blank_values=True) == {
        "status": ["error"],
        "count": ["0"],
        "reason": ["bad_number"],
    }


def test_a_caller_id_that_is_no_number_does_not_fail_the_call(shared_edge: Edge) -> None:
    assert shared_edge.lcr(f"dnis={UK}&ani=alice").json()["a"] is None


HOSTILE = [
    "7z%0d%0aX-Evil:%201",
    "7z,5",
    "7z|5",
    "7z%26x",
    "7z;x",
    "${x}",
    "7z'",
    "7z%22",
    "7z%00",
    "7z%ff",
    "<x>",
]


@pytest.mark.parametrize("name", [*FORMATS, "json"])
@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_caller_sends_never_comes_back_raw(shared_edge: Edge, name: str, text: str) -> None:
    for query in (
        f"dnis={text}",
        f"dnis={UK}&call_id={text}",
        f"dnis={UK}&ani={text}",
        f"dnis={UK}&context={text}",
    ):
        reply = shared_edge.get(f"/v1/lcr/{name}?{query}")
        assert reply.status in (200, 400), query
        assert "x-evil" not in reply.headers
        if reply.headers["content-type"] == "application/problem+json":
            json.loads(reply.body)
        elif reply.status == 200:
            assert urllib.parse.unquote(text).encode() not in reply.body, query
