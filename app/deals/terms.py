"""What is agreed, typed: rates and volume of the deal, schedules of the agreement. Rating, notices and SLA checks read this.

Money and rates are exact decimal strings in the deal's currency, minutes whole numbers a calendar month (UTC), shares in
hundredths of a percent where the name ends in `_bp`, else units stand in the name.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Literal
from zoneinfo import available_timezones

import msgspec

from app.deals import peering as peers
from app.deals.peering import Peering
from app.errors import Invalid

CODES_MAX = 5_000
RATE_MAX = Decimal(1_000_000)


class Rate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One negotiated price. It replaces the deck's for `code`; with `below` also for every longer code of the deck that is
    open. Without `below` a longer code of the deck keeps its own price (longest match)."""

    code: str
    rate: str
    destination: str = ""
    initial_increment: int = 1
    next_increment: int = 1
    connect_fee: str = "0"
    below: bool = True


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From this many minutes of a month on the rates are lower by `off_bp` hundredths of a percent."""

    from_minutes: int
    off_bp: int


class Volume(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Minutes a month. `ramp_pct`: percent of the commitment owed in the first months, one entry a month."""

    expected_minutes: int = 0
    commitment_minutes: int = 0
    shortfall_pct: int = 100
    tiers: tuple[Tier, ...] = ()
    tier_kind: Literal["incremental", "retroactive"] = "incremental"
    cap_minutes: int | None = None
    channels: int | None = None
    calls_per_second: int | None = None
    ramp_pct: tuple[int, ...] = ()


