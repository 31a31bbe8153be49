"""A small exchange for tests of deals: one buyer with two persons and a limit, two sellers, no routes built."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from apiflask import APIFlask
from flask.testing import FlaskClient

from app.carriers.models import Product
from app.config import Settings
from app.db import db
from app.deals.terms import Rate, Terms, Volume
from app.security.actor import Actor, actor_of_user
from tests.factories import app as make


@dataclass
class Floor:
    app: APIFlask
    buyers: list[Actor]  # two persons of one company
    sellers: list[Actor]  # one person of each
    products: list[int]
    clients: dict[str, FlaskClient]

    @property
    def settings(self) -> Settings:
        settings: Settings = self.app.config["TANDEM"]
        return settings


def floor(folder: Path, database_url: str | None = None, tag: str = "", password: str | None = None) -> Floor:
    app = make.make_app(folder, database_url)
    with app.app_context():
        return companies(app, tag, password)


def companies(app: APIFlask, tag: str = "", password: str | None = None) -> Floor:
    """New companies in this application; needs its context."""
    session = db.session
    buyer = make.make_company(session, f"Bigbuy{tag}", buys=True)
    make.make_customer_trunk(session, buyer)
    people = [make.make_user(session, buyer, "owner", f"{n}@bigbuy{tag}.example", password) for n in (1, 2)]
    buyers = [actor_of_user(session, user, "127.0.0.1") for user in people]
    clients = {"buyer": make.login(app.test_client(), people[0])}
    sellers, products = [], []
    for name in ("Acme", "Bravo"):
        company = make.make_company(session, f"{name}{tag}", sells=True)
        user = make.make_user(session, company, "owner", None, password)
        products.append(make.make_product(session, company).id)
        sellers.append(actor_of_user(session, user, "127.0.0.1"))
        clients[name] = make.login(app.test_client(), user)
    return Floor(app, [a for a in buyers if a], [a for a in sellers if a], products, clients)


def terms(rate: str = "0.0025", minutes: int = 1000) -> Terms:
    return Terms("USD", (Rate("4420", rate),), Volume(expected_minutes=minutes))


def product_of(floor: Floor, seller: int) -> Product:
    return db.session.get_one(Product, floor.products[seller])
