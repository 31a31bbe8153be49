"""A person downloads each report in the browser and finds in the files what the page shows."""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from app.db import db
from tests.factories.app import PASSWORD, make_user
from tests.unit.app_reports.conftest import World
from tests.unit.app_reports.conftest import world as world

pytestmark = pytest.mark.browser
CHROMIUM = "/usr/bin/chromium"


@pytest.fixture
def address(world: World) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, world.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def operator_page(world: World, address: str) -> Iterator[Page]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with world.app.app_context():
        make_user(db.session, world.operator, "operator", email="eyes@tandem.example", password=PASSWORD)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(base_url=address, accept_downloads=True)
        page.goto("/sign-in")
        page.fill("input[name=email]", "eyes@tandem.example")
        page.fill("input[name=password]", PASSWORD)
        page.click("main button[type=submit], form button[type=submit], form input[type=submit]")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        yield page
        browser.close()


def table(page: Page) -> tuple[list[str], list[list[str]]]:
    """Titles and cells as shown."""
    titles = [text.strip() for text in page.locator("#report-table thead th").all_text_contents()]
    rows = page.locator("#report-table tbody tr").all()
    return titles, [[cell.strip() for cell in row.locator("td").all_text_contents()] for row in rows]


@pytest.mark.parametrize(
    ("path", "exact"),
    [
        ("lcr?code=44", ("Code", "Destination", "Cheapest (USD)", "#1 vendor", "#1 at 180 s (USD)")),
        ("changes?since=2026-11-10&until=2026-11-30", ("Code", "Old rate", "New rate", "Currency")),
        ("deck?at=2026-11-21T12:00", ("Code", "Rate", "Increments", "Next rate")),
        ("quality?code=44", ("Vendor", "Code", "ASR %", "ACD s", "MOS")),
        ("coverage?class=", ("Vendor", "Product", "Open codes", "Median rate")),
    ],
)
def test_the_files_hold_what_the_page_shows(
    operator_page: Page, tmp_path: Path, path: str, exact: tuple[str, ...]
) -> None:
    operator_page.goto(f"/reports/{path}")
    titles, shown = table(operator_page)
    assert shown
    with operator_page.expect_download() as got:
        operator_page.click("a:has-text('CSV')")
    got.value.save_as(tmp_path / "report.csv")
    with (tmp_path / "report.csv").open(newline="", encoding="utf-8") as stream:
        written = list(csv.DictReader(stream))
    assert len(written) == len(shown)
    for name in exact:
        column = [row[titles.index(name)] for row in shown]
        assert [row[name].removeprefix("'") for row in written] == [cell.removeprefix("'") for cell in column]
    with operator_page.expect_download() as got:
        operator_page.click("a:has-text('XLSX')")
    got.value.save_as(tmp_path / "report.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "report.xlsx").active
    assert sheet is not None
    assert [cell.value for cell in sheet[1]] == list(written[0])
    assert sheet.max_row == len(written) + 1
    for row, line in zip(sheet.iter_rows(min_row=2), written, strict=True):
        for cell, (name, text) in zip(row, line.items(), strict=True):
            if isinstance(cell.value, int | float):
                assert float(cell.value) == pytest.approx(float(text), abs=0.005), name
            elif isinstance(cell.value, str):
                assert cell.value == text, name
