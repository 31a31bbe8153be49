"""From sign-up to the operator's queue without a mouse: Tab, Space, Enter and typing."""

from __future__ import annotations

from playwright.sync_api import Page, TimeoutError, expect

from tests.browser.test_coming_in import NIA, House, house, pytestmark
from tests.factories.accounts import WORDS, totp_now

__all__ = ["house", "pytestmark"]


def reach(page: Page, selector: str) -> None:
    """Tab until the field or button has the focus and shows it."""
    for _ in range(120):
        if page.evaluate("s => Boolean(document.activeElement?.matches(s))", selector):
            shown = page.evaluate(
                "() => { const s = getComputedStyle(document.activeElement);"
                " return s.outlineStyle !== 'none' || s.boxShadow !== 'none'; }"
            )
            assert shown, f"{selector} does not show that it has the focus"
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reaches {selector} on {page.url}")


def write(page: Page, name: str, text: str) -> None:
    reach(page, f"[name={name}]")
    page.keyboard.type(text)


def press(page: Page, selector: str) -> None:
    """Enter on a link or button that leads to another page, which is there when this returns."""
    reach(page, selector)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def choose(page: Page, name: str, first_letters: str) -> None:
    reach(page, f"select[name={name}]")
    page.keyboard.type(first_letters)


def test_a_company_comes_in_by_keyboard_alone(house: House) -> None:
    page = house.person()
    page.goto("/sign-in")
    press(page, "a[href='/sign-up']")
    page.wait_for_url("**/sign-up")
    for name, text in (
        ("name", "Nia Nova"),
        ("email", NIA),
        ("password", WORDS),
        ("password_confirm", WORDS),
    ):
        write(page, name, text)
    press(page, "form[name=register_user_form] button, main button[type=submit]")
    page.wait_for_url("**/sign-up/sent")
    page.goto(house.link(NIA))
    page.goto("/sign-in")
    write(page, "email", NIA)
    write(page, "password", WORDS)
    page.keyboard.press("Enter")
    page.wait_for_url("**/welcome")
    write(page, "name", "Nova Telecom")
    choose(page, "country", "Irel")
    reach(page, "[name=sells]")
    page.keyboard.press("Space")
    press(page, "main button[type=submit], #content button[type=submit]")
    page.wait_for_url("**/account")
    press(page, "a[href='/account/two-factor']")
    page.wait_for_url("**/two-factor")
    reach(page, "input[name=setup]")
    page.keyboard.press("Space")
    press(page, "form[name=two_factor_setup_form] [type=submit]")
    key = page.locator("[data-totp-key]").inner_text().strip()
    for _ in range(3):  # a code that ran out on the way is shown as wrong: the next one then
        reach(page, "form[name=two_factor_verify_code_form] [name=code]")
        page.keyboard.type(totp_now(key))
        with page.expect_navigation():
            page.keyboard.press("Enter")
        if page.url.endswith("/account"):
            break
    page.wait_for_url("**/account")
    page.goto("/onboarding")
    press(page, "[data-step=facts] a")
    page.wait_for_url("**/facts")
    for name, text in (
        ("legal_name", "Nova Telecom Ltd"), ("registration_number", "IE 123"), ("address", "1 Quay, Dublin"),
        ("noc_email", "noc@nova.example"), ("noc_phone", "+353 1 555 0100"), ("rates_email", "r@nova.example"),
    ):  # fmt: skip
        write(page, name, text)
    reach(page, "input[value=PCMA]")
    page.keyboard.press("Space")
    choose(page, "payment_terms", "7/7")
    choose(page, "billing_cycle", "week")
    write(page, "billing_email", "b@nova.example")
    page.keyboard.press("Enter")
    page.wait_for_url("**/onboarding")
    press(page, "[data-step=papers] a")
    chooser = None
    # A busy browser forgets within seconds that a person pressed a key: it is pressed again.
    for key in ("Enter", "Space", "Enter"):
        reach(page, "[name=file]")
        try:
            with page.expect_file_chooser(timeout=30_000) as chooser:
                page.keyboard.press(key)
            break
        except TimeoutError:
            continue
    assert chooser is not None
    chooser.value.set_files({"name": "register.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 x"})
    press(page, "form[enctype] button[type=submit]")
    expect(page.locator("td:has-text('register.pdf')")).to_be_visible()
    page.goto("/onboarding/terms")
    write(page, "typed_name", "Nia Nova")
    page.keyboard.press("Enter")
    page.wait_for_url("**/onboarding")
    press(page, "form[action='/onboarding/submit'] button")
    expect(page.locator("text=The operator has it since")).to_be_visible()
