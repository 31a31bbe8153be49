"""A person orders a test call on a listing, watches the ladder fill while real SIP and RTP pass, hears the recording, checks the
signed result, and finds the test on the listing; a false answer is named. The edge is a real one, so are the vendors."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect, sync_playwright
from werkzeug.serving import make_server

from app.calls import jobs
from app.calls.evidence import verify
from app.calls.models import OwnNumber
from app.carriers.models import VendorTrunk
from app.clock import utc_now
from app.config import Calls, Sip
from app.config import Edge as EdgeSettings
from app.db import db
from app.demo.vendors.network import Place, serve
from app.web.assets import DIST
from tests.browser.conftest import CHROMIUM
from tests.edge.process import Edge
from tests.factories.app import PASSWORD, make_app
from tests.factories.exchange import Exchange

pytestmark = [
    pytest.mark.browser,
    pytest.mark.alone,  # a call needs its 20 ms
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM}"),
    pytest.mark.skipif(not (DIST / "manifest.json").exists(), reason="needs the front end (tools/setup frontend)"),
]  # fmt: skip
HOST, NUMBER = "127.0.0.1", "442079460000"
DECK = "Destination,Code,Rate,Increments\nUnited Kingdom,44,0.0040,1/1\n"
# The demo's vendors read the manner of a product from its tech prefix: Premium CLI of the first is honest, the other answers early.
HONEST, EARLY = "7700", "7831"
WAIT_MS = 90_000


@dataclass
class Playing:
    """The whole exchange with its two vendors, worked by a thread in place of the worker."""

    exchange: Exchange
    stop: threading.Event = field(default_factory=threading.Event)
    faults: list[BaseException] = field(default_factory=list)

    def work(self) -> None:
        kinds = (jobs.PLACE, jobs.TELL, jobs.IMPORT, jobs.HANG_UP, "market.build")
        while not self.stop.wait(0.1):
            try:
                with self.exchange.app.app_context():
                    for look in (jobs.look_for_calls, jobs.look_for_records, jobs.follow_lists):
                        look()
                self.exchange.work(*kinds)
            except BaseException as fault:
                self.faults.append(fault)
                return


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def playing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playing]:
    folder = tmp_path_factory.mktemp("tests")
    edge_port, sip_port = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM)
    exchange = Exchange(
        make_app(
            folder, edge=EdgeSettings(port=edge_port), sip=Sip(listen=(f"udp://{HOST}:{sip_port}",)), calls=Calls(max_at_once=4)
        )
    )  # fmt: skip
    places = []
    exchange.operator("Tandem")
    for name, prefix in (("Acme Carrier", HONEST), ("Early Bird", EARLY)):
        exchange.seller(name, "Premium CLI", "premium", HOST, tech_prefix=prefix)
        places.append(Place(name, HOST, free_port(socket.SOCK_DGRAM)))
        exchange.deck(name, DECK)
    exchange.buyer("Borealis Talk", Main={})
    with exchange.app.app_context():
        for trunk, place in zip(
            db.session.scalars(sa.select(VendorTrunk).order_by(VendorTrunk.id)), places, strict=True
        ):
            trunk.port = place.port
        db.session.add(
            OwnNumber(number=NUMBER, country="44", ring_ms=1500, talk_seconds=5, created_at=utc_now())
        )
        db.session.commit()
    exchange.work("market.build", "snapshot.build")
    exchange.app.config["WTF_CSRF_ENABLED"] = True
    words = {
        "listen": [{"transport": "udp", "host": HOST, "port": sip_port}], "directory": str(exchange.settings.calls_dir),
        "media_ports": [30_000 + os.getpid() % 900 * 20, 30_000 + os.getpid() % 900 * 20 + 18],
    }  # fmt: skip
    edge = Edge(folder, exchange.settings.snapshot_dir, {"sip": words}, port=edge_port).start()
    loop, played = asyncio.new_event_loop(), Playing(exchange)
    over = asyncio.Event()
    network = threading.Thread(
        target=lambda: loop.run_until_complete(serve(places, (HOST, sip_port), {NUMBER}, over))
    )
    worker = threading.Thread(target=played.work)
    network.start()
    worker.start()
    try:
        yield played
    finally:
        played.stop.set()
        worker.join()
        loop.call_soon_threadsafe(over.set)
        network.join()
        loop.close()
        edge.stop()
        with exchange.app.app_context():
            db.engine.dispose()
    assert played.faults == []


@pytest.fixture
def page(playing: Playing) -> Iterator[Page]:
    server = make_server(HOST, 0, playing.exchange.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    faults: list[str] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        opened = browser.new_page(base_url=f"http://{HOST}:{server.server_port}", accept_downloads=True)
        opened.set_default_timeout(WAIT_MS)
        opened.on("pageerror", lambda fault: faults.append(str(fault)))
        opened.goto("/sign-in")
        opened.fill("input[name=email]", playing.exchange.emails["Borealis Talk"])
        opened.fill("input[name=password]", PASSWORD)
        opened.click("button[type=submit]:has-text('Sign in')")
        opened.wait_for_url(lambda url: "/sign-in" not in url)
        yield opened
        browser.close()
    server.shutdown()
    thread.join()
    server.server_close()
    assert faults == []


def photograph(page: Page, name: str) -> None:
    """Wide, dark and in the hand; nothing may stick out to the right."""
    folder = os.environ.get("TANDEM_SHOTS", "")
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        if folder:
            page.screenshot(path=Path(folder) / f"test-call-{name}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1440, "height": 900})


def order(page: Page, seller: str) -> None:
    """From the listing in the market, as a buyer does it."""
    page.goto(f"/market?q={NUMBER}")
    page.click(f"tr:has-text('{seller}')")
    page.click("a:has-text('Test call'):not(.nav-link)")
    expect(page.locator("#number")).to_have_value(NUMBER)
    page.fill("#caller", "+33 1 99 00 12 34")
    page.fill("#seconds", "14")
    photograph(page, "order")
    page.click("button:has-text('Call')")
    page.wait_for_url("**/test-calls/*")


def done(page: Page) -> None:
    expect(page.locator("#call")).to_have_attribute("data-state", "done", timeout=WAIT_MS)


def test_an_honest_route_is_proved_from_the_listing_to_the_signed_result(
    playing: Playing, page: Page, tmp_path: Path
) -> None:
    order(page, "Acme Carrier")
    rungs = page.locator("[data-rung]")
    # The ladder fills while the call runs: more and more of it, before the record is there.
    expect(rungs.first).to_be_visible()
    seen = [rungs.count()]
    while page.locator("#call").get_attribute("data-state") != "done":
        seen.append(rungs.count())
        page.wait_for_timeout(200)
    done(page)
    seen.append(rungs.count())
    assert len(set(seen)) > 2, f"the ladder did not fill: {seen}"
    text = page.inner_text("#content")
    assert "No fault found." in text, text
    assert "Both ends were seen" in text
    for words in ("INVITE", "180 Ringing", "200 OK (BYE)"):
        expect(page.locator("svg.ladder")).to_contain_text(words)
    assert "33199001234" in text
    assert "arrived as sent" in text
    photograph(page, "honest")
    # Hear it: the browser has read the recording; it is as long as the call was.
    length = page.evaluate(
        "() => new Promise(done => { const a = document.querySelector('audio'); a.readyState ? done(a.duration)"
        " : a.addEventListener('loadedmetadata', () => done(a.duration)); })"
    )
    assert length > 4
    with page.expect_download() as coming:
        page.click("a[download$='.wav'] >> nth=0")
    coming.value.save_as(tmp_path / coming.value.suggested_filename)
    with wave.open(str(tmp_path / coming.value.suggested_filename)) as audio:
        assert (audio.getframerate(), audio.getsampwidth()) == (8000, 2)
        assert any(audio.readframes(audio.getnframes())), "silence"
    with page.expect_download() as coming:
        page.click("a[download$='.pcap'] >> nth=0")
    assert coming.value.path().read_bytes()[:4] == b"\x4d\x3c\xb2\xa1"
    with page.expect_download() as coming:
        page.click("a:has-text('Signed result')")
    found = verify(coming.value.path().read_bytes(), folder=tmp_path)
    assert found.good, found.why
    assert (found.result["verdict"], found.result["number"]) == ("honest", NUMBER)
    assert found.files["test-call-1.wav"] == "kept"
    told = {name: value for name, value in found.result.items() if name != "exchange"}  # our own address
    leaks = [name for name, value in told.items() if HOST in str(value)]
    assert leaks == [], "the vendor's address is not for one who has not bought"
    # And the listing shows it, apart from what calls showed.
    page.goto(f"/market?q={NUMBER}")
    page.click("tr:has-text('Acme Carrier')")
    expect(page.locator("tr[data-tested]")).to_contain_text("100.0 %")
    expect(page.locator("#panel")).to_contain_text("no false answer found")
    photograph(page, "listing")


def test_a_false_answer_is_named_with_its_reason(playing: Playing, page: Page) -> None:
    order(page, "Early Bird")
    done(page)
    expect(page.get_by_role("alert").filter(has_text="Early answer")).to_contain_text(
        "before our far end answered"
    )
    photograph(page, "suspect")
    page.goto("/test-calls")
    expect(page.locator("tbody tr").first).to_contain_text("Early answer")
    photograph(page, "list")
    page.goto(f"/market?q={NUMBER}")
    page.click("tr:has-text('Early Bird')")
    expect(page.locator("#panel")).to_contain_text("false answer suspected in 1")


def test_a_running_call_is_hung_up_and_side_by_side_calls_are_compared(playing: Playing, page: Page) -> None:
    page.goto(f"/test-calls/new?number={NUMBER}&product=1")
    page.click("button:has-text('Call')")
    page.click("button:has-text('Hang up')")
    done(page)
    page.goto(f"/test-calls/new?number={NUMBER}&product=1&product=2")
    page.fill("#seconds", "3")
    page.click("button:has-text('Call')")
    page.wait_for_url("**/side-by-side?*")
    expect(page.locator("#batch")).to_contain_text("no fault found", timeout=WAIT_MS)
    photograph(page, "side-by-side")
