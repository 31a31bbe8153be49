"""Who may see which listing, and under which name.

`public`: everybody, by name. `invited`: companies the seller named (ListingInvitation); for others it does not exist.
`anonymous`: everybody sees its prices, nobody its seller, until there is a deal between the two. A deal is an accepted
purchase or an agreed deal; those stand on floors above, which put their answers into `dealt_by`.
Before approval: what is not approved exists for its own company only, which itself sees invented carriers and no others.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Company, ListingInvitation, Product
from app.errors import NotFound
from app.security.actor import SANDBOX_STATES, Actor

SELLER_MASK, PRODUCT_MASK = "Anonymous seller", "Route"

# Product ids a company has a deal about, now or in the past.
Dealt = Callable[[Session, int], set[int]]
dealt_by: list[Dealt] = []


@dataclass(frozen=True)
class Sight:
    """What one company cannot see: `hidden` products do not exist for it, `masked` ones have no name."""

    hidden: frozenset[int] = frozenset()
    masked: frozenset[int] = frozenset()

    def seller(self, product_id: int, name: str) -> str:
        return seller_mask(product_id) if product_id in self.masked else name

    def product(self, product_id: int, name: str) -> str:
        return product_mask(product_id) if product_id in self.masked else name

    @property
    def unnamed(self) -> frozenset[int]:
        """What a page that cannot do without the seller's name leaves out."""
        return self.hidden | self.masked


def seller_mask(product_id: int) -> str:
    """One per listing: two listings of one seller cannot be told to be of one."""
    return f"{SELLER_MASK} {product_id}"


def product_mask(product_id: int) -> str:
    """A product's own name may say whose it is."""
    return f"{PRODUCT_MASK} {product_id}"


def sight_of(session: Session, company_id: int) -> Sight:
    """What this company sees of others' listings; its own it sees whole."""
    shy = session.execute(
        sa.select(Product.id, Product.visibility).where(
            Product.visibility != "public", Product.company_id != company_id
        )
    ).all()
    apart = _apart(session, company_id)
    if not shy:
        return Sight(apart)
    known = {product_id for ask in dealt_by for product_id in ask(session, company_id)}
    invited = known | set(
        session.scalars(
            sa.select(ListingInvitation.product_id).where(ListingInvitation.company_id == company_id)
        )
    )
    return Sight(
        apart | {row.id for row in shy if row.visibility == "invited" and row.id not in invited},
        frozenset(row.id for row in shy if row.visibility == "anonymous" and row.id not in known),
    )


def _apart(session: Session, company_id: int) -> frozenset[int]:
    """Others' products on the far side of the approval."""
    own = session.scalar(sa.select(Company.status).where(Company.id == company_id))
    unapproved = Company.status.in_(SANDBOX_STATES)
    wanted = (
        sa.select(Product.id)
        .join(Company, Company.id == Product.company_id)
        .where(Product.company_id != company_id, ~Company.sample if own in SANDBOX_STATES else unapproved)
    )
    return frozenset(session.scalars(wanted))


def sight(session: Session, who: Actor) -> Sight:
    """The operator sees everything."""
    return Sight() if who.is_operator else sight_of(session, who.company_id)


def discreet_sellers(session: Session, company_id: int) -> set[int]:
    """Companies whose presence only their shy listings would tell: they list, and nothing that this company may put
    a name to."""
    unnamed = sight_of(session, company_id).unnamed
    if not unnamed:
        return set()
    listed = session.execute(
        sa.select(Product.id, Product.company_id).where(Product.listed, Product.derived_from.is_(None))
    ).all()
    named = {row.company_id for row in listed if row.id not in unnamed}
    return {row.company_id for row in listed} - named


def telling_words(company: Company) -> re.Pattern[str]:
    """The company's name and short name, wherever they stand in a text and however they are written."""
    spaced = re.split(r"[\s-]+", company.name), re.split(r"[\s-]+", company.slug)
    return re.compile("|".join(r"[\s_-]*".join(map(re.escape, words)) for words in spaced), re.IGNORECASE)


def companies_named(session: Session, names: list[str], own_id: int) -> list[int]:
    """Ids of active companies by name or short name. Raises NotFound naming the first that is none."""
    found = []
    for name in names:
        match = session.scalar(
            sa.select(Company.id).where(
                sa.or_(Company.slug == name.lower(), sa.func.lower(Company.name) == name.lower()),
                Company.status == "active",
                Company.id != own_id,
            )
        )
        if match is None:
            raise NotFound(f"There is no other company {name[:80]}.", hint="Write its name as on its papers.")
        found.append(match)
    return sorted(set(found))


def invited_names(session: Session, product_id: int) -> list[str]:
    """For the seller's form."""
    wanted = (
        sa.select(Company.name)
        .join(ListingInvitation, ListingInvitation.company_id == Company.id)
        .where(ListingInvitation.product_id == product_id)
    )
    return list(session.scalars(wanted.order_by(Company.name)))
