"""The simulator in a browser: the match drawn, every refused vendor with its reason, and the same question elsewhere."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Running

pytestmark = pytest.mark.browser
MOBILE = "447911123456"
SignIn = Callable[[str], Page]


def decide(page: Page, number: str, **choices: str) -> None:
    page.goto("/simulator")
    page.fill("input[name=number]", number)
    for name, label in choices.items():
        page.select_option(f"select[name={name}]", label=label)
    page.click("button:has-text('Decide')")
    page.wait_for_url(lambda url: "number=" in url)


def chosen(page: Page) -> Locator:
    return page.locator("#chosen [data-row]")


def refused(page: Page) -> Locator:
    return page.locator("#refused [data-row]")


def test_a_refused_vendor_stays_visible_with_verdict_and_reason(sign_in: SignIn) -> None:
    page = sign_in("Borealis Talk")
    decide(page, MOBILE, trunk="Main")
    expect(chosen(page)).to_have_count(1)
    expect(chosen(page)).to_contain_text("Bravo Telecom")
    digits = chosen(page).locator(".digits span")
    assert digits.evaluate_all("all => all.map(one => one.className)") == ["shadow"] * 2 + ["hit"] + [""] * 9
    expect(refused(page)).to_have_count(2)
    blocked = refused(page).filter(has_text="Carib Voice")
    expect(blocked).to_contain_text("blocked")
    expect(blocked.locator("[data-reason]")).to_contain_text("447")
    foreign = refused(page).filter(has_text="Acme Carrier")
    expect(foreign).to_contain_text("not granted")
    expect(foreign.locator("[data-reason]")).not_to_be_empty()


def test_the_operator_sees_every_offer_of_the_exchange(sign_in: SignIn) -> None:
    page = sign_in("Tandem")
    decide(page, MOBILE, trunk="operator's view")
    expect(chosen(page)).to_have_count(2)
    expect(chosen(page).first).to_contain_text("Acme Carrier")
    expect(refused(page)).to_have_count(1)


def test_the_link_of_a_simulation_its_file_and_the_edge_say_the_same(
    running: Running, sign_in: SignIn, tmp_path: Path
) -> None:
    page = sign_in("Borealis Talk")
    trunk = running.exchange.trunks["Main"]
    page.goto(
        "/simulator?"
        + urlencode({"number": "+44 7911 123456", "ani": "+33 1 23", "trunk": trunk, "policy": ""})
    )
    with page.expect_download() as got:
        page.click("a:has-text('CSV')")
    got.value.save_as(tmp_path / "lcr.csv")
    with (tmp_path / "lcr.csv").open(newline="", encoding="utf-8") as stream:
        written = [(row["verdict"], row["vendor"], row["code"]) for row in csv.DictReader(stream)]
    answer = running.edge.lcr(f"dnis={MOBILE}&explain=1", key=running.exchange.keys["Main"]).json()
    assert written == [(row["verdict"], row["vendor"], row["code"] or "") for row in answer["explain"]]
    # The command on the page, sent as it stands (with a key) to this edge.
    command = shlex.split(page.locator("#curl").inner_text())
    told = urlsplit(command[-1])
    again = running.edge.get(f"{told.path}?{told.query}", key=running.exchange.keys["Main"]).json()
    assert again["explain"] == answer["explain"]


def test_another_policy_beside_the_first_names_what_moves(sign_in: SignIn) -> None:
    page = sign_in("Borealis Talk")
    decide(page, MOBILE, trunk="Main")
    page.click("summary:has-text('More')")
    page.select_option("select[name=vs_policy]", value="quality")
    page.click("button:has-text('Decide')")
    moved = page.locator(".card", has_text="Compared").locator("tbody tr", has_text="Bravo Telecom")
    expect(moved).to_contain_text("selected")
    expect(moved).to_contain_text("quality floor")


def test_a_mistyped_number_is_named_and_nothing_is_decided(sign_in: SignIn) -> None:
    page = sign_in("Borealis Talk")
    decide(page, "44x7911", trunk="Main")
    expect(page.locator("[role=alert]")).to_contain_text("44x7911")
    expect(chosen(page)).to_have_count(0)
