"""Two companies and the operator in browsers of their own, before a whole exchange that really runs (`tandem serve`)."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from apiflask import APIFlask
from playwright.sync_api import Browser, Page, sync_playwright

from app import create_app
from app.clock import utc_now
from app.config import Settings
from app.db import db
from tests.browser.desk import CHROMIUM
from tests.crash.tree import DEADLINE_S, Tree, serving, wait
from tests.factories.accounts import WORDS, link_in, mails, totp_now
from tests.factories.app import make_company, make_user

T = TypeVar("T")
SILENT = ("", "")
SHOTS = os.environ.get("SHOTS_FOLDER", "")
FACTS = {
    "registration_number": "IE 123", "address": "1 Quay, Dublin", "noc_email": "noc@nova.example", "noc_phone": "+353 1 555 0100",
    "rates_email": "r@nova.example", "billing_email": "b@nova.example",
}  # fmt: skip


@dataclass
class Person:
    """Somebody at a browser, with the authenticator app beside it."""

    page: Page
    email: str
    key: str = ""
    used: str = ""
    faults: list[str] = field(default_factory=list)

    def code(self) -> str:
        """The next code that was not used yet: each counts once."""
        wait(lambda: totp_now(self.key) != self.used, "the next code")
        self.used = totp_now(self.key)
        return self.used

    def fill(self, **fields: str) -> None:
        for name, text in fields.items():
            self.page.fill(f"main [name={name}]", text)

    def press(self, text: str) -> None:
        self.page.click(f"main button:has-text('{text}'), main a.btn:has-text('{text}')")

    def shot(self, name: str) -> None:
        """Pictures to look at: SHOTS_FOLDER=folder pytest …; light and dark at 1440, and 390 wide."""
        if not SHOTS:
            return
        for width, theme in ((1440, "light"), (1440, "dark"), (390, "light")):
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.evaluate(f"document.documentElement.setAttribute('data-bs-theme', '{theme}')")
            self.page.screenshot(path=f"{SHOTS}/{name}-{width}-{theme}.png", full_page=True)
        self.page.evaluate("document.documentElement.setAttribute('data-bs-theme', 'light')")
        self.page.set_viewport_size({"width": 1440, "height": 900})


@dataclass
class Floor:
    tree: Tree
    app: APIFlask
    browser: Browser

    def apart(self, work: Callable[[], T]) -> T:
        """Inside the application, in a thread of its own: this one belongs to the browser's event loop."""

        def inside() -> T:
            with self.app.app_context():
                return work()

        with ThreadPoolExecutor(1) as worker:
            return worker.submit(inside).result()

    def person(self, email: str) -> Person:
        context = self.browser.new_context(
            base_url=f"http://localhost:{self.tree.web_port}", viewport={"width": 1440, "height": 900}
        )
        page = context.new_page()
        page.set_default_timeout(DEADLINE_S * 1000)
        who = Person(page, email)
        page.on("pageerror", lambda fault: who.faults.append(str(fault)))
        return who

    def route(self, key: str, number: str) -> tuple[str, str] | None:
        """(code, rate) of the first route the edge answers now; None without one, SILENT when it said nothing in time."""
        status, body = self.tree.get(
            self.tree.edge_port, f"/v1/lcr?dnis={number}", {"Authorization": f"Bearer {key}"}
        )
        if status in (0, 503):  # a machine that stood still, or has too much to do
            return SILENT
        assert status == 200, (status, body)
        answer: dict[str, Any] = json.loads(body)
        first = next(iter(answer["routes"]), None)
        return (first["code"], first["rate"]) if first else None

    def changes(
        self,
        key: str,
        number: str,
        before: tuple[str, str] | None,
        after: tuple[str, str] | None,
        at: datetime,
    ) -> float:
        """Ask again and again: `before` until `at`, then `after`. Seconds after `at` of the last question that still got the
        old answer (0: none did), so that a machine that stands still while nobody asks is not taken for a late exchange."""
        assert utc_now() < at, "the machine was too slow to look before the instant"
        late = 0.0
        while True:
            asked = utc_now()
            found = self.route(key, number)
            answered = utc_now()
            if found == SILENT:
                assert asked < at + timedelta(seconds=30), "the edge no longer answers"
                continue
            if found == after:
                assert answered >= at - timedelta(milliseconds=50), f"{at - answered} too early"
                return late
            assert found == before, f"neither before nor after: {found}"
            late = max(0.0, (asked - at).total_seconds())
            assert asked < at + timedelta(seconds=30), "the answer never changed"


@contextmanager
def trading_floor(folder: Path) -> Iterator[Floor]:
    with serving(folder) as tree, sync_playwright() as driver:
        app = create_app(Settings(data_dir=str(tree.folder)))
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        floor = Floor(tree, app, browser)

        def operator() -> None:
            company = make_company(db.session, "Exchange", is_operator=True)
            make_user(db.session, company, "operator", "boss@exchange.example", WORDS)

        floor.apart(operator)
        yield floor
        browser.close()
        floor.apart(lambda: db.engine.dispose())


