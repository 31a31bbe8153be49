"""Forced and exclusive products of a trunk (docs/decision.md 5): the form's fields and the policy's `first_offers`, `only_offers`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import FieldList, SelectField, SelectMultipleField, widgets
from wtforms.validators import ValidationError

from app.carriers.models import Company, CustomerTrunk, Product
from app.carriers.sight import sight_of

LISTS: Final = ("only_offers", "first_offers")
PLACES: Final = 5

# Product ids a trunk has bought, at an instant. Purchases live on a floor above, which puts its answer here.
Bought = Callable[[Session, int, datetime], set[int]]
bought_by: list[Bought] = []


class OfferListFields(FlaskForm):  # type: ignore[misc]
    """Fields of the two lists; `offer_choices` must follow before the form is validated or drawn."""

    first_offers = FieldList(
        SelectField(coerce=int, choices=[], default=0),
        "Tried before all others",
        min_entries=PLACES,
        max_entries=50,
    )
    only_offers = SelectMultipleField(
        "Only these products",
        coerce=int,
        option_widget=widgets.CheckboxInput(),
        widget=widgets.ListWidget(prefix_label=False),
        description="None ticked: every product this trunk has bought.",
    )

    def offer_choices(self, offers: list[tuple[int, str]]) -> None:
        self.offer_names = dict(offers)
        self.only_offers.choices = offers
        for place in self.first_offers:
            place.choices = [(0, "–"), *offers]

    def validate_first_offers(self, field: FieldList[Any]) -> None:
        only = set(self.only_offers.data or ())
        chosen = _chosen(field)
        names = self.offer_names
        for offer in chosen:
            if chosen.count(offer) > 1:
                raise ValidationError(f"{names[offer]} stands there twice.")
            if only and offer not in only:
                raise ValidationError(f"{names[offer]} comes first but is not among the only ones.")


def _chosen(field: FieldList[Any]) -> list[int]:
    return [offer for offer in field.data if offer]


def lists_of_form(form: OfferListFields) -> dict[str, list[int]]:
    """The policy's words; a list that is not set is left out."""
    lists = {"only_offers": list(form.only_offers.data or ()), "first_offers": _chosen(form.first_offers)}
    return {word: ids for word, ids in lists.items() if ids}


def list_values(policy: dict[str, Any]) -> dict[str, list[int]]:
    """Values for the form from a stored policy, with empty places up to PLACES; the inverse of `lists_of_form`."""
    first = list(policy.get("first_offers") or [])
    return {
        "only_offers": list(policy.get("only_offers") or []),
        "first_offers": first + [0] * max(1, PLACES - len(first)),
    }


def usable_offers(
    session: Session, trunk: CustomerTrunk | None, company_id: int, now: datetime
) -> list[tuple[int, str]]:
    """(product id, name) of what the trunk has bought, what its lists name already, and what others list in the market."""
    known: set[int] = set()
    if trunk is not None:
        known = {offer for word in LISTS for offer in trunk.policy.get(word) or ()}
        known |= {offer for ask in bought_by for offer in ask(session, trunk.id, now)}
    unnamed = sight_of(session, company_id).unnamed
    rows = session.execute(
        sa.select(Product.id, Product.name, sa.func.coalesce(Product.outside_vendor, Company.name))
        .join(Company, Company.id == Product.company_id)
        .where(Product.id.not_in(unnamed))
        .where(sa.or_(Product.id.in_(known), sa.and_(Product.listed, Product.company_id != company_id)))
        .order_by(Company.name, Product.name)
    )
    return [(id_, f"{company}: {product}") for id_, product, company in rows]
