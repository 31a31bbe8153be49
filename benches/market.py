"""The market browser over half a million offers, on SQLite and on PostgreSQL: pages, depth, basket, first rows in Chromium."""

from __future__ import annotations

import logging
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from app.carriers.models import QualityCounter
from app.clock import utc_now
from app.db import db
from app.jobs.progress import SilentProgress
from app.market.filters import SORTS
from app.market.service.build_market import build_market
from app.market.snapshot import current_market
from benches.result import Result
from rates.schema import TIMELINE
from rates.store import Store
from tests.browser.desk import CHROMIUM
from tests.factories import app as make
from tests.integration import postgres

TITLE = "market browser"
PRODUCTS = int(os.environ.get("TANDEM_BENCH_PRODUCTS", "200"))
DESTINATIONS = 2_500
REQUESTS = int(os.environ.get("TANDEM_BENCH_REQUESTS", "300"))
LINES = 5_000
OLD = datetime(2026, 1, 1, tzinfo=UTC)
TERMS = ((1, 1), (60, 1), (60, 60), (30, 6))
CLASSES = ("premium", "standard", "non_cli", "tdm", "cc")


def run() -> list[Result]:
    found: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="tandem-market-") as folder:
        kept: Path | None = None
        for name, url in _databases():
            with url as address:
                place = Path(folder) / name
                app = make.make_app(place, address)
                client, taken = _filled(app, kept)
                if taken:
                    found.append(Result(f"{name}: build of the market view", taken, "s"))
                kept = Path(app.config["TANDEM"].market_dir)
                found += _measured(name, app, client)
                found += _in_chromium(name, app)
                # Minutes lie between the two databases: what stands so far, also when the second one fails.
                print("\n".join(result.line() for result in found), file=sys.stderr, flush=True)
                with app.app_context():
                    db.engine.dispose()
    return found


def _databases() -> Iterator[tuple[str, Any]]:
    yield "SQLite", _nothing()
    if postgres.programs() is not None:
        yield "PostgreSQL", _postgres()


@contextmanager
def _nothing() -> Iterator[None]:
    yield None


@contextmanager
def _postgres() -> Iterator[str]:
    folder, url = postgres.start()
    name = f"bench_{uuid4().hex}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    try:
        yield url.rsplit("/", 1)[0] + "/" + name
    finally:
        engine.dispose()
        postgres.stop(folder)


def _filled(app: Any, kept: Path | None) -> tuple[Any, float]:
    """A signed-in buyer before PRODUCTS × DESTINATIONS offers; seconds of the build, 0 where the view was copied."""
    source = np.random.default_rng(7)
    codes, names = _destinations(source)
    settings = app.config["TANDEM"]
    with app.app_context():
        session, now = db.session, utc_now()
        store = Store(str(settings.store_dir))
        deck, order = _timeline(codes, names)
        for number in range(PRODUCTS):
            seller = make.make_company(session, f"Carrier {number:03}", sells=True)
            trunk = make.make_vendor_trunk(session, seller)
            trunk.channels = int(source.integers(30, 3000))
            rates = np.round(source.lognormal(-4, 1.1, len(codes)) * 1e6).astype(np.int64) * 1000 + 100_000
            first, following = TERMS[number % len(TERMS)]
            key = "" if kept else store.put(_priced(deck, rates[order], first, following))
            product = make.make_product(
                session,
                seller,
                f"Route {number}",
                CLASSES[number % len(CLASSES)],
                trunk,
                timeline_key=key or "copied",
            )
            if number % 3 == 0:
                session.add_all(_counters(product.id, codes[::40], source, now))
        buyer = make.make_company(session, "Buyer", buys=True)
        user = make.make_user(session, buyer, "owner")
        session.commit()
        taken = 0.0
        if kept is None:
            began = time.perf_counter()
            build_market(session, settings, now=now, progress=SilentProgress())
            taken = time.perf_counter() - began
            session.commit()
        else:
            shutil.copytree(kept, settings.market_dir, dirs_exist_ok=True)
        view = current_market(settings.market_dir)
        assert view.groups.num_rows >= PRODUCTS * DESTINATIONS, view.groups.num_rows
        return make.login(app.test_client(), user), taken


