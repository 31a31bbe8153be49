"""The application with a seller on a port of its own, a thread that does the worker's part, and a browser."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import pytest
from apiflask import APIFlask
from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

import app.decks.jobs  # noqa: F401  (registers deck.check, as the worker does)
from app.carriers.models import Product
from app.clock import utc_now
from app.db import db
from app.decks.service.approve_deck import approve_deck
from app.decks.service.import_traffic import import_traffic
from app.decks.service.receive_deck import receive_deck
from app.decks.service.run_check import check_deck
from app.decks.service.start_check import mark_checking
from app.decks.timelines import at_instant
from app.jobs.models import Job
from app.jobs.runner import run_one
from app.security.actor import system_actor
from app.web.assets import DIST
from rates.options import DeckOptions, Defaults
from rates.store import Store
from tests.factories.app import PASSWORD, make_app, make_company, make_product, make_user

T = TypeVar("T")
CHROMIUM = Path("/usr/bin/chromium")
ready = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium (apt-get install chromium)"),
    pytest.mark.skipif(
        not (DIST / "manifest.json").exists(), reason="needs the front end (tools/setup frontend)"
    ),
]
__all__ = ["PASSWORD", "Desk", "desk", "page", "ready"]


@dataclass
class Desk:
    """`owner@acme.example` may do everything; the product is in US dollars."""

    app: APIFlask
    address: str
    company_id: int
    product_id: int

    def apart(self, work: Callable[[], T]) -> T:
        """Inside the application, in a thread of its own: this one belongs to the browser's event loop."""

        def inside() -> T:
            with self.app.app_context():
                return work()

        with ThreadPoolExecutor(1) as worker:
            return worker.submit(inside).result()

    def approve(self, text: str) -> None:
        """A deck in force, received and checked here and now."""
        self.apart(lambda: self._approve(text))

    def traffic(self, text: str) -> None:
        """Recorded traffic of the product."""
        self.apart(lambda: self._traffic(text))

    def prices(self, at: datetime) -> dict[str, int]:
        """Code -> nanos a minute at an instant."""
        return self.apart(lambda: self._prices(at))

    def _approve(self, text: str) -> None:
        settings = self.app.config["TANDEM"]
        who, product = system_actor(self.company_id), db.session.get_one(Product, self.product_id)
        options = DeckOptions(mode="full", defaults=Defaults(effective_from="receipt"))
        deck = receive_deck(
            db.session, who, product, io.BytesIO(text.encode()), "before.csv", options=options, source="cli",
            settings=settings, now=utc_now(), check=False,
        ).deck  # fmt: skip
        mark_checking(db.session, deck, now=utc_now())
        db.session.commit()
        check_deck(db.session, settings, deck.id, job_id=None)
        done = approve_deck(db.session, who, deck.id, settings=settings, now=utc_now())
        db.session.commit()
        assert done.outcome == "approved"

    def _traffic(self, text: str) -> None:
        product = db.session.get_one(Product, self.product_id)
        settings = self.app.config["TANDEM"]
        import_traffic(
            db.session, system_actor(self.company_id), product, text, settings=settings, now=utc_now()
        )
        db.session.commit()

    def _prices(self, at: datetime) -> dict[str, int]:
        key = db.session.get_one(Product, self.product_id).timeline_key
        assert key is not None
        view = at_instant(Store(str(self.app.config["TANDEM"].store_dir)).open(key), at)
        return dict(zip(view["code"].to_pylist(), view["rate_nanos"].to_pylist(), strict=True))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    app = make_app(tmp_path, csrf=True)
    with app.app_context():
        seller = make_company(db.session, "Acme Carrier", sells=True)
        product = make_product(db.session, seller)
        make_user(db.session, seller, "owner", "owner@acme.example", PASSWORD)
        company_id, product_id = seller.id, product.id
    server = make_server("127.0.0.1", 0, app, threaded=True)
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.1):
            with app.app_context():
                waiting = (
                    db.session.query(Job.id).filter(Job.state == "queued", Job.kind == "deck.check").all()
                )
                db.session.rollback()
            for (job_id,) in waiting:
                run_one(app, job_id)

    threads = [threading.Thread(target=server.serve_forever), threading.Thread(target=work)]
    for thread in threads:
        thread.start()
    yield Desk(app, f"http://127.0.0.1:{server.server_port}", company_id, product_id)
    stop.set()
    server.shutdown()
    for thread in threads:
        thread.join()


@pytest.fixture
def page(desk: Desk) -> Iterator[Page]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(base_url=desk.address, viewport={"width": 1360, "height": 900})
        page.set_default_timeout(60_000)
        yield page
        browser.close()
