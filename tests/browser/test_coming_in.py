"""Two browsers: a person signs up, founds a company, sets up a second factor; the operator approves in another."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest
from apiflask import APIFlask
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from werkzeug.serving import make_server

from app.db import db
from tests.browser.desk import CHROMIUM, ready
from tests.factories.accounts import WORDS, link_in, mails, make_strict_app, totp_now
from tests.factories.app import make_company, make_user

pytestmark = [pytest.mark.browser, *ready]
T = TypeVar("T")
NIA = "nia@nova.example"
SHOTS = os.environ.get("TANDEM_SHOTS", "")


class House:
    """The application on a port of its own, and a Chromium."""

    def __init__(self, app: APIFlask, port: int, browser: Browser) -> None:
        self.app, self.browser = app, browser
        self.address = f"http://localhost:{port}"

    def apart(self, work: Callable[[], T]) -> T:
        """Inside the application, in a thread of its own: this one belongs to the browser's event loop."""

        def inside() -> T:
            with self.app.app_context():
                return work()

        with ThreadPoolExecutor(1) as worker:
            return worker.submit(inside).result()

    def person(self) -> Page:
        context: BrowserContext = self.browser.new_context(
            base_url=self.address, viewport={"width": 1440, "height": 900}
        )
        page = context.new_page()
        page.set_default_timeout(180_000)
        return page

    def link(self, to: str) -> str:
        return self.apart(lambda: link_in(mails(to)[-1].text))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    app = make_strict_app(tmp_path)
    app.config["WTF_CSRF_ENABLED"] = True
    with app.app_context():
        operator = make_company(db.session, "Exchange", is_operator=True)
        make_user(db.session, operator, "operator", "boss@exchange.example", WORDS)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield House(app, server.server_port, browser)
        browser.close()
    server.shutdown()
    thread.join()
    server.server_close()


