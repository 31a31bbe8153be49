"""A new deck version of a product that was bought: each buyer gets a rate notice, on a page and by mail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import Product
from app.config import Settings
from app.decks import exports
from app.decks.in_layout import changes_in_layout
from app.decks.upcoming import changes_from
from app.hooks.service.tell import tell
from app.mail.service.write_mail import Attachment, write_mail
from app.market.models import Purchase, RateNotice
from app.market.notice_link import link_of
from app.security.actor import system_actor
from app.security.models import Role, User
from rates.store import Store

PEOPLE = ("owner", "trader", "rates")
MAIL_ROWS = 20_000
COLUMNS = {
    "code": "Code", "destination": "Destination", "label": "Change", "currency": "Currency", "old_rate_nanos": "Old rate",
    "new_rate_nanos": "New rate", "pct_ppm": "Change %", "old_terms": "Old terms", "new_terms": "New terms",
    "effective_from": "Effective from",
}  # fmt: skip


def notify_buyers(
    session: Session,
    settings: Settings,
    product_id: int,
    version: int,
    before_key: str,
    after_key: str,
    *,
    now: datetime,
) -> list[RateNotice]:
    """One notice a buyer and version, however often this runs. None where nothing changes for a buyer from now on."""
    product = session.get(Product, product_id)
    if product is None or product.outside_vendor is not None:
        return []
    buyers = buyers_of(session, product_id, now)
    if not buyers:
        return []
    store = Store(str(settings.store_dir))
    before, after = store.open(before_key), store.open(after_key)
    changes = changes_from(before, after, now)
    if not changes.num_rows:
        return []
    key = store.put(changes)
    counts = dict(Counter(changes["label"].to_pylist()))
    first = pc.min(changes["effective_from"]).as_py()
    made = []
    for buyer_id in buyers:
        notice = session.scalar(
            sa.select(RateNotice).where(
                RateNotice.product_id == product_id,
                RateNotice.version == version,
                RateNotice.buyer_id == buyer_id,
            )
        )
        if notice is not None:
            continue
        notice = RateNotice(
            product_id=product.id, seller_id=product.company_id, buyer_id=buyer_id, version=version, changes_key=key,
            counts=counts, first_change=first, created_at=now,
        )  # fmt: skip
        session.add(notice)
        session.flush()
        told = {"notice_id": notice.id, "product_id": product.id, "version": version, "counts": counts}
        words = f"{product.name}: version {version} of its deck changes rates you use"
        tell(session, buyer_id, "rate.change", words, href=f"/rate-notices/{notice.id}", data=told, now=now)
        record(
            session, system_actor(product.company_id), action="rate_notice.send", obj=notice, now=now,
            company_id=product.company_id, after={"product": product.name, "version": version, "buyer": buyer_id, "counts": counts},
        )  # fmt: skip
        _mail(session, settings, product, notice, (before, after, changes), now)
        made.append(notice)
    return made


def buyers_of(session: Session, product_id: int, now: datetime) -> list[int]:
    """Companies whose accepted purchase of the product has not ended; also those that begin later."""
    return list(
        session.scalars(
            sa.select(Purchase.buyer_id)
            .where(
                Purchase.product_id == product_id, Purchase.state == "accepted",
                sa.or_(Purchase.effective_until.is_(None), Purchase.effective_until > now),
            )
            .distinct()
            .order_by(Purchase.buyer_id)
        )
    )  # fmt: skip


def _mail(
    session: Session,
    settings: Settings,
    product: Product,
    notice: RateNotice,
    tables: tuple[pa.Table, pa.Table, pa.Table],
    now: datetime,
) -> None:
    """To each person of the buyer who trades; the buyer's name for it is the seller's product. `tables`: before, after, changes."""
    before, after, changes = tables
    words = ", ".join(
        f"{count:,} {label.lower().replace('_', ' ')}" for label, count in notice.counts.items()
    )
    first = f"{notice.first_change:%Y-%m-%d %H:%M} UTC" if notice.first_change else "now"
    listed = "the list is attached" if changes.num_rows <= MAIL_ROWS else "the list is too long for mail"
    text = (
        f"{product.company.name} changes the rates of {product.name} (version {notice.version}).\n\n"
        f"{words}. The first change applies on {first}.\n"
        f"Rates are in {product.currency} per minute; {listed}.\n\n"
        f"Please acknowledge it: "
    )
    attached = []
    if changes.num_rows <= MAIL_ROWS:
        attached = [Attachment("rate-changes.csv", "text/csv", "".join(exports.csv_rows(changes, COLUMNS)))]
        own = changes_in_layout(session, notice.buyer_id, before, after, changes)
        if own is not None:
            attached.append(Attachment("rates-in-your-layout.csv", "text/csv", own))
    for address in _addresses(session, notice.buyer_id):
        write_mail(
            session, settings.mail, company_id=notice.buyer_id, mark=f"rate-notice-{notice.id}-{address}"[:120],
            recipient=address, subject=f"Rate notice: {product.name}, from {first}",
            text=f"{text}{link_of(settings, notice.id, address)}\n", attachments=attached, now=now,
        )  # fmt: skip


def _addresses(session: Session, company_id: int) -> Iterator[str]:
    people = session.scalars(
        sa.select(User).where(User.company_id == company_id, User.active.is_(True)).order_by(User.id)
    )
    for person in people:
        roles: list[Role] = list(person.roles)
        if any(role.name in PEOPLE for role in roles):
            yield person.email
