"""The steps from sign-up to trading, each computed from what is there, never ticked by hand."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import terms
from app.accounts.models import Paper, TermsAcceptance
from app.carriers.models import Company, CustomerTrunk, VendorTrunk
from app.db import Base

FACTS = ("legal_name", "registration_number", "address")
CONTACTS = ("noc_email", "noc_phone", "rates_email")
CREDIT = ("payment_terms", "billing_cycle", "billing_email")


@dataclass(frozen=True)
class Step:
    """`needed`: the operator looks only when it is done. `href` is where it is done, by people with `permission`;
    '' where somebody else does it."""

    key: str
    title: str
    text: str
    href: str
    done: bool
    needed: bool
    permission: str = "company:manage"


def steps_of(session: Session, company: Company) -> list[Step]:
    """In the order in which people do them."""
    facts = company.facts

    def told(names: tuple[str, ...]) -> bool:
        return all(str(facts.get(name) or "").strip() for name in names)

    first = []
    if company.sells:
        first.append(Step("deck", "First rate deck", "Upload the rates of one product.", "/decks/new",
                          _any(session, "deck", company.id), False, "deck:write"))  # fmt: skip
    if company.buys:
        first.append(Step("search", "First saved search", "Look for a destination and keep the search.", "/market",
                          _any(session, "saved_search", company.id), False, "market:read"))  # fmt: skip
    trunks = "/products" if company.sells else "/trunks"
    call = facts.get("test_call")
    return [
        Step("facts", "Company facts", "Legal name, register number, address.", "/onboarding/facts", told(FACTS), True),
        Step("contacts", "Contacts", "NOC and rates: who is called at night.", "/onboarding/facts", told(CONTACTS), True),
        Step("papers", "Papers", "Register extract, licence: read by you and the operator only.", "/onboarding/papers",
             _has(session, sa.select(Paper.id).where(Paper.company_id == company.id)), True),
        Step("trunks", "Trunk addresses", "Where your calls come from or go to.", trunks, _trunks(session, company), False,
             "deck:read" if company.sells else "market:read"),
        Step("codecs", "Codecs", "What your switch speaks.", "/onboarding/facts", bool(facts.get("codecs")), True),
        Step("credit", "Credit terms", "Payment terms, billing cycle, invoices to whom.", "/onboarding/facts",
             told(CREDIT), True),
        Step("agreement", "Terms of the exchange", "Read and accept.", "/onboarding/terms", _accepted(session, company), True),
        Step("test_call", "Test call",
             f"Made by the operator: {call['note']}" if call else "The operator calls over your trunk and notes it here.",
             "", bool(call), False),
        *first,
    ]  # fmt: skip


def _trunks(session: Session, company: Company) -> bool:
    customer = session.scalars(sa.select(CustomerTrunk).where(CustomerTrunk.company_id == company.id))
    vendor = sa.select(VendorTrunk.id).where(VendorTrunk.company_id == company.id)
    return any(trunk.source_ips for trunk in customer) or _has(session, vendor)


def _accepted(session: Session, company: Company) -> bool:
    return _has(
        session,
        sa.select(TermsAcceptance.id).where(
            TermsAcceptance.company_id == company.id, TermsAcceptance.version == terms.VERSION
        ),
    )


def _any(session: Session, table: str, company_id: int) -> bool:
    found = Base.metadata.tables[table]  # its model stands on a floor above
    return _has(session, sa.select(found.c.id).where(found.c.company_id == company_id))


def _has(session: Session, query: sa.Select[int]) -> bool:
    return session.execute(query.limit(1)).first() is not None
