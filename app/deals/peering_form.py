"""Peering in forms: putting an offer up, and the fields of a proposal or counter-offer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from flask_wtf import FlaskForm
from wtforms import DecimalField, IntegerField, SelectField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from app.deals.peering import SETTLED_BY, Lane, Peering, Place
from app.deals.service.peer import PeeringFacts

ONE_A_LINE = "One dial code a line: 4420 UK London."
BIG = 10**12


def _codes(label: str, *checks: Any) -> TextAreaField:
    return TextAreaField(label, [*checks, Length(max=200_000)], description=ONE_A_LINE)


class PeeringFields(FlaskForm):  # type: ignore[misc]
    """Of a deal. What a form did not send stays as it was."""

    # Not asked for in a purchase; a word that is none is refused with the terms.
    settlement = SelectField("Settlement", choices=list(SETTLED_BY.items()), validate_choice=False)
    ratio = DecimalField(
        "Ratio, greater to smaller direction", [Optional(), NumberRange(1, 1000)], places=None
    )
    judged_from_minutes = IntegerField("Judged from minutes a month", [Optional(), NumberRange(0, BIG)])
    seller_brings = _codes("The seller ends calls to", Optional())
    seller_rate = DecimalField(
        "Above the ratio to the seller, a minute", [Optional(), NumberRange(0)], places=None
    )
    buyer_brings = _codes("The buyer ends calls to", Optional())
    buyer_rate = DecimalField(
        "Above the ratio to the buyer, a minute", [Optional(), NumberRange(0)], places=None
    )

    def peering(self, old: Peering | None, product_id: int | None = None) -> Peering | None:
        """`old` with what was sent; `product_id`: the buyer's product where it is chosen here."""
        if old is None or not self.settlement.raw_data:
            return old
        free = self.settlement.data == "bill_and_keep"
        return msgspec.structs.replace(
            old, settlement=self.settlement.data, ratio=_plain(self.ratio.data, old.ratio),
            judged_from_minutes=self.judged_from_minutes.data or 0, product_id=product_id or old.product_id,
            seller=Lane(places(self.seller_brings.data), "0" if free else _plain(self.seller_rate.data, "0")),
            buyer=Lane(places(self.buyer_brings.data), "0" if free else _plain(self.buyer_rate.data, "0")),
        )  # fmt: skip

    def show_peering(self, peering: Peering | None) -> None:
        if peering is None:
            return
        self.settlement.data, self.ratio.data = peering.settlement, Decimal(peering.ratio)
        self.judged_from_minutes.data = peering.judged_from_minutes
        self.seller_brings.data, self.buyer_brings.data = lines(peering.seller), lines(peering.buyer)
        self.seller_rate.data, self.buyer_rate.data = (
            Decimal(peering.seller.rate),
            Decimal(peering.buyer.rate),
        )


class PeeringOfferForm(FlaskForm):  # type: ignore[misc]
    product = SelectField(
        "Product", coerce=int, choices=[], validate_choice=False,
        description="Its gateway and class; the offer is seen by whoever sees the product.",
    )  # fmt: skip
    settlement = SelectField("Settlement", choices=list(SETTLED_BY.items()))
    ratio = DecimalField(
        "Ratio, greater to smaller direction", [InputRequired(), NumberRange(1, 1000)], places=None, default=Decimal(2),
        description="2: one side may send twice as many minutes as the other.",
    )  # fmt: skip
    rate = DecimalField(
        "Rate above the ratio, a minute", [Optional(), NumberRange(0)], places=None,
        description="For the minutes above the ratio only; empty under bill and keep.",
    )  # fmt: skip
    judged_from_minutes = IntegerField(
        "Judged from minutes a month", [Optional(), NumberRange(0, BIG)],
        description="Below, the ratio does not matter.",
    )  # fmt: skip
    brings = _codes("You end calls to", InputRequired())
    wants = _codes("You send calls to", InputRequired())
    channels = IntegerField("Channels each way", [Optional(), NumberRange(1, 1_000_000)])
    notice_days = IntegerField(
        "Notice of termination, days", [InputRequired(), NumberRange(0, 365)], default=30
    )
    term_months = IntegerField(
        "Term in months", [Optional(), NumberRange(0, 120)], description="Empty: until notice."
    )
    note = TextAreaField("Note", [Optional(), Length(max=2000)])

    @property
    def facts(self) -> PeeringFacts:
        free = self.settlement.data == "bill_and_keep"
        return PeeringFacts(
            product_id=self.product.data or 0, settlement=self.settlement.data, ratio=_plain(self.ratio.data, "2"),
            rate="0" if free else _plain(self.rate.data, "0"), brings=places(self.brings.data), wants=places(self.wants.data),
            judged_from_minutes=self.judged_from_minutes.data or 0, channels=self.channels.data,
            notice_days=self.notice_days.data or 0, term_months=self.term_months.data or 0, note=self.note.data or "",
        )  # fmt: skip


def places(text: str | None) -> tuple[Place, ...]:
    """A code and its name a line."""
    found = []
    for line in (text or "").splitlines():
        code, _, name = line.strip().partition(" ")
        if code:
            found.append(Place(code.lstrip("+").rstrip(",;"), name.strip(" ,;")))
    return tuple(found)


def lines(lane: Lane) -> str:
    return "\n".join(f"{place.code} {place.destination}".strip() for place in lane.brings)


def _plain(value: Decimal | None, empty: str) -> str:
    return empty if value is None else f"{value.normalize():f}"
