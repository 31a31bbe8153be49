"""Worked examples H, K, L, N and O, and cases 13 and 19, on records."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from rates.records.figures import Figures, figures_of, share_ppm
from rates.settle.fees import short_call_fee
from rates.settle.fraud import HOUR_US, MoneyCap
from rates.settle.period import period_of, span
from rates.settle.reconcile import CLASSES, HALF_HOUR_US, Entry, Reconciled, reconcile
from tests.named.calls import missed, money, us

HOUR = 2 * HALF_HOUR_US
SECOND = 1_000_000
B = "442079460000"


def test_h_each_attempt_of_the_hunted_call_counts_for_its_vendor() -> None:
    congested = figures_of(missed("2025-05-05 10:00", 503))
    unanswered = figures_of(missed("2025-05-05 10:00:00.4", 480, ringing_ms=2_100, q850=19))
    assert congested == Figures(attempts=1)
    assert unanswered == Figures(attempts=1, effective=1, pdd_ms_sum=2_100, pdd_samples=1)


def test_case_19_an_empty_quality_window_has_no_figures_neither_0_nor_100() -> None:
    none = Figures()
    assert share_ppm(none.answered, none.attempts) is None
    assert share_ppm(0, 3) == 0
    assert none.plus(Figures(attempts=1)).attempts == 1


def test_k_the_short_call_fee_for_all_and_for_the_excess() -> None:
    def fee(kind: str, completed: int = 10_000, short: int = 1_400) -> int:
        return short_call_fee(
            completed,
            short,
            share_ppm=100_000,
            fee_nanos=money("0.01"),
            kind="all" if kind == "all" else "excess",
        )

    assert fee("all") == money("14")
    assert fee("excess") == money("4")
    assert fee("all", short=1_000) == 0  # exactly the share is not more than it
    assert fee("all", completed=99, short=99) == 0  # too few calls to judge


def entry(name: str, second: int, seconds: int, called: str = B, amount: str | None = None) -> Entry:
    return Entry(
        name, called, us("2025-05-05 10:00") + second * SECOND, seconds, money(amount or f"{seconds}")
    )


def theirs(name: str, second: int, seconds: int, called: str = B, amount: str | None = None) -> Entry:
    """Their clock is an hour ahead."""
    one = entry(name, second, seconds, called, amount)
    return Entry(one.id, one.called, one.start_us + HOUR, one.seconds, one.amount_nanos)


def classes(found: Reconciled) -> dict[str, list[tuple[str, str]]]:
    return {
        name: [(o.id if o else "", t.id if t else "") for o, t in found.classes[name].pairs]
        for name in CLASSES
        if found.classes[name].pairs
    }


def test_l_reconciliation_of_five_and_five() -> None:
    ours = [
        entry("a", 0, 60),
        entry("b", 100, 61),
        entry("c", 200, 30),
        entry("d", 300, 12),
        entry("e", 303, 7),
    ]
    other = [
        theirs("a", 0, 60),
        theirs("b", 100, 62),
        theirs("c", 200, 34),
        theirs("d", 300, 12),
        theirs("d'", 300, 12),
    ]
    found = reconcile(ours, other)
    assert found.offset_us == HOUR
    assert classes(found) == {
        "exact": [("a", "a"), ("d", "d")], "tolerated": [("b", "b")], "duration_mismatch": [("c", "c")],
        "only_ours": [("e", "")], "duplicate_theirs": [("", "d'")],
    }  # fmt: skip
    gaps = {name: one.gap_nanos for name, one in found.classes.items() if one.pairs}
    assert gaps == {
        "exact": 0, "tolerated": money("1"), "duration_mismatch": money("4"), "only_ours": -money("7"),
        "duplicate_theirs": money("12"),
    }  # fmt: skip
    assert sum(gaps.values()) == found.gap_nanos == money("10")


def test_case_13_exact_two_seconds_an_hour_off_and_twice() -> None:
    ours = [entry("a", 0, 60), entry("b", 600, 60), entry("c", 1_200, 60)]
    other = [theirs("a", 0, 60), theirs("b", 602, 62), theirs("c", 1_200, 60), theirs("c'", 1_200, 60)]
    found = reconcile(ours, other)
    assert found.offset_us == HOUR
    assert classes(found) == {
        "exact": [("a", "a"), ("c", "c")], "tolerated": [("b", "b")], "duplicate_theirs": [("", "c'")],
    }  # fmt: skip


def test_case_13_same_seconds_and_other_money_is_a_rate_mismatch() -> None:
    found = reconcile([entry("a", 0, 60, amount="0.6")], [theirs("a", 3, 60, amount="0.9")])
    assert classes(found) == {"rate_mismatch": [("a", "a")]}
    assert found.gap_nanos == money("0.3")


def test_case_13_no_record_is_used_twice_and_the_difference_is_explained_whole() -> None:
    ours = [entry(f"o{n}", n * 3, 60 + n % 7, amount=f"0.{n + 1:03}") for n in range(40)]
    other = [theirs(f"t{n}", n * 3 + n % 4, 60 + n % 5, amount=f"0.{n + 2:03}") for n in range(43)]
    found = reconcile(ours, other)
    used = [
        name for one in found.classes.values() for pair in one.pairs for name in (e.id for e in pair if e)
    ]
    assert sorted(used) == sorted(e.id for e in [*ours, *other])
    assert sum(one.gap_nanos for one in found.classes.values()) == found.gap_nanos


def test_case_13_a_half_hour_zone_and_a_slow_clock_are_both_found() -> None:
    ours = [entry(f"o{n}", n * 97, 60 + n, called=f"49301234{n:02}") for n in range(9)]
    moved = [
        Entry(
            f"t{n}", one.called, one.start_us - 11 * HALF_HOUR_US + 7 * SECOND, one.seconds, one.amount_nanos
        )
        for n, one in enumerate(ours)
    ]
    found = reconcile(ours, moved)
    assert found.offset_us == -11 * HALF_HOUR_US + 7 * SECOND
    assert len(found.classes["exact"].pairs) == 9


def test_case_13_nothing_against_nothing_is_no_difference() -> None:
    found = reconcile([], [])
    assert (found.offset_us, found.gap_nanos, classes(found)) == (0, 0, {})


def test_n_a_call_belongs_to_the_period_of_its_answer_in_the_agreements_zone() -> None:
    zone = ZoneInfo("America/New_York")
    march = period_of(us("2025-04-01 03:59:59"), "month", zone)
    april = period_of(us("2025-04-01 04:00:00"), "month", zone)
    assert (march.first.month, april.first.month) == (3, 4)
    assert march.end_us == april.start_us == us("2025-04-01 04:00:00")
    assert not march.holds(march.end_us)
    day = span(march.first.replace(day=9), march.first.replace(day=10), zone)
    assert day.hours == 23
    assert span(march.first.replace(month=11, day=2), march.first.replace(month=11, day=3), zone).hours == 25


def test_n_periods_of_each_cycle_follow_each_other_without_gap() -> None:
    zone = ZoneInfo("America/New_York")
    for cycle in ("week", "ten_days", "half_month", "month"):
        at, end = us("2025-01-15"), us("2026-02-01")
        while at < end:
            found = period_of(at, cycle, zone)  # type: ignore[arg-type]
            assert found.holds(at)
            assert period_of(found.end_us - 1, cycle, zone) == found  # type: ignore[arg-type]
            assert found.end_us > at
            at = found.end_us


CALL_US, RATE = 25 * 60 * SECOND, "3.10"


def test_o_the_cap_is_passed_by_the_first_call_and_the_next_set_up_is_refused() -> None:
    cap, start = MoneyCap(money("50")), us("2025-05-05 22:00")
    cap.begin("c1", start, money(RATE))
    assert cap.allows(start + 16 * 60 * SECOND)
    assert not cap.allows(start + 17 * 60 * SECOND)
    cap.record("c1", start + CALL_US, money(RATE) * 25)
    assert not cap.allows(start + CALL_US)
    assert cap.allows(start + CALL_US + HOUR_US)  # the window has passed on


def test_o_with_records_only_the_first_record_stops_the_trunk() -> None:
    cap, start = MoneyCap(money("50")), us("2025-05-05 22:00")
    assert cap.allows(start + CALL_US - 1)
    total = 0
    for n in range(12):
        cap.record(f"c{n}", start + CALL_US, money(RATE) * 25)
        total += money(RATE) * 25
        assert not cap.allows(start + CALL_US)
    assert cap.spent(start + CALL_US) == total == money("930")
