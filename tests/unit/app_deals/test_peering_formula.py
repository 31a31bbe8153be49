"""Worked examples of peering: minutes each way, who is beyond the ratio, what that costs. Exact."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.deals.document import schedules
from app.deals.peering import Balance, Lane, Peering, Place, balance
from app.deals.terms import Rate, Schedule, Terms, Tier, Volume, as_json, read_terms
from app.deals.volume import worth_a_month
from app.errors import Invalid

NANOS = 10**9
M = 60


def peering(
    settlement: Any = "hybrid", ratio: str = "2", seller: str = "0.004", buyer: str = "0.006", **more: Any
) -> Peering:
    free = settlement == "bill_and_keep"
    return Peering(
        settlement, Lane((Place("4420", "UK London"),), "0" if free else seller), Lane((Place("49", "Germany"),), "0" if free else buyer),
        7, ratio, **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("to_seller", "to_buyer", "payer", "over_minutes", "owed"),
    [
        (0, 0, "", 0, "0"),
        (200_000, 100_000, "", 0, "0"),  # exactly at the ratio
        (300_000, 100_000, "buyer", 100_000, "400"),  # 100,000 above at the seller's 0.004
        (100_000, 300_000, "seller", 100_000, "600"),  # the other way at the buyer's 0.006
        (1, 0, "buyer", 1, "0.004"),  # nothing came back: every minute lies above
        (200_001, 100_000, "buyer", 1, "0.004"),
    ],
)
def test_a_hybrid_charges_only_the_minutes_above_the_ratio(
    to_seller: int, to_buyer: int, payer: str, over_minutes: int, owed: str
) -> None:
    found = balance(peering(), to_seller * M, to_buyer * M)
    assert found == Balance(to_seller * M, to_buyer * M, payer, over_minutes * M, int(Decimal(owed) * NANOS))


def test_bill_and_keep_owes_nothing_and_still_names_who_is_beyond_the_ratio() -> None:
    found = balance(peering("bill_and_keep"), 300_000 * M, 100_000 * M)
    assert (found.payer, found.over_seconds, found.owed_nanos) == ("buyer", 100_000 * M, 0)


def test_seconds_and_broken_ratios_are_exact_and_rounded_once() -> None:
    # 1,000 − 1.333 · 700 = 66.9 s at 0.0040 a minute: 0.00446 exactly.
    found = balance(peering(ratio="1.333"), 1_000, 700)
    assert (found.over_seconds, found.owed_nanos) == (66, 4_460_000)
    # 1 s at 0.000000001 a minute: a sixtieth of a nano is none.
    assert balance(peering(seller="0.000000001"), 1, 0).owed_nanos == 0


def test_small_months_are_not_judged() -> None:
    terms = peering(judged_from_minutes=1_000)
    assert balance(terms, 999 * M, 0).payer == ""
    assert balance(terms, 1_000 * M, 0).owed_nanos == 4 * NANOS


@given(
    st.integers(0, 10**9), st.integers(0, 10**9), st.integers(1_000, 10_000), st.sampled_from(["hybrid", "bill_and_keep"])
)  # fmt: skip
def test_one_side_at_most_owes_and_never_within_the_ratio(
    one: int, two: int, ratio_milli: int, settlement: str
) -> None:
    terms = peering(settlement, str(Decimal(ratio_milli) / 1000))
    found = balance(terms, one, two)
    back = balance(
        Peering(terms.settlement, terms.buyer, terms.seller, 7, terms.ratio), two, one
    )  # the same month told by the other side
    assert found.owed_nanos == back.owed_nanos >= 0
    assert {found.payer, back.payer} in ({""}, {"buyer", "seller"})
    if max(one, two) * 1000 <= min(one, two) * ratio_milli:
        assert (found.payer, found.owed_nanos) == ("", 0)
    else:
        assert found.payer == ("buyer" if one > two else "seller")


def test_terms_carry_it_and_the_document_says_it() -> None:
    terms = Terms("USD", volume=Volume(expected_minutes=1_000), peering=peering())
    assert read_terms(as_json(terms)) == terms
    assert worth_a_month(terms) == Decimal("6.00")
    assert [rate.code for rate in terms.rates_of("seller")] == ["4420"]
    assert [(rate.code, rate.rate) for rate in terms.rates_of("buyer")] == [("49", "0")]
    found = schedules(terms, as_json(Schedule()))[-1]
    said = {row["name"]: row["value"] for row in found["rows"]}
    assert found["title"] == "F. Peering"
    assert said["Above the ratio to the buyer"] == "0.006 USD a minute"
    assert said["The seller ends calls to"] == "4420 UK London"
    assert all(one["title"] != "F. Peering" for one in schedules(Terms("USD"), as_json(Schedule())))


@pytest.mark.parametrize(
    ("terms", "word"),
    [
        (Terms("USD", (Rate("44", "0.01"),), peering=peering()), "no rates of its own"),
        (Terms("USD", volume=Volume(tiers=(Tier(1, 1),)), peering=peering()), "no tiers"),
        (Terms("USD", peering=peering(ratio="0.9")), "between 1 and 1,000"),
        (Terms("USD", peering=peering(ratio="1.0001")), "three decimals"),
        (Terms("USD", peering=peering(seller="0", buyer="0")), "needs a rate above the ratio"),
        (Terms("USD", peering=Peering("bill_and_keep", Lane((Place("44"),), "0.1"), Lane((Place("49"),)), 7)), "nothing is paid"),
        (Terms("USD", peering=Peering("bill_and_keep", Lane(()), Lane((Place("49"),)), 7)), "brings 1 to 1,000"),
        (Terms("USD", peering=Peering("bill_and_keep", Lane((Place("4x"),)), Lane((Place("49"),)), 7)), "not a dial code"),
        (Terms("USD", peering=Peering("bill_and_keep", Lane((Place("44"), Place("44"))), Lane((Place("49"),)), 7)), "stands twice"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_reason(terms: Terms, word: str) -> None:
    with pytest.raises(Invalid, match=word):
        read_terms(as_json(terms))
