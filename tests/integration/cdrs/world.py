"""A buyer with two trunks, two sellers with a product each, decks in force, and call records written out as CSV."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from apiflask import APIFlask
from flask import current_app

from app.carriers.models import Company, CustomerTrunk, Product
from app.cdrs.models import CallImport
from app.cdrs.service.import_calls import import_calls
from app.cdrs.service.receive_file import receive_file
from app.db import db
from app.jobs.progress import SilentProgress
from app.market.models import Purchase
from app.security.actor import Actor
from app.security.models import User
from rates.store import Store
from tests.factories import app as make
from tests.named.calls import deck_of, from_

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
UK, FR = "442079460123", "33123456789"
HEAD = "call_id,attempt,trunk,product,ani,dnis,setup,ringing,answer,end,sip_code,q850,released_by,amount,currency\n"


@dataclass
class World:
    app: APIFlask
    buyer: Company
    trader: User
    who: Actor
    trunk: CustomerTrunk
    sellers: list[Company]
    products: list[Product]  # "Minutes" in 60/60 at 0.0100 USD, "Seconds" in 1/1 at 0.0110 USD


def make_world(tmp_path: Path, database_url: str | None = None, **changes: Any) -> World:
    """Within an application context of the caller."""
    app = make.make_app(tmp_path, database_url, **changes)
    app.app_context().push()
    buyer = make.make_company(db.session, "Buyer", buys=True)
    trader = make.make_user(db.session, buyer, "trader")
    trunk = make.make_customer_trunk(db.session, buyer, "East", policy={"kind": "cost", "use_mix": True})
    store = Store(str(current_app.config["TANDEM"].store_dir))
    trunk.rate_card_key = store.put(
        deck_of(from_("2026-01-01", "44", "0.0200"), from_("2026-01-01", "33", "0.0300"))
    )
    sellers, products = [], []
    for name, rate, terms in (("Minutes", "0.0100", "60/60"), ("Seconds", "0.0110", "1/1")):
        seller = make.make_company(db.session, f"{name} Ltd", sells=True)
        product = make.make_product(db.session, seller, name, "standard")
        product.timeline_key = store.put(
            deck_of(from_("2026-01-01", "44", rate, terms), from_("2026-01-01", "4420", rate, terms))
        )
        db.session.add(
            Purchase(
                product_id=product.id, seller_id=seller.id, buyer_id=buyer.id, trunk_id=trunk.id, state="accepted",
                effective_from=NOW - timedelta(days=100), created_at=NOW - timedelta(days=100),
            )
        )  # fmt: skip
        sellers.append(seller)
        products.append(product)
    db.session.commit()
    return World(app, buyer, trader, make.actor_for(trader, buyer), trunk, sellers, products)


def line(
    n: int, *, seconds: float | None = 60, code: int = 200, product: str = "Minutes", dnis: str = UK, amount: str = "",
    at: datetime = NOW - timedelta(hours=20), trunk: str = "East", ringing: bool = True,
) -> str:  # fmt: skip
    """One record; `seconds` None = not answered. Calls follow each other by five seconds."""
    setup = at + timedelta(seconds=5 * n)
    answer = setup + timedelta(seconds=3)
    text = [
        f"call-{n}", "1", trunk, product, "4930123456", dnis, setup.isoformat(),
        (setup + timedelta(seconds=2)).isoformat() if ringing else "",
        answer.isoformat() if seconds is not None else "",
        (answer + timedelta(seconds=seconds)).isoformat() if seconds is not None else "",
        str(code), "16" if seconds is not None else "", "caller" if seconds is not None else "", amount, "USD" if amount else "",
    ]  # fmt: skip
    return ",".join(text) + "\n"


def send(world: World, text: str, *, source: str = "sw1", now: datetime = NOW, **more: Any) -> CallImport:
    """Receive and import, as the job does."""
    settings = world.app.config["TANDEM"]
    taken = receive_file(
        db.session, settings, world.who, BytesIO(text.encode()), filename="calls.csv", way="web", source=source, now=now, **more
    )  # fmt: skip
    db.session.commit()
    import_calls(db.session, settings, taken.id, now=now, progress=SilentProgress())
    db.session.commit()
    return taken
