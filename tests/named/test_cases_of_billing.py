"""Cases 8, 9, 12, 14 to 17 and 20 of the domain reference on the side of billing."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest

from rates.records.faults import fault_of
from rates.records.intake import sort_out
from rates.settle.credit import Account, Answer
from rates.settle.invoice import Charge, Invoice, draw_up, place
from rates.settle.netting import exposure, net
from rates.settle.period import local_day, period_of
from rates.settle.rate import margin
from rates.settle.tiers import Tier, incremental, parts, retroactive, retroactive_step
from tests.named.calls import bill, call, deck_of, from_, missed, money, tariffs, us
from tests.named.decks import Vendor
from tests.named.test_change_labels import deck

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


def test_case_8_a_call_is_billed_at_the_price_of_its_answer_over_midnight_rate_change_and_clock_change(
    tmp_path: Path,
) -> None:
    """Agreement zone Europe/Berlin: the deck's days begin at local midnight, and 30 March 2025 has 23 hours."""
    vendor = Vendor(tmp_path, jailed=False)
    rows = [
        f"49,Germany,{price},USD,2025-03-{day},1/1,"
        for price, day in (("0.0600", 29), ("0.1200", 30), ("0.1800", 31))
    ]
    vendor.receive("2025-03-01", deck(*rows), mode="full", time_zone="Europe/Berlin", notice_days=0)
    found = tariffs(tmp_path / "index", "2025-04-15", cost=vendor.timeline())

    def amount(answered: str, ms: int) -> int:
        return bill(found, call(answered, ms, "4912345678")).amount_nanos

    assert amount("2025-03-29 22:59:59.999999", 120_000) == money(
        "0.12"
    )  # all but a microsecond in the new day
    assert amount("2025-03-29 23:00", 120_000) == money("0.24")
    # 01:59:30 to 03:01:30 on the wall is two minutes.
    assert amount("2025-03-30 00:59:30", 120_000) == money("0.24")
    assert amount("2025-03-30 21:59:59", 60_000) == money("0.12")
    assert amount("2025-03-30 22:00", 60_000) == money("0.18")
    days = {local_day(us(at), BERLIN).day for at in ("2025-03-29 23:00", "2025-03-30 21:59:59")}
    assert days == {30}


def test_case_8_a_call_set_up_before_a_rate_change_and_answered_after_it_has_the_new_price(
    tmp_path: Path,
) -> None:
    change = us("2025-06-01")
    found = tariffs(
        tmp_path,
        cost=deck_of(
            from_("2025-01-01", "44", "0.06", effective_until=change), from_("2025-06-01", "44", "0.12")
        ),
    )
    assert bill(found, call(change + 500_000, 60_000)).amount_nanos == money("0.12")  # setup lies before
    assert bill(found, call(change - 1, 60_000)).amount_nanos == money("0.06")


@pytest.mark.parametrize(("ms", "billed"), [(400, 30), (30_000, 30), (30_001, 36), (86_400_000, 86_400)])
def test_case_9_short_boundary_and_day_long_calls_as_records(tmp_path: Path, ms: int, billed: int) -> None:
    found = tariffs(tmp_path, cost=deck_of(from_("2025-01-01", "44", "0.0123", "30/6")))
    record = call("2025-05-05 10:00", ms)
    assert fault_of(record, now_us=us("2025-06-01")) is None
    assert bill(found, record).billed_seconds == billed


def test_case_9_a_call_of_more_than_a_day_is_quarantined_and_not_rated() -> None:
    assert fault_of(call("2025-05-05", 86_400_001), now_us=us("2025-06-01")) == "over_a_day"


def test_case_12_three_currencies_in_one_margin(tmp_path: Path) -> None:
    """Sold in GBP, bought in EUR, told in USD, at the day's rates of exchange."""
    found = tariffs(
        tmp_path,
        cost=deck_of(from_("2025-01-01", "44", "0.0100", currency="EUR")),
        sell=deck_of(from_("2025-01-01", "44", "0.0125", currency="GBP")),
    )
    record = call("2025-05-05 10:00", 60_000)
    cost, sell = bill(found, record, 1), bill(found, record, 2)
    fx = {"USD": money("1"), "EUR": money("1.08"), "GBP": money("1.27")}
    assert margin(sell, cost, fx, "USD") == money("0.015875") - money("0.0108")
    assert (
        margin(sell, cost, fx, "EUR") == 4_699_074
    )  # 0.015875 / 1.08 - 0.01, each amount rounded once to a nano


def test_case_14_two_calls_race_for_the_last_credit_and_one_goes() -> None:
    account = Account(limit=money("1000"), unbilled=money("999.40"))
    gate = Barrier(2)

    def try_one(_: int) -> Answer:
        gate.wait()
        return account.reserve(money("0.60"))

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(try_one, range(2)))
    assert sorted(answer.reason or "" for answer in answers) == ["", "no_credit"]
    assert account.exposure() == money("1000")


def test_case_14_of_a_thousand_racing_calls_exactly_those_that_fit_go_and_all_is_given_back() -> None:
    account = Account(limit=money("10"))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: account.reserve(money("0.03")), range(1_000)))
    granted = [a.reservation for a in answers if a.reservation is not None]
    assert len(granted) == len(set(granted)) == 333
    for number in granted:
        account.settle(number, money("0.01"))
    assert account.exposure() == money("3.33")
    with pytest.raises(KeyError):
        account.settle(granted[0], money("0.01"))


