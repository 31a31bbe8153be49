"""Every table of every page downloads as CSV: walks all pages, as an owner and as the operator, and follows the links."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.routing import Rule as UrlRule

import app.mail.jobs
import app.market.jobs  # noqa: F401  (registers rate.notify, as the worker does)
from app.carriers.models import Product
from app.clock import utc_now
from app.db import db
from app.decks.models import Arrival, TrafficDay
from app.jobs.progress import SilentProgress
from app.market.models import Purchase
from app.market.service.build_market import build_market
from app.routing.models import NumberFile, RoutingStop
from tests.factories.app import login, make_api_key, make_company, make_customer_trunk, make_user
from tests.integration.decks.world import DECK, World, make_world
from tests.isolation.expectations import EXPECTED, PARAMETERS, PLAIN
from tests.isolation.tenants import calls_under_test

DEARER = DECK.replace("0.0180", "0.0190").replace("United Kingdom,44", "=United,44")
RISING = "Code,Destination,Rate,Effective from\n44,UK,0.0050,2031-01-01\n=cmd,Nowhere,0.1,2031-01-01\n"
# Accounts: the demo accounts beside the sign-in form are no data of ours, and signing out would end the walk.
ACCOUNTS = "security."
# Pages that must have shown a table, or the walk would prove nothing.
MUST_SHOW = {
    "decks.inbox", "deck.errors", "deck.review", "deck_history.versions", "deck_history.prices", "deck_rules.show",
    "arrivals.mails", "rate_notices.index", "rate_notices.show", "deck_impact.traffic", "products.index", "trunks.index",
    "orders.received", "dashboard.index", "keys.index", "people.index", "audit.index", "jobs.index", "numbers.index",
    "routing_state.index", "companies.index", "dashboard.health", "tests.index", "tests.show", "test_tickets.index",
    "test_schedules.index",
}  # fmt: skip


@dataclass
class Page(HTMLParser):
    """What matters of a page: whether it has a table, and its links."""

    def __init__(self) -> None:
        super().__init__()
        self.tables = 0
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tables += tag == "table"
        if tag == "a" and found.get("href") and "download" in found:
            self.links.append(str(found["href"]))


def read(text: str) -> Page:
    page = Page()
    page.feed(text)
    return page


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A seller that also buys its own product: two versions, a deck with errors, a file in quarantine, traffic, a notice."""
    made = make_world(tmp_path)
    first = made.sent(DECK)
    assert made.approve(first).status_code == 302
    with made.app.app_context():
        seller = db.session.merge(made.seller)
        seller.buys = True
        trunk = make_customer_trunk(db.session, seller)
        make_api_key(db.session, seller, ["lcr:query"], trunk)
        now = utc_now()
        bought = {
            "seller_id": seller.id,
            "buyer_id": seller.id,
            "trunk_id": trunk.id,
            "product_id": made.product.id,
        }
        db.session.add(Purchase(**bought, state="accepted", note="=wish", answer="", created_at=now))
        db.session.add(
            Arrival(
                company_id=seller.id, way="mail", mark="m" * 64, sender="=who@x.example", subject="@rates", filename="+a.csv",
                state="quarantined", reason="unknown sender", created_at=now,
            )
        )  # fmt: skip
        db.session.add(
            TrafficDay(company_id=seller.id, product_id=made.product.id, code="44", day=now.date(), calls=9, seconds=600)
        )  # fmt: skip
        files = {"file": "x", "rows": 2, "skipped": 0, "problems": [], "created_at": now}
        db.session.add(NumberFile(kind="blocks", source="=blocks.csv", **files))
        stop = {
            "kind": "switch",
            "target_id": made.product.id,
            "code": "",
            "reason": "=fault",
            "created_at": now,
        }
        db.session.add(RoutingStop(**stop))
        db.session.commit()
        files = Path(made.app.config["TANDEM"].data_dir) / "files"
        calls_under_test(
            db.session, seller, db.session.get_one(Product, made.product.id), trunk.id, files, "=test"
        )
    second = made.sent(DEARER, "=dearer.csv", mode="full", late="accept")
    made.approve(second)
    made.approve(second, made.as_user(made.second))
    assert made.state(second) == "approved"
    made.work("rate.notify")
    made.sent(RISING.replace("=cmd,Nowhere,0.1,2031-01-01\n", ""), "later.csv", mode="partial", starts="rows")
    pending = max(ids(made)["deck"])
    assert made.approve(pending).status_code == 302
    assert made.state(made.sent(RISING, "bad.csv", mode="partial", starts="rows")) == "rejected"
    made.sent(DEARER.replace("0.0050", "0.0060"), "open.csv")
    with made.app.app_context():
        build_market(db.session, made.app.config["TANDEM"], now=utc_now(), progress=SilentProgress())
        db.session.commit()
    return made


