"""A messy workbook from the drop to approval: a column corrected, a repair, two notice violations resolved.

With TANDEM_TEST_SCREENSHOTS=folder the pages are kept as pictures: light, dark, and 390 px wide.
"""

from __future__ import annotations

import base64
import io
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import xlsxwriter
from playwright.sync_api import Page, expect

from app.audit.models import AuditEvent
from app.clock import utc_now
from app.db import db
from app.decks.models import DeckVersion
from tests.browser.desk import PASSWORD, Desk, desk, page, ready

__all__ = ["desk", "page"]  # fixtures

pytestmark = ready

COUNTRIES = [
    ("United Kingdom", "44", 40),
    ("France", "33", 55),
    ("Portugal", "351", 62),
    ("Spain", "34", 48),
    ("Poland", "48", 70),
]
OLD = "Destination,Code,Rate,Increments\n" + "".join(
    f"{name},{code}{tail},0.{rate + n:04},1/1\n"
    for name, code, rate in COUNTRIES
    for n, tail in enumerate(("", "6", "7", "20", "21", "30"))
)


def messy() -> bytes:
    """Cover sheet, preamble, merged title, codes as floats, rates with comma and sign, a footer. “Price” is the price
    until now: the one that counts stands under a heading nobody could know.

    44 and 336 rise the day after tomorrow, with two days' notice instead of seven; one row has no rate."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    cover = book.add_worksheet("Cover")
    cover.write("A1", "ACME CARRIER RATE AMENDMENT")
    cover.write("A3", "Confidential")
    sheet = book.add_worksheet("A-Z USD")
    sheet.merge_range("A1:F1", "Rate notification, all prices in USD per minute")
    sheet.write("A2", "Valid as stated per row")
    for place, head in enumerate(("Zielgebiet", "PREFIX", "Price", "as of date", "Billing", "Valid from")):
        sheet.write(4, place, head)
    day = book.add_format({"num_format": "dd.mm.yyyy"})
    soon = (utc_now() + timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    line = 5
    for name, code, rate in COUNTRIES:
        for n, tail in enumerate(("", "6", "7", "20", "21", "30")):
            whole = rate + n
            if code + tail in ("44", "336"):
                whole += 5
            elif code + tail == "4820":
                whole -= 9
            sheet.write(line, 0, f"{name} \u00a0Area {n}" if n else name)
            sheet.write_number(line, 1, float(code + tail))
            sheet.write(line, 2, f"$ 0,{rate + n:04}")
            sheet.write(line, 3, f"$ 0,{whole:04}")
            sheet.write(line, 4, "1/1")
            sheet.write_datetime(line, 5, soon, day)
            line += 1
    sheet.write(line, 0, "Spain Special")
    sheet.write_number(line, 1, 34800.0)
    sheet.write(line, 2, "$ 0,0090")
    sheet.write(line, 4, "1/1")
    sheet.write_datetime(line, 5, soon, day)
    sheet.write(line + 2, 0, "*** End of list. Subject to our general terms. ***")
    book.close()
    return out.getvalue()


def drop(page: Page, name: str, content: bytes) -> None:
    """The file let fall on the drop zone, as a browser sees it."""
    data = page.evaluate_handle(
        """([name, text]) => { const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
        const all = new DataTransfer(); all.items.add(new File([bytes], name)); return all; }""",
        [name, base64.b64encode(content).decode()],
    )
    page.dispatch_event("[data-dropzone]", "drop", {"dataTransfer": data})
    expect(page.locator("[data-filename]")).to_contain_text(name)


def picture(page: Page, name: str) -> None:
    """Light, dark and narrow, where somebody wants to look; the narrow page must never be wider than its screen."""
    page.set_viewport_size({"width": 390, "height": 844})
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390, f"{name} is {wide} px wide on a phone"
    folder = os.environ.get("TANDEM_TEST_SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}-390.png"), full_page=True, animations="disabled")
    page.set_viewport_size({"width": 1360, "height": 900})
    if folder:
        for theme in ("dark", "light"):
            page.evaluate("(theme) => document.documentElement.setAttribute('data-bs-theme', theme)", theme)
            page.wait_for_timeout(300)  # colours fade
            page.screenshot(path=str(Path(folder) / f"{name}-{theme}.png"), full_page=True)


@pytest.mark.browser
def test_a_messy_workbook_goes_from_drop_to_approval(desk: Desk, page: Page) -> None:
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    desk.approve(OLD)
    desk.traffic(
        "day,code,calls,minutes\n2026-11-18,44,9000,27000\n2026-11-19,336,4000,9000\n2026-11-20,4820,500,2000\n"
    )
    page.goto("/sign-in")
    page.fill("input[name=email]", "owner@acme.example")
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]:has-text('Sign in')")

    page.goto("/decks/new")
    drop(page, "acme amendment.xlsx", messy())
    page.check("input[name=mode][value=partial]")
    picture(page, "1-file")
    page.click("text=Upload and check")
    page.wait_for_url(re.compile(r"/decks/\d+/(sheet|columns|errors|review)"))
    deck = re.search(r"/decks/(\d+)", page.url)
    assert deck is not None
    number = int(deck.group(1))

    page.goto(f"/decks/{number}/sheet")
    expect(page.locator("main")).to_contain_text("A-Z USD")
    picture(page, "2-sheet")

    # One column corrected: “Price” was taken for the rate; the new one stands beside it.
    page.goto(f"/decks/{number}/columns")
    expect(page.get_by_label("Column C Price")).to_have_value("rate")
    expect(page.locator("main")).to_contain_text("% sure")
    page.get_by_label("Column C Price").select_option("ignore")
    page.get_by_label("Column D as of date").select_option("rate")
    picture(page, "3-columns")
    page.click("text=Use this mapping")

    page.wait_for_url(re.compile(rf"/decks/{number}/errors"))
    expect(page.locator(".deck-problem.error")).to_contain_text("34800")
    picture(page, "4-errors")
    page.click("button[value=skip_rows_without_rate]")  # the repair

    page.wait_for_url(re.compile(rf"/decks/{number}/review"))
    picture(page, "5-review")
    page.click("a.tile:has-text('Notice violations')")
    expect(page.locator(".deck-diff tbody tr")).to_have_count(2)
    page.click("button[aria-label='Accept 44']")
    page.wait_for_url(re.compile(rf"/decks/{number}/review"))
    page.goto(f"/decks/{number}/review?label=LATE")
    page.click("button[aria-label='Leave out 336']")
    page.wait_for_url(re.compile(rf"/decks/{number}/review"))
    page.goto(f"/decks/{number}/review?label=LATE")
    expect(page.locator(".deck-diff tbody tr", has_text="336")).to_contain_text("left out")
    picture(page, "5-notice")

    page.click("text=Money impact")
    expect(page.locator(".deck-impact tbody")).to_contain_text("United Kingdom")
    # 9,000 calls of 180 s at 0.0045 instead of 0.0040: 13.50 more; 500 of 240 s at 0.0064 instead of 0.0073: 1.80 less.
    expect(page.locator(".tile", has_text="Change")).to_contain_text("11.70")
    picture(page, "5-money")

    page.goto(f"/decks/{number}/approve")
    expect(page.locator("main")).to_contain_text("1 taken as asked")
    expect(page.locator("main")).to_contain_text("1 left out")
    picture(page, "6-approve")
    page.fill("input[name=note]", "Amendment of November")
    page.check("input[name=read]")
    page.click("text=Approve now")
    expect(page.locator("h2")).to_have_text("Version 2 of Premium CLI is in force")
    picture(page, "7-done")

    for name, path in (
        ("history", f"/products/{desk.product_id}/decks"), ("calendar", f"/products/{desk.product_id}/calendar"),
        ("compare", f"/products/{desk.product_id}/compare"), ("prices", f"/products/{desk.product_id}/deck?q=44201234567"),
        ("rules", f"/deck-rules/{desk.company_id}"), ("inbox", "/decks"), ("outbox", "/outbox"),
        ("traffic", f"/products/{desk.product_id}/traffic"), ("notices", "/rate-notices"),
    ):  # fmt: skip
        page.goto(path)
        picture(page, name)
    assert faults == []
    note, after = desk.apart(_approved)
    assert note == "Amendment of November"
    assert after["late_codes"] == {"44": "accept", "336": "reject"}
    assert after["repairs"] == ["skip_rows_without_rate"]
    prices = desk.prices(utc_now() + timedelta(days=30))
    assert (prices["44"], prices["336"], prices["4820"]) == (4_500_000, 5_600_000, 6_400_000)


def _approved() -> tuple[str, dict[str, Any]]:
    """The note of version 2, and what the newest approval left in the audit log."""
    version = db.session.scalars(sa.select(DeckVersion).where(DeckVersion.number == 2)).one()
    events = sa.select(AuditEvent).where(AuditEvent.action == "deck.approve").order_by(AuditEvent.id.desc())
    event = db.session.scalars(events).first()
    assert event is not None
    return version.note, event.after
