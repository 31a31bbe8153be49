"""A person in a real browser: sign in, upload a deck with odd headings, mend the mapping, review, approve."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from werkzeug.serving import make_server

import app.decks.jobs  # noqa: F401  (registers deck.check, as the worker does)
from app.db import db
from app.jobs.models import Job
from app.jobs.runner import run_one
from app.web.assets import DIST
from tests.factories.app import PASSWORD, make_app, make_company, make_product, make_user

CHROMIUM = Path("/usr/bin/chromium")
DECK = (
    "Place,Where,Cost of it\n"
    + "".join(f"Town {n},447{n:03},0.0{n % 9 + 1}0\n" for n in range(300))
    + "Lost,4499,\n"
)

pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium (apt-get install chromium)"),
    pytest.mark.skipif(
        not (DIST / "manifest.json").exists(), reason="needs the front end (tools/setup frontend)"
    ),
]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The application on a port of its own, with a thread that does the worker's part."""
    app = make_app(tmp_path, csrf=True)
    with app.app_context():
        seller = make_company(db.session, "Acme Carrier", sells=True)
        make_product(db.session, seller)
        make_user(db.session, seller, "owner", "owner@acme.example", PASSWORD)
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
    yield f"http://127.0.0.1:{server.server_port}"
    stop.set()
    server.shutdown()
    for thread in threads:
        thread.join()


@pytest.fixture
def page(address: str) -> Iterator[Page]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(base_url=address)
        page.set_default_timeout(60_000)
        yield page
        browser.close()


def test_a_deck_with_odd_headings_is_mapped_mended_reviewed_and_approved(page: Page, tmp_path: Path) -> None:
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    deck = tmp_path / "odd.csv"
    deck.write_text(DECK)
    page.goto("/sign-in")
    page.fill("input[name=email]", "owner@acme.example")
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]:has-text('Sign in')")
    page.goto("/decks/new")
    page.set_input_files("#file", deck)
    page.check("input[name=mode][value=full]")
    page.check("input[name=starts][value=receipt]")
    page.click("text=Upload and check")
    page.wait_for_url(re.compile(r"/decks/\d+/(sheet|columns)"))
    page.goto(re.sub(r"/(sheet|columns)$", "/sheet", page.url))
    page.click("button[aria-label='Row 1 holds the headings']")
    page.wait_for_url(re.compile(r"/decks/\d+/columns"))
    page.select_option("select[name=field-0]", "destination")
    page.select_option("select[name=field-1]", "code")
    page.select_option("select[name=field-2]", "rate")
    page.click("text=Use this mapping")
    page.wait_for_url(re.compile(r"/decks/\d+/errors"))
    expect(page.locator(".deck-problem.error")).to_contain_text("row 302")
    page.click("button[value=skip_rows_without_rate]")
    page.wait_for_url(re.compile(r"/decks/\d+/review"))
    expect(page.locator("a.tile", has_text="New")).to_contain_text("300")
    page.fill("input[name=q]", "447299")
    page.press("input[name=q]", "Enter")
    expect(page.locator(".deck-diff tbody tr")).to_have_count(1)
    page.click("text=Continue to approval")
    page.check("input[name=read]")
    page.click("text=Approve now")
    expect(page.locator("h2")).to_have_text("Version 1 of Premium CLI is in force")
    page.click("text=Deck history")
    expect(page.locator("main tbody tr")).to_have_count(1)
    assert faults == []