def _destinations(source: np.random.Generator) -> tuple[list[str], list[str]]:
    """Two codes a destination, of real countries."""
    countries = sorted(str(code) for code in COUNTRY_CODE_TO_REGION_CODE if code < 800)
    codes, names = [], []
    for number in range(DESTINATIONS):
        country, area = countries[number % len(countries)], number // len(countries)
        for last in (3, 7):
            codes.append(f"{country}{area:02}{last}")
            names.append(f"Destination {country} {'Mobile' if area % 3 else 'Area'} {area}")
    return codes, names


def _timeline(codes: list[str], names: list[str]) -> tuple[pa.Table, Any]:
    """A deck without prices, and the order of its codes among those given."""
    count = len(codes)
    order = np.argsort(np.array(codes))
    columns = {
        "code": [codes[n] for n in order], "destination": [names[n] for n in order], "rate_nanos": [0] * count,
        "first_rate_nanos": [None] * count, "connect_fee_nanos": [0] * count, "initial_increment": [1] * count,
        "next_increment": [1] * count, "free_seconds": [0] * count, "currency": ["USD"] * count, "status": [0] * count,
        "effective_from": [OLD] * count, "effective_until": [None] * count, "received_at": [OLD] * count, "deck_id": [1] * count,
        "deck_row": list(range(count)), "origin": [None] * count, "jurisdiction": [None] * count,
    }  # fmt: skip
    arrays = {field.name: pa.array(columns[field.name], field.type) for field in TIMELINE}
    return pa.table(arrays, schema=TIMELINE), order


def _priced(deck: pa.Table, rates: Any, first: int, following: int) -> pa.Table:
    count = deck.num_rows
    new = {
        "rate_nanos": rates, "initial_increment": np.full(count, first), "next_increment": np.full(count, following)
    }  # fmt: skip
    for name, values in new.items():
        place = TIMELINE.get_field_index(name)
        deck = deck.set_column(place, TIMELINE.field(name), pa.array(values, TIMELINE.field(name).type))
    return deck


def _counters(
    product_id: int, codes: list[str], source: np.random.Generator, now: datetime
) -> list[QualityCounter]:
    found = []
    for code in codes:
        attempts = int(source.integers(20, 5000))
        answered = attempts * int(source.integers(20, 70)) // 100
        found.append(
            QualityCounter(
                product_id=product_id, code=code, source="calls", window_from=now - timedelta(days=30), window_until=now,
                attempts=attempts, answered=answered, effective=answered, talk_ms=answered * 120_000, pdd_ms_sum=attempts * 2_500,
                pdd_samples=attempts, mos_milli_sum=answered * 4_000, mos_samples=answered,
            )
        )  # fmt: skip
    return found


def _questions(draw: random.Random) -> str:
    """What people ask: words, numbers, chips, sorted columns, later pages."""
    words: list[tuple[str, str]] = []
    kind = draw.random()
    if kind < 0.3:
        words.append(("q", draw.choice(["kenya", "mobile", "carrier 017", "germany mobile", "DE", "area 3"])))
    elif kind < 0.45:
        words.append(("q", draw.choice(["4403", "254017", "4907", "33127"])))
    for name, values in (("class", CLASSES), ("quality", ("measured", "asr40", "pdd4")), ("country", ("GB", "KE", "DE", "FR")),
                         ("price", ("0.05", "0.15")), ("change", ("none",))):  # fmt: skip
        if draw.random() < 0.25:
            words.append((name, draw.choice(values)))
    if draw.random() < 0.6:
        words.append(("sort", draw.choice(SORTS)))
        words.append(("dir", draw.choice(("asc", "desc"))))
    else:
        words.append(("tab", draw.choice(("cheapest", "quality", "value"))))
    words.append(("page", str(draw.choice((1, 1, 1, 2, 5, 100)))))
    return "/market?" + urlencode(words)


