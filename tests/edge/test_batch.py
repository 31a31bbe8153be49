"""Many questions in one request: the same decisions as one by one, in JSON, in lines and in Arrow."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa
import pytest

from tests.edge.exchange import EXPLAIN_KEY, KEY, OTHER_KEY, UK, Exchange, key, trunk
from tests.edge.process import Edge, Reply, until

Start = Callable[..., Edge]
ARROW = "application/vnd.apache.arrow.stream"
LINES = "application/x-ndjson"
AT = "2026-11-21T05:00:00Z"
AT_US = 1_795_237_200_000_000
CALLS: list[dict[str, Any]] = [
    {"dnis": UK},
    {"dnis": "+44 20 7946 0000", "ani": "33123456789", "call_id": "a", "max": 1},
    {"dnis": "7701442079460000", "ani": "anonymous", "lrn": "", "npdi": True},
    {"dnis": "4490123456"},
    {"dnis": "33123456789", "at": 1_795_237_200_000_000},
    {"dnis": "8811234567", "ani": None},
    {"dnis": "44207x"},
    {"ani": "44"},
    {"dnis": UK, "max": 0},
    {"dnis": UK, "at": "tomorrow"},
    {"dnis": UK, "lrn": "x"},
    {"dnis": UK, "call_id": '\\"},{'},
    {"dnis": UK, "call_id": "x" * 129},
    {"dnis": UK, "trunk": 2},
]


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    root = tmp_path_factory.mktemp("lcr")
    exchange = Exchange(root)
    words = {"national_prefix": "0", "country_code": "44", "international_prefixes": ["00"]}
    exchange.trunks.append(trunk(9, normalise=words))
    exchange.keys.append(key(9, "tk_normalised", 9, "lcr:query"))
    exchange.publish()
    running = Edge(tmp_path_factory.mktemp("log"), root, {"batch_max_rows": 2000}).start()
    yield running
    running.stop()


def post(edge: Edge, body: bytes, query: str = "", kind: str = "application/json", **more: Any) -> Reply:
    return edge.post(f"/v1/lcr/batch?{query}", body, Content_Type=kind, **more)


def single(edge: Edge, call: dict[str, Any], query: str = "", **more: Any) -> Reply:
    words = {name: "1" if value is True else value for name, value in call.items() if value is not None}
    asked = urlencode({"at": AT} | words)
    return edge.lcr(f"{asked}&{query}" if query else asked, **more)


def without_id(body: bytes) -> bytes:
    """The answer without the one thing that is never the same."""
    head, mark, rest = body.partition(b'"decision_id":"')
    return head + mark + b"-" * 32 + rest[32:] if mark else body


@pytest.mark.parametrize("form", ["json", "compact"])
def test_each_row_is_the_answer_to_the_single_question_byte_for_byte(edge: Edge, form: str) -> None:
    reply = post(edge, json.dumps(CALLS).encode(), f"at={AT}&format={form}", Accept=LINES)
    assert (reply.status, reply.headers["content-type"]) == (200, LINES)
    rows = reply.body.splitlines()
    assert len(rows) == len(CALLS)
    ids = set()
    for call, row in zip(CALLS, rows, strict=True):
        alone = single(edge, call, f"format={form}")
        if alone.status == 200:
            assert without_id(row) == without_id(alone.body.rstrip(b"\n")), call
            ids.add(json.loads(row)["decision_id"])
        else:
            said, want = json.loads(row)["error"], alone.json()
            same = ("code", "status", "title", "type", "parameter")
            assert {k: said[k] for k in same} == {k: want[k] for k in same}, call
    assert len(ids) == sum(b'"error"' not in row for row in rows) == 7


def test_an_array_and_lines_hold_the_same(edge: Edge) -> None:
    array = post(edge, json.dumps(CALLS).encode(), f"at={AT}")
    assert array.headers["content-type"] == "application/json"
    assert array.headers["x-tandem-snapshot"]
    lines = "\r\n".join(json.dumps(call) for call in CALLS) + "\n\n"
    other = post(edge, lines.encode(), f"at={AT}", LINES)
    mixed: Any = array.json()
    rows = [json.loads(line) for line in other.body.splitlines()]
    for row in (*mixed, *rows):
        row.pop("decision_id", None)
    assert rows == mixed


def arrow(rows: list[dict[str, Any]], **types: pa.DataType) -> bytes:
    names = [
        name for name in ("dnis", "at_us", "ani", "lrn", "a_lrn", "call_id") if any(name in r for r in rows)
    ]
    kinds = {name: types.get(name, pa.int64() if name == "at_us" else pa.utf8()) for name in names}
    table = pa.table({name: pa.array([r.get(name) for r in rows], kinds[name]) for name in names})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=3)
    return bytes(sink.getvalue().to_pybytes())


def nanos(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole) * 10**9 + int(part.ljust(9, "0"))


@pytest.mark.parametrize("kind", [pa.utf8(), pa.large_utf8()])
def test_arrow_holds_the_same_decisions_as_single_questions(edge: Edge, kind: pa.DataType) -> None:
    calls = [{k: v for k, v in call.items() if k in ("dnis", "ani", "lrn", "call_id")} for call in CALLS]
    calls = [call for call in calls if "dnis" in call]
    reply = post(edge, arrow(calls, dnis=kind), f"at={AT}&max=2", ARROW)
    assert (reply.status, reply.headers["content-type"]) == (200, ARROW)
    table = pa.ipc.open_stream(reply.body).read_all()
    rows: list[list[dict[str, Any]]] = [[] for _ in calls]
    for row in table.to_pylist():
        rows[row["call"]].append(row)
    for call, found in zip(calls, rows, strict=True):
        alone = single(edge, call, "max=2")
        if alone.status != 200:
            assert [r["status"] for r in found] == ["bad_number"], call
            continue
        answer = alone.json()
        routes = [
            (r["rank"], r["offer"], r["code"], nanos(r["eff"]), r["deck_row"]) for r in answer["routes"]
        ]
        told: list[tuple[Any, ...]] = [
            (r["rank"], r["offer_id"], r["code"], r["eff_nanos"], r["deck_row"]) for r in found
        ]
        assert told == (routes or [(None, None, None, None, None)]), call
        word = answer["reason"] if answer["status"] == "no_route" else answer["status"]
        assert {r["status"] for r in found} == {word}


def test_rows_of_an_arrow_table_may_say_their_instant(edge: Edge) -> None:
    reply = post(edge, arrow([{"dnis": UK, "at_us": 0}, {"dnis": UK, "at_us": AT_US}]), "", ARROW)
    assert [r["status"] for r in pa.ipc.open_stream(reply.body).read_all().to_pylist()][:2] == [
        "no_code",
        "ok",
    ]


def test_a_trunk_reads_numbers_by_its_own_rules_in_a_batch_too(edge: Edge) -> None:
    calls = [{"dnis": "02079460000"}, {"dnis": "0044 20 79460000"}, {"dnis": "2079460000"}]
    rows = post(edge, json.dumps(calls).encode(), key="tk_normalised").json()
    assert [r.get("b") for r in rows] == [UK, UK, None]  # type: ignore[attr-defined]
    assert "ambiguous" in rows[2]["error"]["detail"]  # type: ignore[index]
    table = pa.ipc.open_stream(post(edge, arrow(calls), "", ARROW, key="tk_normalised").body).read_all()
    assert table["status"].to_pylist()[-1] == "bad_number"


@pytest.mark.parametrize(
    ("body", "kind", "query", "code"),
    [
        (b"", "application/json", "", "bad_body"),
        (b"{}", "application/json", "", "bad_body"),
        (b'[{"dnis":"44"}', "application/json", "", "bad_body"),
        (b"[\xff]", "application/json", "", "bad_body"),
        (b"[]", "text/csv", "", "bad_content_type"),
        (b"[]", "application/json", "format=rtjson", "bad_format"),
        (b"[]", "application/json", "dnis=44", "unknown_parameter"),
        (b"[]", "application/json", "explain=1", "unknown_parameter"),
        (b"[]", "application/json", "max=0", "bad_max"),
        (b"", ARROW, "", "bad_body"),
        (b"ARROW1\0\0", ARROW, "", "bad_body"),
        (b"\xff\xff\xff\xff\xff\xff\xff\x7f", ARROW, "", "bad_body"),
    ],
)
def test_what_is_no_batch_is_refused_whole_and_said_why(
    edge: Edge, body: bytes, kind: str, query: str, code: str
) -> None:
    reply = post(edge, body, query, kind)
    assert (reply.status, reply.json()["code"]) == (400, code)
    assert reply.json()["hint"]


def test_a_row_that_is_no_object_is_one_bad_row(edge: Edge) -> None:
    body = b'[1, [], null, "x", {"dnis":"442079460000","dnis":"1"}, {"dnis":{}}, {"dnis":"44\\n"}, {"dnis":"442079460000"}]'
    rows: Any = post(edge, body).json()
    codes = [row.get("error", {}).get("code") for row in rows]
    assert codes == ["bad_call"] * 4 + ["duplicate_parameter", "bad_call", "bad_encoding", None]


def test_a_damaged_arrow_stream_is_refused_and_harms_nobody(edge: Edge) -> None:
    good = arrow([{"dnis": UK, "at_us": AT_US, "ani": None}] * 5)
    for at in range(0, len(good), 3):
        for bit in (0x01, 0x80):
            bad = bytearray(good)
            bad[at] ^= bit
            assert post(edge, bytes(bad), "", ARROW).status in (200, 400), at
    for cut in range(0, len(good), 17):
        assert post(edge, good[:cut], "", ARROW).status in (200, 400)
    for table in (
        pa.table({"dnis": pa.array([1])}),
        pa.table({"dnis": pa.array([UK]).dictionary_encode()}),
        pa.table({"dnis": pa.array([[UK]])}),
        pa.table({"number": pa.array([UK])}),
        pa.table({"dnis": pa.array([UK]), "at_us": pa.array([1], pa.int32())}),
    ):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        reply = post(edge, sink.getvalue().to_pybytes(), "", ARROW)
        assert (reply.status, reply.json()["code"]) == (400, "bad_body")
    assert edge.events("panic") == []
    assert edge.lcr().status == 200


def test_too_many_rows_and_too_many_bytes_are_refused(edge: Edge) -> None:
    rows = [{"dnis": UK}] * 2001
    for body, kind in ((json.dumps(rows).encode(), "application/json"), (arrow(rows), ARROW)):
        reply = post(edge, body, "", kind)
        assert (reply.status, reply.json()["code"]) == (413, "batch_too_large")
        assert "2000 calls" in reply.json()["hint"]
    assert len(post(edge, json.dumps(rows[:2000]).encode()).json()) == 2000
    head = f"POST /v1/lcr/batch HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEY}\r\n"
    large = edge.raw(f"{head}Content-Length: {4 * 1024 * 1024 + 1}\r\n\r\n".encode(), close_write=True)
    assert large.startswith(b"HTTP/1.1 413 ")
    assert b"body_too_large" in large


@pytest.mark.parametrize(
    ("secret", "status"),
    [(None, 401), ("tk_nobody", 401), ("tk_switched_off_000000", 403), ("tk_expired_444444", 401)],
)
def test_who_may_not_ask_once_may_not_ask_often(edge: Edge, secret: str | None, status: int) -> None:
    body = json.dumps([{"dnis": UK}]).encode()
    reply = post(edge, body, key=secret)
    assert (reply.status, reply.json()["code"]) == (status, edge.lcr(key=secret).json()["code"])


def test_a_batch_sees_what_its_own_key_may_see(edge: Edge) -> None:
    body = json.dumps([{"dnis": UK}]).encode()
    assert [r["status"] for r in post(edge, body, key=OTHER_KEY).json()] == ["no_route"]  # type: ignore[index]
    assert "explain" not in post(edge, body, key=EXPLAIN_KEY).json()[0]  # type: ignore[index]
    assert edge.get("/v1/lcr/batch").status == 405


def test_rows_count_for_the_rate_limit(exchange: Exchange, start_edge: Start) -> None:
    exchange.publish()
    edge = start_edge(rate_limit_per_key_per_s=10)
    assert post(edge, json.dumps([{"dnis": UK}] * 50).encode()).status == 200
    reply = edge.lcr()
    assert reply.status == 429
    assert int(reply.headers["retry-after"]) >= 4
    assert edge.lcr(key=OTHER_KEY).status == 200


def test_batches_wait_for_one_another_and_single_questions_for_none(
    exchange: Exchange, start_edge: Start
) -> None:
    exchange.publish()
    edge = start_edge()
    body = json.dumps([{"dnis": UK}] * 10_000).encode()
    replies: list[Reply] = []
    threads = [threading.Thread(target=lambda: replies.append(post(edge, body))) for _ in range(24)]
    for thread in threads:
        thread.start()
    waiting = until(lambda: edge.metric("tandem_edge_batches_waiting"), "batches wait")
    assert waiting <= 10
    assert edge.lcr().status == 200
    for thread in threads:
        thread.join()
    statuses = {reply.status for reply in replies}
    assert statuses <= {200, 503}
    refused = [reply for reply in replies if reply.status == 503]
    assert all(r.json()["code"] == "batches_waiting" and r.headers["retry-after"] == "1" for r in refused)
    done = len(replies) - len(refused)
    assert edge.metric("tandem_edge_batch_rows_total") == done * 10_000 > 0
    assert edge.metric("tandem_edge_batches_waiting") == 0
    assert edge.metric('tandem_edge_refused_total{reason="batch"}') == len(refused)


def test_answers_on_one_connection_keep_their_order_around_a_batch(edge: Edge) -> None:
    body = json.dumps([{"dnis": UK}]).encode()
    head = f"Host: a\r\nAuthorization: Bearer {KEY}\r\n"
    ask = f"GET /v1/lcr/text?dnis={UK} HTTP/1.1\r\n{head}"
    batch = f"POST /v1/lcr/batch HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    sent = f"{ask}\r\n".encode() + batch + f"{ask}Connection: close\r\n\r\n".encode()
    answer = edge.raw(sent)
    kinds = [line for line in answer.split(b"\r\n") if line.lower().startswith(b"content-type")]
    assert [kind.split(b": ")[1].split(b";")[0] for kind in kinds] == [
        b"text/plain", b"application/json", b"text/plain",
    ]  # fmt: skip
