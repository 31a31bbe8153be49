"""A small exchange that is really running: pages, snapshot and edge, with a Chromium to look at it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from app.web.assets import DIST
from tests.edge.process import Edge
from tests.factories.app import PASSWORD
from tests.factories.exchange import Exchange

CHROMIUM = Path("/usr/bin/chromium")
WAIT_MS = 30_000

ACME = """Destination,Code,Rate,Increments
United Kingdom,44,0.0040,1/1
United Kingdom London,4420,0.0031,1/1
United Kingdom Mobile,447,0.0180,1/1
Kenya,254,0.0900,60/60
Kenya Mobile,2547,0.1200,60/60
"""
BRAVO = """Destination,Code,Rate,Increments
United Kingdom,44,0.0035,1/1
United Kingdom Mobile,447,0.0210,1/1
Kenya,254,0.0800,30/6
"""
CARIB = """Destination,Code,Rate,Increments
United Kingdom,44,0.0020,1/1
United Kingdom Mobile,447,blocked,1/1
Kenya Mobile,2547,0.1000,1/1
"""


@dataclass
class Running:
    """`address` of the pages; `edge` answers from the same snapshots."""

    exchange: Exchange
    address: str
    edge: Edge

    def work(self, kind: str) -> list[dict[str, Any]]:
        """The worker's part, in a thread of its own: this one belongs to the browser's event loop."""
        with ThreadPoolExecutor(1) as worker:
            return worker.submit(self.exchange.work, kind).result()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Three carriers with one product each. The buyer's trunk may use Bravo's and Carib's, not yet Acme's."""
    if not CHROMIUM.exists():
        pytest.skip("needs Chromium (apt-get install chromium)")
    if not (DIST / "manifest.json").exists():
        pytest.skip("needs the front end (tools/setup frontend)")
    exchange = Exchange.empty(tmp_path_factory.mktemp("exchange"))
    exchange.operator("Tandem")
    exchange.seller("Acme Carrier", "Premium CLI", "premium", "192.0.2.10")
    exchange.seller("Bravo Telecom", "Standard", "standard", "192.0.2.20")
    exchange.seller("Carib Voice", "Economy", "non_cli", "192.0.2.30")
    exchange.buyer("Borealis Talk", Main={})
    for seller, deck in (("Acme Carrier", ACME), ("Bravo Telecom", BRAVO), ("Carib Voice", CARIB)):
        exchange.deck(seller, deck)
    exchange.measured("Bravo Telecom", "447", attempts=200, answered=40)
    exchange.grant("Main", "Bravo Telecom")
    exchange.grant("Main", "Carib Voice")
    exchange.work("market.build", "snapshot.build")
    exchange.app.config["WTF_CSRF_ENABLED"] = True
    server = make_server("127.0.0.1", 0, exchange.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    edge = Edge(tmp_path_factory.mktemp("edge"), exchange.settings.snapshot_dir).start()
    try:
        yield Running(exchange, f"http://127.0.0.1:{server.server_port}", edge)
    finally:
        edge.stop()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def chromium(running: Running) -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def sign_in(running: Running, chromium: Browser) -> Iterator[Callable[[str], Page]]:
    """Sign the owner of a company in, each in a browser context of its own; a script's fault fails the test."""
    contexts = []
    faults: list[str] = []

    def enter(company: str) -> Page:
        context = chromium.new_context(
            base_url=running.address, viewport={"width": 1440, "height": 900}, accept_downloads=True
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.goto("/sign-in")
        page.fill("input[name=email]", running.exchange.emails[company])
        page.fill("input[name=password]", PASSWORD)
        page.click("button[type=submit]:has-text('Sign in')")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    yield enter
    for context in contexts:
        context.close()
    assert faults == []