def _measured(name: str, app: Any, client: Any) -> list[Result]:
    draw = random.Random(11)
    first = _timed(lambda: _ok(client.get("/market")))
    pages = [_timed(lambda: _ok(client.get(_questions(draw)))) for _ in range(REQUESTS)]
    depths = [
        _timed(lambda: _ok(client.get(f"/market/depth?q={draw.choice(('44037', '254013', '49077', '33123'))}{draw.randrange(10**6)}")))
        for _ in range(REQUESTS // 3)
    ]  # fmt: skip
    view = current_market(app.config["TANDEM"].market_dir)
    codes = draw.choices(sorted(set(view.codes["code"].to_pylist())), k=LINES)
    profile = "\n".join(f"{code},{draw.randrange(1000, 100_000)},0.05" for code in codes)
    wish = {"profile": profile, "asr": "40", "unmeasured": "y"}
    baskets = [_timed(lambda: _ok(client.post("/market/basket", data=wish))) for _ in range(5)]
    tables = [
        _timed(lambda: _ok(client.post("/market/basket", data={**wish, "download": "y"}))) for _ in range(3)
    ]
    lines = f"{LINES:,} destinations"
    return [
        *_both(f"{name}: first page of a new market view", [first], 1.0, "ms", 1000),
        *_both(f"{name}: filter, sort, page, p50", pages, 0.5, "ms", 1000),
        *_both(f"{name}: filter, sort, page, p95", pages, 0.95, "ms", 1000, 150),
        *_both(f"{name}: depth of market, p95", depths, 0.95, "ms", 1000, 150),
        *_both(f"{name}: basket of {lines}, page, slowest of 5", baskets, 1.0, "s", 1, 3),
        *_both(f"{name}: basket of {lines}, CSV, slowest of 3", tables, 1.0, "s", 1, 3),
    ]


def _both(
    what: str, times: list[Spent], share: float, unit: str, scale: int, target: float | None = None
) -> list[Result]:
    """By the clock, which the target is for, and of processor: on a machine that does other things they differ."""
    clock = [spent.clock for spent in times]
    processor = [spent.processor for spent in times]
    return [
        Result(what, _rank(clock, share) * scale, unit, target),
        Result(f"{what} (processor)", _rank(processor, share) * scale, unit),
    ]


def _in_chromium(name: str, app: Any) -> list[Result]:
    """From the address to the first row of the table, a server beside it."""
    from playwright.sync_api import sync_playwright
    from werkzeug.serving import make_server

    with app.app_context():
        company = make.make_company(db.session, "Looker", buys=True)
        email = make.make_user(db.session, company, "owner", None, make.PASSWORD).email
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # figures, not a line for every picture
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    seconds = []
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
            page = browser.new_page(base_url=f"http://127.0.0.1:{server.server_port}")
            page.goto("/sign-in")
            page.fill("input[name=email]", email)
            page.fill("input[name=password]", make.PASSWORD)
            page.click("button[type=submit]:has-text('Sign in')")
            page.wait_for_url(lambda url: "/sign-in" not in url)
            for path in (
                "/market",
                "/market?sort=asr&dir=desc",
                "/market?q=mobile",
                "/market?tab=quality",
                "/market?q=254017",
            ):
                began = time.perf_counter()
                page.goto(path, wait_until="commit")
                page.locator(".market-table tbody tr").first.wait_for()
                seconds.append(time.perf_counter() - began)
            browser.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    return [Result(f"{name}: first rows in Chromium, slowest of 5 pages", max(seconds), "s", 1.5)]


@dataclass(frozen=True)
class Spent:
    """Seconds of the clock, and of processor in all threads."""

    clock: float
    processor: float


def _timed(work: Callable[[], object]) -> Spent:
    began, used = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - began, time.process_time() - used)


def _ok(answer: Any) -> None:
    body = answer.get_data()
    assert answer.status_code == 200, (answer.status_code, body[-500:])


def _rank(seconds: list[float], share: float) -> float:
    """What this share of them stays within."""
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))]
