"""A trade from the first page to the answer of the edge, and to its end: two companies, two browsers, the real processes."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest

from app.clock import utc_now
from tests.browser.desk import ready
from tests.browser.trade import (
    approve_all,
    come_in,
    connect_a_switch,
    local,
    offer_a_product,
    set_up_app,
    sign,
    sign_in,
    trading_floor,
)

pytestmark = [pytest.mark.browser, pytest.mark.alone, pytest.mark.slow, pytest.mark.timeout(1200), *ready]

LONDON = "442079460000"
DECK = """Destination,Code,Rate,Increments
United Kingdom,44,0.0040,1/1
United Kingdom London,4420,0.0031,1/1
United Kingdom Mobile,447,0.0180,1/1
"""
SOON, LATE = (
    int(os.environ.get("TRADE_SOON_S", "75")),
    2.0,
)  # seconds ahead for two people to sign; late by so much is in time


def test_from_sign_up_to_signature_and_every_change_is_seen_in_the_edges_answers(tmp_path: Path) -> None:
    deck = tmp_path / "deck.csv"
    deck.write_text(DECK)
    with trading_floor(tmp_path) as floor:
        sean, bea = floor.person("sean@acme.example"), floor.person("bea@borealis.example")
        boss = floor.person("boss@exchange.example")
        come_in(floor, sean, "Sean Seller", "Acme Carrier", "sells")
        come_in(floor, bea, "Bea Buyer", "Borealis Talk", "buys")
        sign_in(boss)
        set_up_app(boss)
        approve_all(boss, 2)
        offer_a_product(sean, deck)
        key = connect_a_switch(bea)

        # The buyer asks, the seller quotes, the buyer counters, the seller accepts.
        bea.page.goto("/rfqs/new")
        bea.fill(
            destinations="4420 UK London",
            minutes_month="500000",
            deadline=local(utc_now() + timedelta(days=7)),
        )
        bea.shot("rfq-new")
        bea.press("Ask the market")
        bea.page.wait_for_url(re.compile(r"/rfqs/\d+$"))
        request = bea.page.url
        sean.page.goto("/rfqs")
        sean.shot("rfqs")
        sean.page.click("a:has-text('Request 1')")
        sean.press("Quote")
        sean.fill(rates="4420 0.0029 1/1 UK London", termination_days="0")
        sean.shot("quote")
        sean.page.click("main form button[type=submit]")
        sean.page.wait_for_url(re.compile(r"/deals/\d+$"))
        deal = sean.page.url
        bea.page.goto(request)
        bea.shot("rfq")
        bea.page.goto(deal)
        bea.press("Counter-offer")
        begins = (utc_now() + timedelta(seconds=SOON)).replace(microsecond=0)
        bea.fill(rates="4420 0.0025 1/1 UK London", starts=local(begins))
        bea.press("Send the offer")
        bea.page.wait_for_url(deal)
        bea.shot("deal")
        sean.page.goto(deal)
        sean.press("Accept this offer")
        sean.page.wait_for_url(re.compile(r"/agreements/\d+$"))
        agreement = sean.page.url
        sean.shot("agreement-unsigned")
        sign(sean, agreement, "Sean Seller")
        sign(bea, agreement, "Bea Buyer")
        seen = [floor.changes(key, LONDON, None, ("4420", "0.0025"), begins)]
        bea.page.goto(agreement)
        bea.shot("agreement")

        # An amendment, then notice: each from its own second on, the old terms until then.
        sean.page.goto(agreement)
        sean.press("Amend")
        cheaper = (utc_now() + timedelta(seconds=SOON)).replace(microsecond=0)
        sean.fill(rates="4420 0.0022 1/1 UK London", starts=local(cheaper), note="Volume came as promised")
        sean.press("Propose the new version")
        sign(sean, agreement, "Sean Seller")
        sign(bea, agreement, "Bea Buyer")
        seen.append(floor.changes(key, LONDON, ("4420", "0.0025"), ("4420", "0.0022"), cheaper))
        bea.page.goto(agreement)
        end = (utc_now() + timedelta(seconds=20)).replace(microsecond=0)
        bea.fill(at=local(end), reason="Moving on")
        bea.page.on("dialog", lambda dialog: dialog.accept())
        bea.press("Give notice")
        bea.page.locator(".alert:has-text('Notice given')").wait_for()
        seen.append(floor.changes(key, LONDON, ("4420", "0.0022"), None, end))
        bea.page.reload()
        bea.shot("agreement-ended")
        print("seconds after each instant of the last old answer:", seen)
        assert max(seen) <= LATE, seen
        assert [who.faults for who in (sean, bea, boss)] == [[], [], []]