def test_m_exposure_reservation_warning_and_the_refusal_at_the_limit() -> None:
    account = Account(limit=money("1000"), unbilled=money("610"), unpaid=money("300"))
    assert account.reserve(money("70")).exposure_nanos == money(
        "980"
    )  # a payment of 20 not yet cleared counts nothing
    slice_ = money("0.30") * 2
    answer = account.reserve(slice_)
    assert (answer.reason, answer.exposure_nanos, answer.warning) == (None, money("980.60"), 90)
    assert account.reserve(money("19.40")).exposure_nanos == money("1000")
    refused = account.reserve(1)
    assert (refused.reason, refused.exposure_nanos) == ("no_credit", money("1000"))


def test_case_15_a_carrier_that_buys_and_sells_pays_the_balance_only() -> None:
    balance = net(money("31000"), money("31200"))
    assert (balance.payer, balance.amount_nanos, balance.set_off_nanos) == (
        "us",
        money("200"),
        money("31000"),
    )
    assert net(money("5"), money("5")).payer == "nobody"
    assert exposure(money("31000"), money("31200"), netted=True) == -money("200")
    assert exposure(money("31000"), money("31200"), netted=False) == money("31000")
    with pytest.raises(ValueError, match="credit notes"):
        net(-1, 0)


def charge(answered: str, amount: str, destination: str = "UK") -> Charge:
    return Charge(us(answered), destination, money("0.06"), 60_000, 60, money(amount), "USD")


def test_case_16_a_late_record_is_a_line_of_the_next_invoice_and_the_sent_one_stays() -> None:
    march = period_of(us("2025-03-10"), "month", NEW_YORK)
    first = [charge("2025-03-10 12:00", "0.06"), charge("2025-03-31 12:00", "0.064")]
    sent = draw_up(march, first, (), "month", NEW_YORK)
    kept = dataclasses.replace(sent)
    late = charge("2025-03-20 12:00", "0.05")
    april = period_of(us("2025-04-10"), "month", NEW_YORK)
    assert place(late.answer_us, [march], "month", NEW_YORK) == (april, march)
    found = draw_up(april, [late, charge("2025-04-02 12:00", "0.06")], [march], "month", NEW_YORK)
    assert [(line.prior, line.calls, line.amount_nanos) for line in found.lines] == [
        (None, 1, money("0.06")), (march, 1, money("0.05")),
    ]  # fmt: skip
    assert sent == kept
    assert draw_up(march, [late], [march], "month", NEW_YORK) == Invoice(march, ())  # nothing can join it
    may = period_of(us("2025-05-10"), "month", NEW_YORK)
    assert place(late.answer_us, [march, april], "month", NEW_YORK) == (may, march)


def test_case_16_a_line_is_the_exact_sum_of_its_calls_rounded_once() -> None:
    march = period_of(us("2025-03-10"), "month", NEW_YORK)
    calls = [charge("2025-03-10 12:00", "0.004") for _ in range(1_000)]
    (line,) = draw_up(march, calls, (), "month", NEW_YORK).lines
    assert (line.amount_nanos, line.billed_nanos, line.calls) == (money("4"), money("4"), 1_000)


TIERS = [
    Tier(100_000 * 60, money("0.010")), Tier(500_000 * 60, money("0.009")), Tier(None, money("0.008")),
]  # fmt: skip


def test_case_17_two_tiers_crossed_by_one_call() -> None:
    assert incremental(0, 620_000 * 60, TIERS) == money("5560")
    assert retroactive(620_000 * 60, TIERS) == money("4960")
    before, seconds = 99_999 * 60, 180  # one minute of the call in the first step, two in the second
    assert [(tier.rate_nanos, part) for tier, part in parts(before, seconds, TIERS)] == [
        (money("0.010"), 60), (money("0.009"), 120),
    ]  # fmt: skip
    assert incremental(before, seconds, TIERS) == money("0.028")


def test_case_17_a_call_that_reaches_a_retroactive_step_posts_a_difference() -> None:
    before, seconds = 99_999 * 60, 180
    step = retroactive_step(before, seconds, TIERS)
    assert step == money("0.009") * 100_002 - money("0.010") * 99_999  # all minutes at 0.009 now: a credit
    assert step < 0
    assert retroactive_step(0, before, TIERS) + step == retroactive(before + seconds, TIERS)


def test_case_17_one_call_may_cross_all_the_steps_there_are() -> None:
    assert [part for _, part in parts(0, 500_000 * 60 + 1, TIERS)] == [6_000_000, 24_000_000, 1]
    with pytest.raises(ValueError, match="without end"):
        parts(0, 61, [Tier(60, 1)])


def test_case_20_the_same_file_twice_then_half_of_it_with_one_amount_changed() -> None:
    file = [
        call(f"2025-05-05 10:00:{n:02}", 60_000, amount_nanos=money("0.06"), currency="USD")
        for n in range(10)
    ]
    first = sort_out(file, {})
    assert (len(first.new), first.same, first.other) == (10, 0, [])
    known = {record.identity(): record.content() for record in first.new}
    again = sort_out(file, known)
    assert (again.new, again.same, again.other) == ([], 10, [])
    changed = dataclasses.replace(file[3], amount_nanos=money("0.07"))
    half = [*file[:3], changed, file[4]]
    corrected = sort_out(half, known)
    assert (corrected.new, corrected.same, corrected.other) == ([], 4, [changed])
    assert known[changed.identity()] == file[3].content()  # what was stored stands until a person decides


def test_case_20_a_record_twice_in_one_file_is_counted_once() -> None:
    one = missed("2025-05-05 10:00", 503)
    fork = dataclasses.replace(one, attempt=2)  # the same call id: another attempt is another record
    found = sort_out([one, one, fork], {})
    assert (found.new, found.same) == ([one, fork], 1)
