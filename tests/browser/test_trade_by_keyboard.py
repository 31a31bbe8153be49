"""A whole trade without a mouse: request, quote, counter-offer, signatures, amendment, notice."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from werkzeug.serving import make_server

from app.clock import utc_now
from tests.browser.desk import CHROMIUM, ready
from tests.browser.test_by_keyboard import press, reach, write
from tests.factories.app import PASSWORD
from tests.factories.exchange import Exchange

pytestmark = [pytest.mark.browser, *ready]
SELLER, BUYER = "Acme Carrier", "Borealis Talk"
DECK = (
    "Destination,Code,Rate,Increments\nUnited Kingdom,44,0.0040,1/1\nUnited Kingdom London,4420,0.0031,1/1\n"
)


@pytest.fixture
def people(tmp_path: Path) -> Iterator[tuple[Page, Page]]:
    """The seller's and the buyer's page, signed in."""
    exchange = Exchange.empty(tmp_path)
    exchange.operator("Tandem")
    exchange.seller(SELLER, "Voice", "premium", "192.0.2.10")
    exchange.deck(SELLER, DECK)
    exchange.buyer(BUYER, Main={})
    server = make_server("127.0.0.1", 0, exchange.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://localhost:{server.server_port}"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        pages = []
        for company in (SELLER, BUYER):
            context = browser.new_context(
                base_url=address, viewport={"width": 1440, "height": 900}, locale="en-US"
            )
            page = context.new_page()
            page.set_default_timeout(180_000)
            page.goto("/sign-in")
            write(page, "email", exchange.emails[company])
            write(page, "password", PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_url(lambda url: "/sign-in" not in url)
            # The question before a step that cannot be taken back is the browser's own: Enter says yes.
            page.on("dialog", lambda dialog: dialog.accept())
            pages.append(page)
        yield pages[0], pages[1]
        browser.close()
    server.shutdown()
    thread.join()
    server.server_close()


def over(page: Page, name: str, text: str) -> None:
    """Write over what the field holds."""
    reach(page, f"main [name={name}]")
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def sign(page: Page, agreement: str, name: str) -> None:
    page.goto(agreement)
    over(page, "typed_name", name)
    over(page, "secret", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".alert:has-text('Signed.')")).to_be_visible()


def test_a_deal_is_asked_for_agreed_signed_amended_and_ended_by_keyboard_alone(
    people: tuple[Page, Page],
) -> None:
    sean, bea = people
    bea.goto("/")
    press(bea, "a[href='/rfqs']")
    bea.wait_for_url("**/rfqs")
    press(bea, "main a[href='/rfqs/new'], a[href='/rfqs/new']")
    over(bea, "destinations", "4420 UK London")
    over(bea, "minutes_month", "500000")
    reach(bea, "main [name=deadline]")
    bea.keyboard.type(f"{utc_now() + timedelta(days=7):%m%d%Y}")
    bea.keyboard.press("ArrowRight")
    bea.keyboard.type("1200PM")
    press(bea, "main form [type=submit]")
    bea.wait_for_url(re.compile(r"/rfqs/\d+$"))
    request = bea.url

    sean.goto("/rfqs")
    press(sean, f"td a[href='{request[request.index('/rfqs/') :]}']")
    press(sean, "a[href$='/quote']")
    over(sean, "rates", "4420 0.0029 1/1 UK London")
    over(sean, "termination_days", "0")
    press(sean, "main form [type=submit]")
    sean.wait_for_url(re.compile(r"/deals/\d+$"))
    deal = sean.url

    bea.goto(deal)
    press(bea, "a[href$='/counter']")
    over(bea, "rates", "4420 0.0025 1/1 UK London")
    press(bea, "main form [type=submit]")
    bea.wait_for_url(deal)

    sean.goto(deal)
    press(sean, "form[action$='/accept'] button")
    sean.wait_for_url(re.compile(r"/agreements/\d+$"))
    agreement = sean.url
    sign(sean, agreement, "Sean Seller")
    sign(bea, agreement, "Bea Buyer")

    sean.goto(agreement)
    press(sean, "a[href$='/amend']")
    over(sean, "rates", "4420 0.0022 1/1 UK London")
    over(sean, "note", "Volume came as promised")
    press(sean, "main form [type=submit]")
    sean.wait_for_url(lambda url: "/amend" not in url)
    sign(sean, agreement, "Sean Seller")
    sign(bea, agreement, "Bea Buyer")

    bea.goto(agreement)
    over(bea, "reason", "Moving on")
    press(bea, "form[action$='/terminate'] button")
    expect(bea.locator(".alert:has-text('Notice given')")).to_be_visible()
