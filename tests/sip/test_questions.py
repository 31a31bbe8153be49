"""INVITE and OPTIONS without a ticket: routes as 300 and 302, refusals, silence for strangers."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from tests.edge.exchange import offer, trunk
from tests.edge.process import until
from tests.sip.lab import HOST, Lab, free_ports
from tests.sip.phone import Phone

pytestmark = pytest.mark.alone


@contextmanager
def phone(lab: Lab, host: str = HOST) -> Iterator[Phone]:
    one = Phone(lab.udp, host)
    try:
        yield one
    finally:
        one.close()


def test_routes_are_contacts_of_the_decision_http_gives(lab: Callable[..., Lab]) -> None:
    one = lab(acme=(5071, "udp"), beta=(5072, "tcp"))
    with phone(one) as caller:
        call = caller.invite("442079460000")
        answer = caller.final(call)
        caller.ack("442079460000", call, answer)
        single = caller.final(caller.invite("+447700900123"))
        nowhere = caller.final(caller.invite("33123456789"))
        nonsense = caller.final(caller.invite("anna"))
        closed = caller.final(caller.invite("881123456"))
    assert answer.code == 300
    contacts = answer.all("Contact")
    assert contacts == [
        "<sip:442079460000@127.0.0.1:5071;user=phone>;q=0.900",
        "<sip:442079460000@127.0.0.1:5072;transport=tcp;user=phone>;q=0.800",
    ]
    http = one.running.lcr().json()["routes"]
    assert [re.search("<(.*);user=phone", c)[1] for c in contacts] == [route["uri"] for route in http]  # type: ignore[index]
    assert (single.code, nowhere.code, nonsense.code, closed.code) == (300, 404, 404, 603)
    assert one.lines() == [], "a question is no call"
    assert one.running.metric("tandem_edge_sip_redirects_total") == 2


def test_one_route_is_302_and_a_switched_off_trunk_is_a_stranger(lab: Callable[..., Lab]) -> None:
    one = lab(acme=(5071, "udp"))
    one.exchange.offers = [
        offer(1, "acme") | {"uri_host": HOST, "uri_port": 5071},
        offer(2, "beta") | {"enabled": False},
    ]
    snapshot = one.exchange.publish()
    one.running.serves(snapshot)
    with phone(one) as caller:
        assert caller.final(caller.invite("442079460000")).code == 302
        one.exchange.trunks[0] = trunk(1, source_ips=[HOST], enabled=False)
        snapshot = one.exchange.publish()
        one.running.serves(snapshot)
        # The products are at this address too: it may speak, but has no trunk.
        assert caller.final(caller.invite("442079460000")).code == 403


def test_what_a_lookup_found_stands_in_the_contacts(lab: Callable[..., Lab]) -> None:
    one = lab(acme=(5071, "udp"), beta=(5072, "udp"))
    with phone(one) as caller:
        asked = "442079460000;npdi;rn=+442071838750;cic=+10288"
        ported = caller.final(caller.invite(asked))
        plain = caller.final(caller.invite("442079460000"))
    users = [re.search("<sip:(.*)@", c)[1] for c in ported.all("Contact")]  # type: ignore[index]
    assert users == ["442079460000;npdi;rn=+442071838750;cic=+10288"] * 2
    assert "npdi" not in "".join(plain.all("Contact")), "nobody looked it up"


def test_options_are_answered_and_strangers_get_silence(lab: Callable[..., Lab]) -> None:
    one = lab(acme=(5071, "udp"), sip={"allow": []})
    with phone(one) as caller:
        call = caller.request("OPTIONS", "ping")
        answer = caller.hear(lambda m: m.get("Call-ID") == call)
        assert answer.code == 200
        assert "INVITE" in answer.get("Allow")
    one.exchange.offers = [offer(1, "acme"), offer(2, "beta")]
    one.exchange.trunks[0] = trunk(1, source_ips=["192.0.2.1"])
    one.running.serves(one.exchange.publish())
    dropped = "tandem_edge_sip_dropped_strangers_total"
    with phone(one) as caller:

        def unheard() -> bool:
            caller.request("OPTIONS", "ping")
            return one.running.metric(dropped) > 0

        until(unheard, "the new list of peers is in force")
        while not caller.silence(0.5):
            pass
        before = one.running.metric(dropped)
        caller.invite("442079460000")
        caller.send("garbage\r\n\r\n")
        assert caller.silence(0.5)
        assert one.running.metric(dropped) == before + 2


def test_garbage_and_long_datagrams_cost_nothing(lab: Callable[..., Lab]) -> None:
    one = lab(acme=(5071, "udp"))
    with phone(one) as caller:
        for text in (
            "",
            "x",
            "\r\n\r\n",
            "\0\0\0\0",
            "INVITE\r\n\r\n",
            "SIP/2.0 200 OK\r\n\r\n",
            "a: b\r\n" * 400,
        ):
            caller.send(text)
        caller.request("OPTIONS", "ping", more="X-Long: " + "a" * 9000 + "\r\n")
        assert caller.silence(0.3)
        call = caller.request("OPTIONS", "ping")
        assert caller.hear(lambda m: m.get("Call-ID") == call).code == 200
        bad = caller.request("OPTIONS", "ping", more="To: <sip:twice@x>\r\n")
        assert caller.hear(lambda m: m.get("Call-ID") == bad).code == 400
    assert one.running.metric("tandem_edge_sip_dropped_too_long_total") == 1
    assert one.running.metric("tandem_edge_sip_panics_total") == 0


def test_the_health_of_trunks_is_asked_and_shown(lab: Callable[..., Lab]) -> None:
    dead = free_ports()[0]
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as trunk_of_acme:
        trunk_of_acme.bind((HOST, 0))
        trunk_of_acme.settimeout(10)
        one = lab(acme=(trunk_of_acme.getsockname()[1], "udp"), dead=(dead, "tcp"))
        one.tell(health=[{"offer_id": 1, "every_s": 5}, {"offer_id": 2, "every_s": 5}])
        asked, source = trunk_of_acme.recvfrom(65536)
        lines = asked.decode().split("\r\n")
        assert lines[0].startswith("OPTIONS sip:127.0.0.1")
        kept = [line for line in lines if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")]
        answer = ["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""]
        trunk_of_acme.sendto("\r\n".join(answer).encode(), source)

        def shown(offer_id: int) -> dict[str, Any]:
            trunks = one.ask("/v1/control/sip")[1]["trunks"]
            return next((t for t in trunks if t["offer_id"] == offer_id), {})

        until(lambda: shown(1).get("state") == "up", "the trunk is up")
        assert shown(1)["code"] == 200
        until(lambda: shown(2).get("missed"), "the dead one was missed")
        assert one.running.metric('tandem_edge_sip_trunk_up{offer="1"}') == 1