def ids(world: World) -> dict[str, list[Any]]:
    """Ids of every row by the kind of object the routes name it."""
    tables = {"version": "deck_version", "template": "deck_template", "notice": "rate_notice", "search": "saved_search",
              "event": "audit_event", "key": "api_key", "trunk": "customer_trunk"}  # fmt: skip
    found: dict[str, list[Any]] = {}
    with world.app.app_context():
        metadata = sa.MetaData()
        metadata.reflect(db.session.connection())
        for kind in set(PARAMETERS.values()):
            table = metadata.tables.get(tables.get(kind, kind))
            found[kind] = [] if table is None else sorted(db.session.scalars(sa.select(table.c.id)))
    return found


def addresses(rule: UrlRule, known: dict[str, list[Any]], market_key: str) -> list[str]:
    """The route's path for each of its objects; one path where it names none."""
    values = {name: PLAIN[name] for name in rule.arguments if name in PLAIN}
    if "key" in values:
        values["key"] = market_key
    objects = [name for name in rule.arguments if name in PARAMETERS]
    every = product(*(known[PARAMETERS[name]] for name in objects))
    picks = [dict(zip(objects, some, strict=True)) for some in every]
    built = [rule.build(values | pick, append_unknown=False) for pick in picks]
    return [found[1] for found in built if found is not None]


def walk(world: World, client: FlaskClient, *, operator: bool) -> set[str]:
    """Endpoints whose page showed a table; asserts that each of these offers a CSV that can be had."""
    shown = set()
    known = ids(world)
    market = client.get("/market.csv").get_data(as_text=True).splitlines()
    market_key = market[1].split(",")[0] if len(market) > 1 else "none"
    for rule in world.app.url_map.iter_rules():
        expected = EXPECTED.get(rule.endpoint)
        if "GET" not in (rule.methods or ()) or expected is None or rule.rule.startswith("/api/"):
            continue
        if rule.endpoint.startswith(ACCOUNTS):
            continue
        if ("operator" in expected.permissions) != operator and rule.endpoint != "dashboard.index":
            continue
        for path in addresses(rule, known, market_key):
            answer = client.get(path)
            if answer.status_code != 200 or answer.mimetype != "text/html":
                answer.close()
                continue
            page = read(answer.get_data(as_text=True))
            if not page.tables:
                continue
            shown.add(rule.endpoint)
            wanted = [
                link for link in page.links if re.search(r"\.csv\b|format=csv", link) or "/original" in link
            ]
            assert wanted, f"{path} shows a table and no CSV of it"
            for link in dict.fromkeys(wanted):
                follow(client, link, path)
    return shown


def follow(client: FlaskClient, link: str, page: str) -> None:
    answer = client.get(link)
    where = f"{page} links {link}: {answer.status}"
    assert answer.status_code == 200, where
    if "/original" in link:
        answer.close()
        return
    assert answer.mimetype == "text/csv", where
    assert "attachment" in answer.headers["Content-Disposition"], where
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True))))
    assert rows, where
    assert all(len(row) == len(rows[0]) for row in rows), where
    for cell in (cell for row in rows[1:] for cell in row):
        risky = cell.startswith(("=", "@", "\t", "\r")) or (
            cell[:1] in "+-" and not re.fullmatch(r"[+-]?[\d.]*", cell)
        )
        assert not risky, f"{where}: the cell {cell!r} would be a formula"


def test_every_page_with_a_table_offers_it_as_csv_that_no_spreadsheet_takes_for_formulas(
    world: World,
) -> None:
    with world.app.app_context():
        house = make_company(db.session, "House", is_operator=True)
        operator = login(world.app.test_client(), make_user(db.session, house, "operator"))
    owner = world.as_user(world.second)
    shown = walk(world, owner, operator=False) | walk(world, operator, operator=True)
    assert MUST_SHOW - shown == set(), "these pages showed no table"


def test_the_calendar_of_pending_changes_is_a_csv_too(world: World) -> None:
    path = f"/products/{world.product.id}/calendar"
    assert f"{path}.csv" in read(world.client.get(path).get_data(as_text=True)).links
    assert world.client.get(f"{path}.csv").get_data(as_text=True).splitlines() == [
        "applies_at_utc,change,codes,decks",
        "2031-01-01T00:00:00+00:00,INCREASE,1,later.csv",
    ]