def sign_in(who: Person) -> None:
    who.page.goto("/sign-in")
    who.page.fill("[name=email]", who.email)
    who.page.fill("[name=password]", WORDS)
    who.page.click("button:has-text('Sign in')")
    who.page.wait_for_url(lambda url: "/sign-in" not in url)


def set_up_app(who: Person) -> None:
    """The authenticator app: reads the key under the picture, types the code it shows."""
    page = who.page
    page.goto("/account/two-factor")
    page.check("input[name=setup][value=authenticator]")
    page.click("form[name=two_factor_setup_form] [type=submit]")
    who.key = page.locator("[data-totp-key]").inner_text().strip()
    page.fill("form[name=two_factor_verify_code_form] [name=code]", who.code())
    page.click("form[name=two_factor_verify_code_form] [type=submit]")
    page.wait_for_url("**/account")


def come_in(floor: Floor, who: Person, name: str, company: str, trade: str) -> None:
    """From the sign-up page to the operator's queue: address confirmed, company founded, second factor, papers, terms."""
    page = who.page
    page.goto("/sign-up")
    page.fill("[name=name]", name)
    page.fill("[name=email]", who.email)
    page.fill("[name=password]", WORDS)
    page.fill("[name=password_confirm]", WORDS)
    page.click("button:has-text('Sign up')")
    page.wait_for_url("**/sign-up/sent")
    page.goto(floor.apart(lambda: link_in(mails(who.email)[-1].text)))
    sign_in(who)
    page.fill("[name=name]", company)
    page.select_option("[name=country]", "IE")
    for word in ("sells", "buys"):
        page.set_checked(f"[name={word}]", word == trade)
    page.click("button:has-text('Found the company')")
    page.wait_for_url("**/account")
    set_up_app(who)
    page.goto("/onboarding/facts")
    who.fill(legal_name=f"{company} Ltd", **FACTS)
    page.check("input[value=PCMA]")
    page.select_option("[name=payment_terms]", "7/7")
    page.select_option("[name=billing_cycle]", "weekly")
    page.click("button:has-text('Save')")
    page.goto("/onboarding/papers")
    page.set_input_files(
        "[name=file]", {"name": "register.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 x"}
    )
    page.click("button:has-text('Hand in')")
    page.locator("td:has-text('register.pdf')").wait_for()
    page.goto("/onboarding/terms")
    page.fill("[name=typed_name]", name)
    page.click("button:has-text('Accept for')")
    page.click("button:has-text('Ask for approval')")
    page.locator("text=The operator has it since").wait_for()


def approve_all(boss: Person, count: int) -> None:
    for _ in range(count):
        boss.page.goto("/operator/approvals")
        boss.page.locator("a:has-text('Look')").first.click()
        boss.page.fill("[name=note] >> nth=1", "Welcome to the exchange")
        boss.page.click("button:has-text('Approve')")
        boss.page.wait_for_url("**/operator/approvals")


def offer_a_product(who: Person, deck: Path) -> None:
    """A trunk, a product and its first deck, through the wizard."""
    page = who.page
    page.goto("/vendor-trunks/new")
    who.fill(name="Dublin", host="192.0.2.10")
    who.press("Save")
    page.goto("/products/new")
    who.fill(name="Premium CLI")
    page.select_option("[name=route_class]", "premium")
    page.select_option("[name=currency]", "USD")
    page.select_option("[name=vendor_trunk_id]", label="Dublin (192.0.2.10)")
    who.press("Save")
    page.goto("/decks/new")
    page.set_input_files("#file", deck)
    page.check("input[name=mode][value=full]")
    page.check("input[name=starts][value=receipt]")
    page.click("text=Upload and check")
    page.wait_for_url(re.compile(r"/decks/\d+/review"))
    page.click("text=Continue to approval")
    page.check("input[name=read]")
    page.click("text=Approve now")
    page.locator("h2:has-text('is in force')").wait_for()


def connect_a_switch(who: Person) -> str:
    """A trunk and a key for it; returns the key."""
    page = who.page
    page.goto("/trunks/new")
    who.fill(name="Main")
    who.press("Save")
    page.goto("/keys")
    who.fill(name="Switch")
    page.check("input[name=scopes][value='lcr:query']")
    page.click("button:has-text('Make key')")
    return page.locator("#secret").input_value()


def sign(who: Person, agreement: str, name: str) -> None:
    page = who.page
    page.goto(agreement)
    who.fill(typed_name=name, secret=who.code())
    page.click("form[action$='/sign'] button")
    page.locator(".alert:has-text('Signed.')").wait_for()


def local(at: datetime) -> str:
    """What a field of date and time takes."""
    return at.strftime("%Y-%m-%dT%H:%M:%S")
