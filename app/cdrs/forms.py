"""The form that sends a file of call records, and the filter out of a page's address."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from wtforms import SelectField, StringField
from wtforms.validators import Length, Optional

from app.carriers.models import Company, CustomerTrunk, Product
from app.cdrs.queries import OUTCOMES, Filter
from app.market.models import Purchase
from app.security.actor import Actor

DAYS = 30


class ImportForm(FlaskForm):  # type: ignore[misc]
    file = FileField(
        "File", [FileRequired("Choose a file.")],
        description="Our CSV, FreeSWITCH JSON, Kamailio acc, OpenSIPS flatstore or CGRateS CSV.",
    )  # fmt: skip
    source = StringField(
        "Switch", [Optional(), Length(max=40)],
        description="The same name for all files of one switch: it tells a call sent twice from two calls.",
    )  # fmt: skip
    trunk = SelectField("Trunk", description="For records that name none.", coerce=str)
    product = SelectField("Product", description="For records that name no carrier.", coerce=str)


def import_form(session: Session, who: Actor) -> ImportForm:
    form = ImportForm()
    trunks = sa.select(CustomerTrunk.id, Company.name, CustomerTrunk.name).join(
        Company, Company.id == CustomerTrunk.company_id
    )
    bought = sa.select(Purchase.product_id).where(Purchase.state.in_(("accepted", "ended")))
    if not who.is_operator:
        trunks = trunks.where(CustomerTrunk.company_id == who.company_id)
        bought = bought.where(Purchase.buyer_id == who.company_id)
    products = (
        sa.select(Product.id, Company.name, Product.name)
        .join(Company, Company.id == Product.company_id)
        .where(Product.id.in_(bought))
        .order_by(Company.name, Product.name)
    )
    form.trunk.choices = [("", "as the records say")] + [
        (str(id_), f"{company} · {name}" if who.is_operator else name)
        for id_, company, name in session.execute(trunks.order_by(Company.name, CustomerTrunk.name))
    ]
    form.product.choices = [("", "as the records say")] + [
        (str(id_), f"{company} · {name}") for id_, company, name in session.execute(products)
    ]
    return form


def filter_of(words: MultiDict[str, str], newest: date) -> Filter:
    """The last thirty days up to the newest call, unless the address says otherwise; what makes no sense is left out."""

    def day(name: str, default: date) -> date:
        try:
            return date.fromisoformat(words.get(name, ""))
        except ValueError:
            return default

    last = min(max(day("last", newest), date(2000, 1, 1)), date(2999, 12, 31))
    first = max(day("first", last - timedelta(days=DAYS - 1)), date(2000, 1, 1))
    product, outcome, side = words.get("product", ""), words.get("outcome", ""), words.get("side", "")
    return Filter(
        first=min(first, last), last=last, side=side if side in ("bought", "sold") else "",
        outcome=outcome if outcome in OUTCOMES else "",
        product_id=int(product) if product.isascii() and product.isdigit() and len(product) < 10 else None,
        q=words.get("q", "").strip().lstrip("+")[:60],
    )  # fmt: skip
