"""Forms of requests, offers and agreements; what a person types becomes typed terms here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    DecimalField,
    FileField,
    IntegerField,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    widgets,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from app.carriers.models import ROUTE_CLASSES
from app.deals.document import percent
from app.deals.peering_form import PeeringFields
from app.deals.schedule_fields import ScheduleFields, in_units
from app.deals.terms import Quality, Rate, Terms, Tier, Trial, Volume, as_json, read_terms
from app.errors import Invalid
from app.market.basket import Floors
from app.market.profile import HINT as PROFILE_HINT

RATES_HINT = (
    "One a line: code, rate a minute, and if you wish increments and name: 4420 0.0025 1/1 UK London."
)
BIG = 10**12
PROFILE_BYTES = 2_000_000


# Field of the form → word of Quality, and how many of the word's units one unit of the field is.
FLOORS = {"asr": ("asr_bp", 100), "ner": ("ner_bp", 100), "acd_s": ("acd_s", 1), "pdd_ms": ("pdd_ms", 1),
          "mos": ("mos_milli", 1000)}  # fmt: skip


class FloorFields(FlaskForm):  # type: ignore[misc]
    asr = DecimalField("ASR at least, %", [Optional(), NumberRange(0, 100)], places=None)
    ner = DecimalField("NER at least, %", [Optional(), NumberRange(0, 100)], places=None)
    acd_s = IntegerField("ACD at least, s", [Optional(), NumberRange(0, 86_400)])
    pdd_ms = IntegerField("PDD at most, ms", [Optional(), NumberRange(0, 60_000)])
    mos = DecimalField("MOS at least", [Optional(), NumberRange(1, 5)], places=None)

    @property
    def floors(self) -> Quality:
        return Quality(**self.told)

    @property
    def told(self) -> dict[str, int | None]:
        """Words of Quality with what was sent; what was not is not among them."""
        sent = {name: words for name, words in FLOORS.items() if self[name].raw_data}
        return {
            word: None if self[name].data is None else int(self[name].data * units)
            for name, (word, units) in sent.items()
        }

    def show_floors(self, quality: Quality) -> None:
        for name, (word, units) in FLOORS.items():
            self[name].data = in_units(getattr(quality, word), units)


class RfqForm(FloorFields):
    destinations = TextAreaField(
        "Destinations", [InputRequired()], description="One dial code a line: 4420 UK London."
    )
    minutes_month = IntegerField("Minutes a month", [InputRequired(), NumberRange(1, BIG)])
    currency = StringField("Currency", [InputRequired(), Length(3, 3)], default="USD")
    target_rate = DecimalField(
        "Target rate a minute", [Optional()], places=None, description="May stay empty."
    )
    route_class = SelectField(
        "Class", choices=[("", "any"), *((c, c.replace("_", "-")) for c in ROUTE_CLASSES)]
    )
    deadline = DateTimeLocalField("Deadline (UTC)", [InputRequired()])
    anonymous = BooleanField("Stay anonymous until a deal is agreed")
    audience = SelectField(
        "For", choices=[("public", "every seller"), ("invited", "only the invited sellers")]
    )
    invited = SelectMultipleField(
        "Invited sellers",
        coerce=int,
        option_widget=widgets.CheckboxInput(),
        widget=widgets.ListWidget(prefix_label=False),
    )
    note = TextAreaField("Note", [Optional(), Length(max=2000)])

    @property
    def codes(self) -> list[tuple[str, str]]:
        found = []
        for line in _lines(self.destinations.data):
            code, _, name = line.partition(" ")
            found.append((code.lstrip("+").rstrip(",;"), name.strip(" ,;")))
        return found

    @property
    def until(self) -> datetime:
        value: datetime | None = self.deadline.data
        if value is None:
            raise Invalid("Until when may sellers answer?")
        return value.replace(tzinfo=UTC)


class OfferForm(FloorFields, ScheduleFields, PeeringFields):
    """One offer. The floors are the acceptance criteria of the trial."""

    round = IntegerField(widget=widgets.HiddenInput(), default=0)
    product = SelectField("Product", coerce=int, choices=[], validate_choice=False)
    rates = TextAreaField("Rates", [Optional(), Length(max=400_000)], description=RATES_HINT)
    below = BooleanField("Rates hold for longer codes too", default=True)
    expected_minutes = IntegerField("Expected minutes a month", [Optional(), NumberRange(0, BIG)])
    commitment_minutes = IntegerField("Committed minutes a month", [Optional(), NumberRange(0, BIG)])
    shortfall_pct = IntegerField("Of the shortfall owed, %", [Optional(), NumberRange(0, 100)], default=100)
    ramp = StringField(
        "Ramp, % of the commitment by month", [Optional()], description="25, 50, 75: full from month 4."
    )
    tiers = TextAreaField(
        "Tiers", [Optional()], description="One a line: from minutes, percent off: 100000 10."
    )
    tier_kind = SelectField(
        "Tiers count",
        choices=[("incremental", "each at its own rate"), ("retroactive", "all at the reached rate")],
        validate_choice=False,  # not asked for a peering; a word that is none is refused with the terms
    )
    cap_minutes = IntegerField("Cap, minutes a month", [Optional(), NumberRange(1, BIG)])
    channels = IntegerField("Channels at most", [Optional(), NumberRange(1, 1_000_000)])
    calls_per_second = IntegerField("Calls a second at most", [Optional(), NumberRange(1, 1_000_000)])
    starts = DateTimeLocalField("Starts (UTC)", [Optional()], format=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"],
                                description="Empty: with the second signature.")  # fmt: skip
    term_months = IntegerField(
        "Term in months", [Optional(), NumberRange(0, 120)], description="Empty: until notice."
    )
    trial_days = IntegerField(
        "Trial in days", [Optional(), NumberRange(7, 14)], description="7 to 14, judged by the exchange."
    )
    trial_calls = IntegerField("Judged from calls", [Optional(), NumberRange(1, 10**9)], default=100)
    valid_days = IntegerField("Offer valid for days", [InputRequired(), NumberRange(1, 90)], default=14)
    note = TextAreaField("Note", [Optional(), Length(max=2000)])

    def terms(self, currency: str, before: Terms | None = None, product_id: int | None = None) -> Terms:
        """What the form says; what it has no field for stays as in `before`. `product_id`: of a peering, the buyer's.
        Raises Invalid."""
        old = before or Terms(currency)
        starts: datetime | None = self.starts.data
        volume = Volume(
            expected_minutes=self.expected_minutes.data or 0, commitment_minutes=self.commitment_minutes.data or 0,
            shortfall_pct=100 if self.shortfall_pct.data is None else self.shortfall_pct.data,
            tiers=tuple(_tier(line) for line in _lines(self.tiers.data)), tier_kind=self.tier_kind.data or "incremental",
            cap_minutes=self.cap_minutes.data, channels=self.channels.data, calls_per_second=self.calls_per_second.data,
            ramp_pct=tuple(_whole(part, "ramp") for part in (self.ramp.data or "").replace(",", " ").split()),
        )  # fmt: skip
        trial = None
        if self.trial_days.data:
            accept = self.floors
            if old.trial is not None:
                accept = msgspec.structs.replace(old.trial.accept, **self.told)
            trial = Trial(self.trial_days.data, accept, self.trial_calls.data or 100)
        fees = {line.code: line.connect_fee for line in old.rates}
        rates = [_rate(line, bool(self.below.data)) for line in _lines(self.rates.data)]
        told = Terms(
            currency, tuple(msgspec.structs.replace(r, connect_fee=fees.get(r.code, "0")) for r in rates), volume,
            starts.replace(tzinfo=UTC) if starts else None, self.term_months.data or 0, trial, self.schedule(old.schedule),
            self.peering(old.peering, product_id),
        )  # fmt: skip
        return read_terms(as_json(told))

    def valid_until(self, now: datetime) -> datetime:
        days: int = self.valid_days.data or 1
        return now + timedelta(days=days)

    def show(self, terms: Terms, round_: int = 0) -> None:
        """Fill the fields with an offer."""
        v = terms.volume
        self.round.data = round_
        self.rates.data = "\n".join(
            f"{r.code} {r.rate} {r.initial_increment}/{r.next_increment} {r.destination}".strip()
            for r in terms.rates
        )
        self.below.data = all(r.below for r in terms.rates)
        for name in (
            "expected_minutes",
            "commitment_minutes",
            "shortfall_pct",
            "cap_minutes",
            "channels",
            "calls_per_second",
        ):
            getattr(self, name).data = getattr(v, name)
        self.ramp.data = ", ".join(map(str, v.ramp_pct))
        self.tiers.data = "\n".join(f"{t.from_minutes} {percent(t.off_bp)}" for t in v.tiers)
        self.tier_kind.data, self.starts.data, self.term_months.data = (
            v.tier_kind,
            terms.starts,
            terms.term_months,
        )
        self.show_schedule(terms.schedule)
        self.show_peering(terms.peering)
        if terms.trial is not None:
            self.trial_days.data, self.trial_calls.data = terms.trial.days, terms.trial.min_calls
            self.show_floors(terms.trial.accept)


class SignForm(FlaskForm):  # type: ignore[misc]
    sha256 = StringField(widget=widgets.HiddenInput())
    typed_name = StringField("Your full name", [InputRequired(), Length(3, 120)])
    secret = PasswordField("Code of your authenticator, or your password", [InputRequired()])


class RuleForm(FlaskForm):  # type: ignore[misc]
    second_person_above = DecimalField(
        "Two persons above, a month",
        [Optional(), NumberRange(min=0)],
        places=None,
        description="Empty: one person is enough.",
    )


def _lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def _rate(line: str, below: bool) -> Rate:
    parts = line.replace("\t", " ").split(maxsplit=2)
    if len(parts) < 2:
        raise Invalid(f"{line[:60]!r} has no rate.", hint=RATES_HINT)
    steps, name = (1, 1), parts[2] if len(parts) > 2 else ""
    first, _, rest = name.partition(" ")
    left, slash, right = first.partition("/")
    if slash and left.isdigit() and right.isdigit():
        steps, name = (int(left[:6]), int(right[:6])), rest.strip()
    return Rate(parts[0].lstrip("+"), parts[1], name[:120], *steps, below=below)


def _tier(line: str) -> Tier:
    parts = line.replace(",", "").split()
    if len(parts) != 2:
        raise Invalid(f"{line[:60]!r} is no tier.", hint="From minutes, percent off: 100000 10.")
    try:
        off = int(Decimal(parts[1].rstrip("%")) * 100)
    except ArithmeticError:
        raise Invalid(f"{parts[1][:20]!r} is no percentage.") from None
    return Tier(_whole(parts[0], "tier"), off)


def _whole(text: str, what: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise Invalid(f"{text[:20]!r} is no whole number ({what}).")
    return int(text)


class BasketForm(FlaskForm):  # type: ignore[misc]
    """A profile as a file or as text, and what an offer must show by measurement."""

    file = FileField("File", description="CSV, TSV or text: code, minutes, rate paid now, name.")
    profile = TextAreaField("Or type it", [Optional(), Length(max=2_000_000)], description=PROFILE_HINT)
    asr = DecimalField("ASR at least, %", [Optional(), NumberRange(0, 100)], places=2)
    acd_s = IntegerField("ACD at least, s", [Optional(), NumberRange(0, 86_400)])
    pdd_ms = IntegerField("PDD at most, ms", [Optional(), NumberRange(0, 60_000)])
    mos = DecimalField("MOS at least", [Optional(), NumberRange(1, 5)], places=1)
    unmeasured = BooleanField("Offers with too few calls to judge pass too", default=True)
    classes = SelectMultipleField(
        "Classes", choices=[(c, c.replace("_", "-")) for c in ROUTE_CLASSES], option_widget=widgets.CheckboxInput(),
        widget=widgets.ListWidget(prefix_label=False),
    )  # fmt: skip
    download = BooleanField("CSV", default=False)

    @property
    def text(self) -> str:
        """The file where one was sent, else what was typed. Raises Invalid."""
        sent = self.file.data
        if sent is None or not getattr(sent, "filename", ""):
            return self.profile.data or ""
        body = sent.read(PROFILE_BYTES + 1)
        if len(body) > PROFILE_BYTES:
            raise Invalid("The file is too large for a profile.", hint="At most 2 MB.")
        try:
            text: str = body.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Invalid("The file is not UTF-8 text.", hint="Save it as CSV in UTF-8.") from None
        return text

    @property
    def wanted(self) -> Floors:
        asr, mos = self.asr.data, self.mos.data
        return Floors(
            tuple(self.classes.data or ()), None if asr is None else int(asr * 10_000),
            None if self.acd_s.data is None else self.acd_s.data * 1000, self.pdd_ms.data,
            None if mos is None else int(mos * 1000), bool(self.unmeasured.data),
        )  # fmt: skip
