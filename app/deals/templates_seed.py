"""The exchange's own agreement template, version 1; `tandem` adds later versions as rows, never by changing one."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.deals.models import Template
from app.deals.terms import Schedule, as_json

NAME: Final = "Wholesale voice"
CLAUSES: Final = (
    ("Parties and object", "{seller} terminates voice calls that {buyer} sends over the exchange with the product "
     "{product} ({route_class}). What is owed stands in the schedules; where text and schedule differ, the schedule counts."),
    ("Start and term", "The agreement takes effect {starts} and runs {term}. Either side may end it with "
     "{termination_days} days of notice in writing over the exchange."),
    ("Rates", "Rates are in {currency} a minute. A negotiated rate of schedule A holds in place of the rate deck; every "
     "other number is priced by the longest code of the deck in force. Increases of deck rates need {notice_days} days of notice."),
    ("Billing and payment", "Billed per {billing_cycle}, in the time zone {time_zone}; seconds are rounded {second_rounding}, "
     "amounts {amount_rounding} to {amount_places} places. Invoices are due {payment_days} days after they are written."),
    ("Disputes", "A difference up to {dispute_threshold} % of an invoice is paid in full. A greater one is raised within "
     "{dispute_days} days; the undisputed part is paid, call records are exchanged, and the rest is settled."),
    ("Quality", "The figures of schedule C are measured by the exchange a month and destination, from {sla_min_calls} calls "
     "on, without announced maintenance. A month that misses one is credited with {sla_credit_pct} % of the charges concerned."),
    ("Fraud", "{fraud}"),
    ("Termination for cause", "Either side may end at once upon: {termination_triggers}."),
)  # fmt: skip


def standard_template(session: Session, *, now: datetime) -> Template:
    """The newest version of the standard template; written on first use."""
    wanted = sa.select(Template).where(Template.name == NAME).order_by(Template.number.desc()).limit(1)
    found = session.scalars(wanted).first()
    if found is None:
        found = Template(
            name=NAME, number=1, clauses=[{"title": title, "text": text} for title, text in CLAUSES],
            schedule=as_json(Schedule()), created_at=now,
        )  # fmt: skip
        session.add(found)
        session.flush()
    return found
