"""Finding an object of the asking company: another company's looks as if it were not there."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Company, Product
from app.decks.models import Deck, DeckTemplate, DeckVersion
from app.errors import NotFound
from app.security.actor import Actor

MAX_ID = 2**31 - 1  # what the databases' integer columns hold; a larger number names nothing


def own_deck(session: Session, who: Actor, deck_id: int, *, lock: bool = False) -> Deck:
    """The deck; with `lock` its row is held until commit. Raises NotFound."""
    query = sa.select(Deck).where(Deck.id == _known(deck_id))
    if not who.is_operator:
        query = query.where(Deck.company_id == who.company_id)
    if lock:
        if session.get_bind().dialect.name == "sqlite":
            # It knows no row locks: a write that changes nothing makes the second of two approvals wait for the first.
            session.execute(
                sa.update(Deck).where(Deck.id == _known(deck_id)).values(state=Deck.state),
                execution_options={"synchronize_session": False},
            )
        query = query.with_for_update(of=Deck).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NotFound(f"There is no deck {deck_id}.", hint="The list of decks shows those of your company.")
    return found


def own_product(session: Session, who: Actor, product_id: int) -> Product:
    """The product. Raises NotFound."""
    query = sa.select(Product).where(Product.id == _known(product_id), Product.derived_from.is_(None))
    if not who.is_operator:
        query = query.where(Product.company_id == who.company_id)
    found = session.scalar(query)
    if found is None:
        raise NotFound(
            f"There is no product {product_id}.", hint="The product list shows those of your company."
        )
    return found


def own_version(session: Session, who: Actor, product_id: int, number: int) -> DeckVersion:
    """Version `number` of the product. Raises NotFound."""
    product = own_product(session, who, product_id)
    found = session.scalar(
        sa.select(DeckVersion).where(
            DeckVersion.product_id == product.id, DeckVersion.number == _known(number)
        )
    )
    if found is None:
        raise NotFound(
            f"{product.name} has no version {number}.", hint="The product's history lists its versions."
        )
    return found


def product_by_name(session: Session, who: Actor, carrier: str, product: str) -> Product:
    """Product by its carrier's slug or name and its own name or id. Raises NotFound."""
    company = company_by_name(session, who, carrier)
    query = sa.select(Product).where(Product.company_id == company.id, Product.derived_from.is_(None))
    wanted = sa.func.lower(Product.name) == product.lower()
    if product.isdigit():
        wanted = sa.or_(wanted, Product.id == _known(int(product)))
    found = session.scalar(query.where(wanted))
    if found is None:
        names = session.scalars(sa.select(Product.name).where(Product.company_id == company.id)).all()
        hint = (
            f"{company.name} has: {', '.join(sorted(names))}."
            if names
            else "Add --create-product to make it."
        )
        raise NotFound(f"{company.name} has no product {product}.", hint=hint)
    return found


def company_by_name(session: Session, who: Actor, carrier: str) -> Company:
    """A company by slug or name, as far as the actor may see it. Raises NotFound."""
    query = sa.select(Company).where(
        sa.or_(Company.slug == carrier, sa.func.lower(Company.name) == carrier.lower())
    )
    if not who.is_operator:
        query = query.where(Company.id == who.company_id)
    found = session.scalar(query)
    if found is None:
        raise NotFound(
            f"There is no carrier {carrier}.", hint="Give its short name as shown on the carrier list."
        )
    return found


def _known(number: int) -> int:
    """0, which no row has, for a number that the column cannot hold."""
    return number if 0 <= number <= MAX_ID else 0


def own_company(session: Session, who: Actor, company_id: int) -> Company:
    """A company the actor may set rules for: its own, or any for the operator. Raises NotFound."""
    found = (
        session.get(Company, _known(company_id)) if who.is_operator or company_id == who.company_id else None
    )
    if found is None:
        raise NotFound(f"There is no carrier {company_id}.", hint="The menu leads to your own.")
    return found


def own_template(session: Session, who: Actor, template_id: int) -> DeckTemplate:
    """The template. Raises NotFound."""
    query = sa.select(DeckTemplate).where(DeckTemplate.id == _known(template_id))
    if not who.is_operator:
        query = query.where(DeckTemplate.company_id == who.company_id)
    found = session.scalar(query)
    if found is None:
        raise NotFound(f"There is no template {template_id}.", hint="The page of deck rules lists them.")
    return found
