"""Kamailio routes SIPp's calls by asking a real edge, with the configurations of docs/switches/kamailio."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.edge.exchange import KEY, UK, Exchange, offer
from tests.edge.kamailio.calls import Vendor, call, kamailio, vendors
from tests.edge.process import Edge, until

Start = Callable[..., Edge]
CALLS = 5
NOWHERE = "sip:127.0.0.1:9"


def at(number: int, name: str, place: Vendor) -> dict[str, Any]:
    """An offer whose calls go to that vendor."""
    return offer(number, name) | {
        "uri_host": "127.0.0.1",
        "uri_port": place.port,
        "uri_user_prefix": f"{number}#",
    }


def saw(place: Vendor, calls: int) -> None:
    until(lambda: place.calls() >= calls, f"the vendor saw {calls} calls, not {place.calls()}")
    assert place.calls() == calls


@pytest.fixture(params=["rtjson", "http_client"])
def config(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_a_vendor_without_capacity_is_followed_by_the_next(
    tmp_path: Path, exchange: Exchange, start_edge: Start, config: str
) -> None:
    with vendors(tmp_path, full="uas_refuses.xml", good="uas_answers.xml") as seen:
        exchange.offers = [at(1, "acme", seen["full"]), at(2, "beta", seen["good"])]
        exchange.publish()
        edge = start_edge()
        tandem = f"http://kamailio:{KEY}@127.0.0.1:{edge.port}"
        with kamailio(tmp_path, config, tandem, NOWHERE) as proxy:
            done = call(tmp_path, proxy.port, UK, CALLS)
            assert done.returncode == 0, done.stdout[-2000:] + proxy.log.read_text()[-2000:]
            saw(seen["full"], CALLS)
            saw(seen["good"], CALLS)
            assert edge.metric('tandem_edge_requests_total{route="lcr",status="200"}') == CALLS


def test_a_busy_number_ends_the_call_at_the_first_vendor(
    tmp_path: Path, exchange: Exchange, start_edge: Start, config: str
) -> None:
    with vendors(tmp_path, busy="uas_busy.xml", good="uas_answers.xml") as seen:
        exchange.offers = [at(1, "acme", seen["busy"]), at(2, "beta", seen["good"])]
        exchange.publish()
        edge = start_edge()
        tandem = f"http://kamailio:{KEY}@127.0.0.1:{edge.port}"
        with kamailio(tmp_path, config, tandem, NOWHERE) as proxy:
            done = call(tmp_path, proxy.port, UK, 2, status=486)
            assert done.returncode == 0, done.stdout[-2000:] + proxy.log.read_text()[-2000:]
            saw(seen["busy"], 2)
            assert seen["good"].calls() == 0


def test_no_route_and_a_blocked_number_are_told_apart(
    tmp_path: Path, exchange: Exchange, start_edge: Start, config: str
) -> None:
    exchange.publish()
    edge = start_edge()
    with kamailio(tmp_path, config, f"http://kamailio:{KEY}@127.0.0.1:{edge.port}", NOWHERE) as proxy:
        for number, status in (("33123456789", 404), ("881612345678", 603)):
            done = call(tmp_path, proxy.port, number, 1, status=status)
            assert done.returncode == 0, done.stdout[-2000:] + proxy.log.read_text()[-2000:]


def test_without_an_edge_calls_take_the_static_route(tmp_path: Path, config: str) -> None:
    with (
        vendors(tmp_path, static="uas_answers.xml") as seen,
        kamailio(tmp_path, config, "http://127.0.0.1:9", f"sip:127.0.0.1:{seen['static'].port}") as proxy,
    ):
        done = call(tmp_path, proxy.port, UK, 1)
        assert done.returncode == 0, done.stdout[-2000:] + proxy.log.read_text()[-2000:]
        saw(seen["static"], 1)
