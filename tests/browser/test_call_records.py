"""A person sends a file of call records, sees what became of it, mends what waits and drops the rest; every page is photographed."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect, sync_playwright
from werkzeug.serving import make_server

import app.cdrs.jobs  # noqa: F401  (registers calls.import, as the worker does)
from app.clock import utc_now
from app.db import db
from app.jobs.models import Job
from app.jobs.runner import run_one
from tests.factories.app import PASSWORD, make_user
from tests.integration.cdrs.world import FR, HEAD, World, line, make_world

pytestmark = pytest.mark.browser
CHROMIUM = Path("/usr/bin/chromium")
NARROW = {"width": 390, "height": 844}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


@pytest.fixture
def page(world: World) -> Iterator[Page]:
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    email = "eyes@tandem.example"
    make_user(db.session, world.buyer, "trader", email=email, password=PASSWORD)
    db.session.commit()
    server = make_server("127.0.0.1", 0, world.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        opened = browser.new_page(base_url=f"http://127.0.0.1:{server.server_port}")
        opened.goto("/sign-in")
        opened.fill("input[name=email]", email)
        opened.fill("input[name=password]", PASSWORD)
        opened.click("main button[type=submit], form button[type=submit], form input[type=submit]")
        opened.wait_for_url(lambda url: "/sign-in" not in url)
        yield opened
        browser.close()
    server.shutdown()
    thread.join()
    server.server_close()


def work(world: World) -> None:
    """The worker's part, in a thread of its own: this one belongs to the browser's event loop."""

    def waiting() -> list[str]:
        with world.app.app_context():
            return list(
                db.session.scalars(sa.select(Job.id).where(Job.state == "queued", Job.kind == "calls.import"))
            )

    with ThreadPoolExecutor(1) as worker:
        for job_id in worker.submit(waiting).result():
            worker.submit(run_one, world.app, job_id).result()


def photograph(page: Page, tmp_path: Path, name: str) -> None:
    """Wide and on a telephone; nothing may stick out to the right."""
    folder = Path(os.environ.get("TANDEM_SHOTS", str(tmp_path)))
    folder.mkdir(parents=True, exist_ok=True)
    wide = page.viewport_size
    page.screenshot(path=folder / f"calls-{name}.png", full_page=True)
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    page.screenshot(path=folder / f"calls-{name}-390.png", full_page=True)
    page.set_viewport_size(wide)  # type: ignore[arg-type]


def test_a_file_of_call_records_from_the_form_to_the_last_line_of_the_quarantine(
    world: World, page: Page, tmp_path: Path
) -> None:
    now = utc_now()
    file = HEAD + line(1, at=now) + line(2, seconds=None, code=503, at=now) + line(3, dnis=FR, at=now)
    page.goto("/calls/imports")
    page.set_input_files(
        "input[type=file]", {"name": "night.csv", "mimeType": "text/csv", "buffer": file.encode()}
    )
    page.fill("input[name=source]", "sw1")
    photograph(page, tmp_path, "form")
    page.click("button:has-text('Import')")
    expect(page.get_by_text("The import is under way.")).to_be_visible()
    work(world)
    page.reload()
    expect(page.locator(".tiles")).to_contain_text("1 answered")
    expect(page.locator("main")).to_contain_text("Refused")
    photograph(page, tmp_path, "import")
    for path, words in (("/calls", "4420"), ("/calls/sums", "4420"), ("/calls/quarantine", "no rate")):
        page.goto(path)
        expect(page.locator("main")).to_contain_text(words)
        photograph(page, tmp_path, path.rsplit("/", 1)[-1])
    page.click("button:has-text('Lay aside')")
    page.goto("/calls/quarantine")
    expect(page.get_by_text("Nothing waits")).to_be_visible()
    photograph(page, tmp_path, "empty")