class Quality(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Floors (`pdd_ms` a ceiling); null = not promised."""

    asr_bp: int | None = None
    ner_bp: int | None = None
    acd_s: int | None = None
    pdd_ms: int | None = None
    mos_milli: int | None = None
    uptime_bp: int | None = None


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`days` 7–14 from the start; measured by the exchange over the calls of the trial, judged from `min_calls` on."""

    days: int
    accept: Quality
    min_calls: int = 100


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the template fixes and the deal may change; every change is highlighted."""

    sla: Quality = Quality(asr_bp=4000, ner_bp=9000, acd_s=120, pdd_ms=5000, mos_milli=3600, uptime_bp=9990)
    sla_credit_pct: int = 10
    sla_min_calls: int = 100
    notice_days: int = 7
    second_rounding: Literal["up", "nearest", "down"] = "up"
    amount_places: int = 6
    amount_rounding: Literal["half_up", "up", "down", "half_even"] = "half_up"
    billing_cycle: Literal["week", "ten_days", "half_month", "month"] = "month"
    time_zone: str = "UTC"
    payment_days: int = 15
    dispute_days: int = 30
    dispute_threshold_bp: int = 150
    termination_days: int = 30
    fraud_clause: bool = True
    termination_triggers: tuple[str, ...] = ("unpaid_30_days", "fraud", "sla_missed_3_months", "insolvency")
    codecs: tuple[str, ...] = ("G.711A", "G.711U", "G.729")
    transport: Literal["udp", "tcp", "tls"] = "udp"


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The offer on the table, and of a signed version the contract. No `rates`: the deck's apply."""

    currency: str
    rates: tuple[Rate, ...] = ()
    volume: Volume = Volume()
    starts: datetime | None = None  # null: with the second signature
    term_months: int = 0  # 0: until notice
    trial: Trial | None = None
    schedule: Schedule = Schedule()
    peering: Peering | None = None  # in place of rates: both sides end each other's calls

    def rates_of(self, side: str = "seller") -> tuple[Rate, ...]:
        """Prices laid over the deck of this side's product; of a peering each code it brings, at nothing."""
        if self.peering is not None:
            return tuple(Rate(p.code, "0", p.destination) for p in self.peering.lane(side).brings)
        return self.rates if side == "seller" else ()


def read_terms(document: dict[str, Any]) -> Terms:
    """Typed and checked. Raises Invalid that names the word."""
    try:
        terms = msgspec.convert(document, Terms, strict=True)
    except msgspec.ValidationError as fault:
        raise Invalid(f"These terms cannot be read: {fault}.", hint="See Terms in docs/deals.md.") from None
    _check(terms)
    return terms


def as_json(terms: Terms | Schedule | Quality) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(terms)
    return plain


def decimal_of(text: str, what: str) -> Decimal:
    """A plain non-negative decimal with at most nine places. Raises Invalid."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if (
        not text.replace(".", "", 1).isdigit()
        or not 0 <= value <= RATE_MAX
        or -int(value.as_tuple().exponent) > 9
    ):
        raise Invalid(
            f"{what}: {text[:40]!r} is not a rate.", hint="Write 0.0125, with at most nine decimals."
        )
    return value


def nanos_of(text: str) -> int:
    return int(Decimal(text).scaleb(9))


def _check(terms: Terms) -> None:
    seen: set[str] = set()
    if len(terms.rates) > CODES_MAX:
        raise Invalid(f"At most {CODES_MAX:,} negotiated rates.", hint="Agree on fewer, shorter codes.")
    for line in terms.rates:
        _check_code(line.code)
        if line.code in seen:
            raise Invalid(f"Code {line.code} has two rates.", hint="Leave one of them out.")
        seen.add(line.code)
        decimal_of(line.rate, f"Code {line.code}")
        decimal_of(line.connect_fee, f"Connect fee of code {line.code}")
        _within("increment", min(line.initial_increment, line.next_increment), 1, 86_400)
        _within("increment", max(line.initial_increment, line.next_increment), 1, 86_400)
    if not (terms.currency.isascii() and terms.currency.isupper() and len(terms.currency) == 3):
        raise Invalid(f"{terms.currency[:10]!r} is not a currency.", hint="Three letters: USD, EUR.")
    if terms.starts is not None and terms.starts.tzinfo is None:
        raise Invalid("The start has no time zone.", hint="Write 2026-12-01T00:00:00Z.")
    _within("term in months", terms.term_months, 0, 120)
    _check_volume(terms.volume)
    if terms.trial is not None:
        _within("trial in days", terms.trial.days, 7, 14)
        _within("least calls of the trial", terms.trial.min_calls, 1, 10**9)
        _check_quality(terms.trial.accept)
    _check_schedule(terms.schedule)
    if terms.peering is not None:
        _check_peering(terms, terms.peering)


def _check_code(code: str) -> None:
    if not (code.isascii() and code.isdigit() and len(code) <= 15):
        raise Invalid(f"{code[:40]!r} is not a dial code.", hint="1 to 15 digits, country code first.")


def _check_peering(terms: Terms, peering: Peering) -> None:
    if terms.rates or terms.volume.tiers or terms.volume.commitment_minutes:
        raise Invalid("A peering has no rates of its own, no tiers and no commitment.")
    for lane in (peering.seller, peering.buyer):
        codes = [place.code for place in lane.brings]
        if not 1 <= len(codes) <= peers.CODES_MAX:
            raise Invalid(f"Each side brings 1 to {peers.CODES_MAX:,} codes.", hint="One code a line.")
        for place in lane.brings:
            _check_code(place.code)
            if len(place.destination) > 120:
                raise Invalid(f"The name of code {place.code} is longer than 120 characters.")
        if len(set(codes)) < len(codes):
            raise Invalid("A code stands twice.", hint="Leave one of them out.")
        rate = decimal_of(lane.rate, "Rate above the ratio")
        if peering.settlement == "bill_and_keep" and rate:
            raise Invalid(
                "Under bill and keep nothing is paid.", hint="Leave the rate empty, or choose hybrid."
            )
    if peering.settlement == "hybrid" and not any(
        Decimal(lane.rate) for lane in (peering.seller, peering.buyer)
    ):
        raise Invalid("A hybrid needs a rate above the ratio.", hint="Name one, or choose bill and keep.")
    ratio = decimal_of(peering.ratio, "Ratio")
    if not 1 <= ratio <= peers.RATIO_MAX or -int(ratio.as_tuple().exponent) > 3:
        raise Invalid(
            "The ratio lies between 1 and 1,000, with at most three decimals.", hint="Write 2 or 1.5."
        )
    _within("minutes the ratio is judged from", peering.judged_from_minutes, 0, 10**12)
    _within("product of the peer", peering.product_id, 1, 2**31 - 1)


def _check_volume(volume: Volume) -> None:
    for name in ("expected_minutes", "commitment_minutes"):
        _within(name.replace("_", " "), getattr(volume, name), 0, 10**12)
    _within("shortfall percent", volume.shortfall_pct, 0, 100)
    for name in ("cap_minutes", "channels", "calls_per_second"):
        value: int | None = getattr(volume, name)
        if value is not None:
            _within(name.replace("_", " "), value, 1, 10**12 if name == "cap_minutes" else 1_000_000)
    if volume.cap_minutes is not None and volume.cap_minutes < volume.commitment_minutes:
        raise Invalid("The cap is below the commitment.", hint="Raise the cap or commit to less.")
    before = Tier(-1, -1)
    for tier in volume.tiers:
        _within("tier discount in 0.01 %", tier.off_bp, 0, 10_000)
        if tier.from_minutes <= before.from_minutes or tier.off_bp < before.off_bp:
            raise Invalid("Tiers must rise in minutes and not fall in discount.")
        before = tier
    if len(volume.tiers) > 20 or len(volume.ramp_pct) > 24:
        raise Invalid("At most 20 tiers and 24 months of ramp.")
    for percent in volume.ramp_pct:
        _within("ramp percent", percent, 0, 100)


def _check_quality(quality: Quality) -> None:
    for name, most in (("asr_bp", 10_000), ("ner_bp", 10_000), ("uptime_bp", 10_000), ("acd_s", 86_400),
                       ("pdd_ms", 60_000), ("mos_milli", 5_000)):  # fmt: skip
        value: int | None = getattr(quality, name)
        if value is not None:
            _within(name, value, 0, most)


def _check_schedule(schedule: Schedule) -> None:
    _check_quality(schedule.sla)
    bounds = {
        "notice_days": 90, "payment_days": 180, "dispute_days": 180, "dispute_threshold_bp": 10_000,
        "termination_days": 365, "sla_credit_pct": 100, "sla_min_calls": 10**9, "amount_places": 9,
    }  # fmt: skip
    for name, most in bounds.items():
        _within(name.replace("_", " "), getattr(schedule, name), 0, most)
    if schedule.time_zone not in _zones():
        raise Invalid(f"There is no time zone {schedule.time_zone[:40]!r}.", hint="Write Europe/Berlin.")
    if max(map(len, (*schedule.termination_triggers, *schedule.codecs, "")), default=0) > 80:
        raise Invalid("A codec or trigger has at most 80 characters.")


def _within(what: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise Invalid(f"The {what} must lie between {least} and {most:,}, not {value}.")


def read_quality(document: dict[str, Any]) -> Quality:
    """Floors, typed and checked. Raises Invalid."""
    try:
        quality = msgspec.convert(document, Quality, strict=True)
    except msgspec.ValidationError as fault:
        raise Invalid(
            f"These floors cannot be read: {fault}.", hint="See Quality in docs/deals.md."
        ) from None
    _check_quality(quality)
    return quality


@cache
def _zones() -> set[str]:
    """Read once: it looks through the folders of the system's time zones."""
    return available_timezones()
