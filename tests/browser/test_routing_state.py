"""The routing state in a browser: a destination stopped by a person is refused by the edge, and lifted again."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Page, expect

import app.routing.state_jobs  # noqa: F401  (the worker loads it by name)
from tests.browser.conftest import Running

pytestmark = pytest.mark.browser
SignIn = Callable[[str], Page]


def test_a_stop_reaches_the_edge_and_is_lifted(running: Running, sign_in: SignIn) -> None:
    exchange = running.exchange.app
    settings = exchange.config["TANDEM"]
    exchange.config["TANDEM"] = msgspec.structs.replace(
        settings, edge=msgspec.structs.replace(settings.edge, port=running.edge.port)
    )
    page = sign_in("Tandem")
    page.goto("/operator/routing-state")
    expect(page.locator("body")).to_contain_text("as the list above says")
    page.select_option("select[name=kind]", label="Destination blocked")
    page.select_option("select[name=target]", label="product: Bravo Telecom: Standard")
    page.fill("input[name=code]", "447")
    page.fill("input[name=reason]", "False answers on mobiles")
    page.click("button:has-text('Stop')")
    expect(page.locator("body")).to_contain_text("on its way")
    running.work("state.push")
    page.reload()
    expect(page.locator("body")).to_contain_text("as the list above says")
    expect(page.locator("tbody", has_text="blocked").last).to_contain_text("Bravo Telecom: Standard")
    if folder := os.environ.get("TANDEM_TEST_SHOTS"):
        page.screenshot(path=Path(folder) / "state.png", full_page=True)
        page.set_viewport_size({"width": 390, "height": 844})
        page.screenshot(path=Path(folder) / "state-390.png", full_page=True)
        page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/simulator?number=447911123456")
    expect(page.locator("body")).to_contain_text("destination blocked")
    page.goto("/operator/routing-state")
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("button:has-text('Lift')")
    expect(page.locator("body")).to_contain_text("Nothing is stopped")
    running.work("state.push")
    page.reload()
    expect(page.locator("body")).to_contain_text("as the list above says")
