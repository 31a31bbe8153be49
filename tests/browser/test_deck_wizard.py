"""A person in a real browser: sign in, upload a deck with odd headings, mend the mapping, review, approve."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.desk import PASSWORD, desk, page, ready

__all__ = ["desk", "page"]  # fixtures

DECK = (
    "Place,Where,Cost of it\n"
    + "".join(f"Town {n},447{n:03},0.0{n % 9 + 1}0\n" for n in range(300))
    + "Lost,4499,\n"
)
pytestmark = ready


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