def shot(page: Page, name: str) -> None:
    """Pictures to look at: TANDEM_SHOTS=folder pytest …; light and dark at 1440, and 390 wide."""
    if not SHOTS:
        return
    for width, theme in ((1440, "light"), (1440, "dark"), (390, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(f"document.documentElement.setAttribute('data-bs-theme', '{theme}')")
        page.screenshot(path=f"{SHOTS}/{name}-{width}-{theme}.png", full_page=True)
    page.evaluate("document.documentElement.setAttribute('data-bs-theme', 'light')")
    page.set_viewport_size({"width": 1440, "height": 900})


def sign_up(house: House, page: Page, *, passkey: bool = False) -> None:
    page.goto("/sign-in")
    page.click("text=Sign up")
    page.fill("[name=name]", "Nia Nova")
    page.fill("[name=email]", NIA)
    if passkey:
        page.check("[name=with_passkey]")
    else:
        page.fill("[name=password]", WORDS)
        page.fill("[name=password_confirm]", WORDS)
    shot(page, "sign-up")
    page.click("button:has-text('Sign up')")
    page.wait_for_url("**/sign-up/sent")
    page.goto(house.link(NIA))


def sign_in(page: Page, email: str) -> None:
    page.goto("/sign-in")
    page.fill("[name=email]", email)
    page.fill("[name=password]", WORDS)
    page.click("button:has-text('Sign in')")
    page.wait_for_url(lambda url: "/sign-in" not in url)


def set_up_app(page: Page) -> str:
    """The authenticator app: reads the key under the picture, types the code it shows."""
    page.goto("/account/two-factor")
    page.check("input[name=setup][value=authenticator]")
    page.click("form[name=two_factor_setup_form] [type=submit]")
    key = page.locator("[data-totp-key]").inner_text().strip()
    shot(page, "two-factor")
    for _ in range(3):  # a code that ran out on the way is shown as wrong: the next one then
        page.fill("form[name=two_factor_verify_code_form] [name=code]", totp_now(key))
        with page.expect_navigation():
            page.click("form[name=two_factor_verify_code_form] [type=submit]")
        if page.url.endswith("/account"):
            break
    page.wait_for_url("**/account")
    return key


def virtual_authenticator(page: Page) -> None:
    """Chromium's own authenticator, which holds keys and says that its user agreed."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
               "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def found(page: Page) -> None:
    page.fill("[name=name]", "Nova Telecom")
    page.select_option("[name=country]", "IE")
    page.check("[name=sells]")
    shot(page, "welcome")
    page.click("button:has-text('Found the company')")


def test_a_company_comes_in_and_is_approved_in_a_second_browser(house: House) -> None:
    nia, boss = house.person(), house.person()
    sign_up(house, nia)
    sign_in(nia, NIA)
    found(nia)
    nia.wait_for_url("**/account")
    expect(nia.locator("[data-forced]")).to_be_visible()
    shot(nia, "account-forced")
    set_up_app(nia)
    expect(nia.locator("[data-forced]")).to_have_count(0)
    nia.goto("/onboarding")
    expect(nia.locator("[data-sandbox]")).to_be_visible()
    expect(nia.locator("button:has-text('Ask for approval')")).to_be_disabled()
    nia.click("[data-step=facts] a")
    for name, text in (
        ("legal_name", "Nova Telecom Ltd"), ("registration_number", "IE 123"), ("address", "1 Quay, Dublin"),
        ("noc_email", "noc@nova.example"), ("noc_phone", "+353 1 555 0100"), ("rates_email", "r@nova.example"),
        ("billing_email", "b@nova.example"),
    ):  # fmt: skip
        nia.fill(f"[name={name}]", text)
    nia.check("input[value=PCMA]")
    nia.select_option("[name=payment_terms]", "7/7")
    nia.select_option("[name=billing_cycle]", "weekly")
    shot(nia, "facts")
    nia.click("button:has-text('Save')")
    nia.click("[data-step=papers] a")
    nia.set_input_files(
        "[name=file]", {"name": "register.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 x"}
    )
    nia.click("button:has-text('Hand in')")
    expect(nia.locator("td:has-text('register.pdf')")).to_be_visible()
    shot(nia, "papers")
    nia.goto("/onboarding/terms")
    nia.fill("[name=typed_name]", "Nia Nova")
    shot(nia, "terms")
    nia.click("button:has-text('Accept for')")
    shot(nia, "checklist")
    nia.click("button:has-text('Ask for approval')")
    expect(nia.locator("text=The operator has it since")).to_be_visible()

    sign_in(boss, "boss@exchange.example")
    set_up_app(boss)
    boss.goto("/operator/approvals")
    shot(boss, "approvals")
    boss.click("a:has-text('Look')")
    shot(boss, "approval")
    boss.fill("[name=note] >> nth=1", "Welcome to the exchange")
    boss.click("button:has-text('Approve')")
    boss.wait_for_url("**/operator/approvals")
    nia.goto("/onboarding")
    expect(nia.locator("[data-sandbox]")).to_have_count(0)


def test_a_passkey_alone_signs_up_and_signs_in(house: House) -> None:
    page = house.person()
    virtual_authenticator(page)
    sign_up(house, page, passkey=True)
    page.wait_for_url("**/welcome")
    page.click("text=Make a passkey")
    page.fill("[name=name] >> nth=0", "Laptop")
    page.check("input[name=usage][value=first]")
    page.click("button:has-text('Add a passkey')")
    expect(page.locator("td:has-text('Laptop')")).to_be_visible()
    shot(page, "passkeys")
    page.goto("/welcome")
    found(page)
    page.wait_for_url("**/onboarding")
    page.goto("/account")
    page.click("button:has-text('Sign out everywhere')")
    page.wait_for_url("**/sign-in*")
    page.click("text=Use a passkey")
    page.click("button:has-text('Use a passkey')")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.goto("/onboarding")
    expect(page.locator("[data-sandbox]")).to_be_visible()


def test_a_passkey_is_the_second_factor_after_a_password(house: House) -> None:
    page = house.person()
    virtual_authenticator(page)
    sign_in(page, "boss@exchange.example")
    page.goto("/account/passkeys")
    page.fill("[name=name] >> nth=0", "Stick")
    page.check("input[name=usage][value=secondary]")
    page.click("button:has-text('Add a passkey')")
    expect(page.locator("td:has-text('Stick')")).to_be_visible()
    page.goto("/operator/approvals")
    expect(page.locator("h1")).to_have_text("Approvals")
    page.goto("/account")
    page.click("button:has-text('Sign out everywhere')")
    page.wait_for_url("**/sign-in*")
    page.fill("[name=email]", "boss@exchange.example")
    page.fill("[name=password]", WORDS)
    page.click("button:has-text('Sign in')")
    page.wait_for_url(lambda url: "/sign-in/passkey" in url)
    page.click("button:has-text('Use a passkey')")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.goto("/operator/approvals")
    expect(page.locator("h1")).to_have_text("Approvals")
