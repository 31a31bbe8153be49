"""A month of an agreement in money and quality: the field's own examples of tiers and commitments, promises by destination."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from app.billing.calls import Counts, Spans, Usage
from app.billing.statement import Statement, read_statement, statement
from app.deals.terms import Quality, Rate, Schedule, Terms, Tier, Volume

NANO = 10**9
MONTH = date(2026, 11, 1)


def used(minutes: int, rate_nanos: int, *, code: str = "44", name: str = "United Kingdom") -> Usage:
    return Usage(code, name, rate_nanos, 10, 9, minutes * 60, minutes * rate_nanos)


def month(
    terms: Terms,
    *lines: Usage,
    number: int = 3,
    share: Fraction = Fraction(1),
    closed: bool = True,
    measured: dict[str, Counts] | None = None,
    up: Spans = Spans(),
) -> Statement:
    """Calls of one rate only: what lies beyond a boundary is a plain share of them."""
    seconds, amount = sum(line.billed_seconds for line in lines), sum(line.amount_nanos for line in lines)
    above = {
        tier.from_minutes * 60: Fraction(amount * max(0, seconds - tier.from_minutes * 60), seconds or 1)
        for tier in terms.volume.tiers
    }
    return statement(
        terms, month=MONTH, number=number, share=share, closed=closed, usage=lines, above=above, measured=measured or {},
        up=up,
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "owed"), [("incremental", 5_560), ("retroactive", 4_960)])
def test_620_000_minutes_with_two_tiers_cost_what_the_field_expects(kind: str, owed: int) -> None:
    tiers = (Tier(100_000, 1_000), Tier(500_000, 2_000))
    terms = Terms("USD", (Rate("44", "0.010"),), Volume(tiers=tiers, tier_kind=kind))  # type: ignore[arg-type]
    found = month(terms, used(620_000, 10_000_000))
    assert (found.charges_nanos, found.total_nanos, found.tier_bp) == (6_200 * NANO, owed * NANO, 2_000)


def test_a_tier_that_was_not_reached_takes_nothing_off() -> None:
    terms = Terms("USD", (Rate("44", "0.010"),), Volume(tiers=(Tier(100_000, 1_000),)))
    found = month(terms, used(99_999, 10_000_000))
    assert (found.discount_nanos, found.tier_bp) == (0, 0)


def test_minutes_missing_of_a_commitment_are_owed_at_the_agreed_share() -> None:
    terms = Terms("USD", (Rate("44", "0.020"),), Volume(commitment_minutes=1_000_000, ramp_pct=(10, 50)))
    found = month(terms, used(850_000, 20_000_000))
    assert (found.missing_minutes, found.shortfall_nanos) == (150_000, 3_000 * NANO)
    assert found.total_nanos == 20_000 * NANO
    assert month(terms, used(100_000, 20_000_000), number=1).missing_minutes == 0
    assert month(terms, used(100_000, 20_000_000), number=2).committed_minutes == 500_000
    half = month(terms, used(500_000, 20_000_000), share=Fraction(1, 2))
    assert (half.committed_minutes, half.missing_minutes) == (500_000, 0)


def test_a_month_under_way_owes_no_shortfall_yet_and_says_what_is_missing() -> None:
    terms = Terms("USD", (Rate("44", "0.020"),), Volume(commitment_minutes=1_000))
    found = month(terms, used(400, 20_000_000), closed=False)
    assert (found.missing_minutes, found.shortfall_nanos, found.total_nanos) == (600, 0, 8 * NANO)


SLA = Schedule(sla=Quality(asr_bp=4000, pdd_ms=3000, acd_s=60), sla_credit_pct=10, sla_min_calls=100)
GOOD = Counts(200, 100, 180, 100 * 90_000, 200 * 2_000, 200)
SLOW = Counts(200, 100, 180, 100 * 90_000, 200 * 3_001, 200)


def test_a_missed_promise_is_credited_on_the_charges_of_its_destination_alone() -> None:
    terms = Terms("USD", (Rate("44", "0.010"),), schedule=SLA)
    lines = used(1_000, 10_000_000), used(500, 20_000_000, code="33", name="France")
    found = month(terms, *lines, measured={"44": GOOD, "33": SLOW})
    assert found.verdict == "missed"
    assert [(p.destination, p.figure) for p in found.promises if p.verdict == "missed"] == [
        ("France", "pdd_ms")
    ]
    assert (found.credit_nanos, found.total_nanos) == (1 * NANO, 19 * NANO)


def test_too_few_calls_are_no_verdict() -> None:
    few = Counts(99, 1, 1, 1_000, 99 * 9_000, 99)
    found = month(Terms("USD", schedule=SLA), used(10, 10_000_000), measured={"44": few})
    assert found.verdict == "too_few"
    assert found.credit_nanos == 0


def test_codes_of_one_destination_are_judged_together() -> None:
    lines = used(1, 10_000_000), used(1, 10_000_000, code="4420")
    half = Counts(60, 60, 60, 60 * 90_000, 60 * 2_000, 60)
    found = month(Terms("USD", schedule=SLA), *lines, measured={"44": half, "4420": half})
    assert {p.calls for p in found.promises} == {120}
    assert found.verdict == "kept"


VOICE = Schedule(sla=Quality(mos_milli=3600, uptime_bp=9990), sla_credit_pct=10)


def test_voice_is_judged_where_test_calls_listened_and_said_to_be_unmeasured_elsewhere() -> None:
    terms = Terms("USD", (Rate("44", "0.010"),), schedule=VOICE)
    lines = used(1_000, 10_000_000), used(500, 20_000_000, code="33", name="France")
    heard = {"44": Counts(50), "33": Counts(50, mos_milli_sum=12 * 3_599, mos_samples=12)}
    found = month(terms, *lines, measured=heard)
    told = [(p.destination, p.figure, p.found, p.verdict) for p in found.promises]
    assert told[0] == ("France", "mos_milli", "3.599", "missed")
    assert found.credit_nanos == NANO
    few = {"33": Counts(mos_milli_sum=9 * 1_000, mos_samples=9)}
    assert month(terms, *lines, measured=few).promises[0].verdict == "too_few"
    nothing = month(terms, *lines, measured={"44": Counts(50)})
    assert [(p.figure, p.verdict) for p in nothing.promises] == [
        ("mos_milli", "not_measured"), ("uptime_bp", "not_measured")
    ]  # fmt: skip
    assert nothing.verdict == "too_few"


def test_uptime_of_99_9_percent_allows_43_minutes_in_30_days() -> None:
    terms = Terms("USD", (Rate("44", "0.010"),), schedule=VOICE)
    whole = 30 * 24 * 12
    kept = month(terms, used(1_000, 10_000_000), up=Spans(whole, 500, 8))  # 40 minutes
    missed = month(terms, used(1_000, 10_000_000), up=Spans(whole, 500, 9))
    assert [(p.found, p.verdict) for p in (kept.promises[-1], missed.promises[-1])] == [
        ("99.9 %", "kept"), ("99.89 %", "missed")
    ]  # fmt: skip
    assert (kept.credit_nanos, missed.credit_nanos) == (0, NANO)
    assert month(terms, up=Spans(whole, 19, 19)).promises[-1].verdict == "too_few"


def test_a_kept_statement_reads_back_as_it_was() -> None:
    terms = Terms("USD", (Rate("44", "0.010"),), Volume(commitment_minutes=5), schedule=SLA)
    found = month(terms, used(3, 10_000_000), measured={"44": GOOD})
    assert read_statement(found.document()) == found
