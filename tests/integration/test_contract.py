"""One answer, four ways: the library, the edge over HTTP, the simulator's API and its page agree in every field.

Only the decision's id differs: the edge gives each call its own.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest

from app.clock import to_micros, utc_now
from app.db import db
from app.routing.models import FxRate
from lcr_core import QueryError, Snapshot
from tests.edge.process import Edge
from tests.factories.exchange import Exchange

NUMBERS = 240
TRUNKS: dict[str, dict[str, Any]] = {
    "Cheapest": {"blocked_codes": ["4490"]},
    "Measured": {
        "policy": {"kind": "quality", "floor_asr_ppm": 400_000, "classes": ["premium", "standard"]}, "max_routes": 3,
    },
    "Scored": {
        "policy": {
            "kind": "score", "w_cost_ppm": 500_000, "w_asr_ppm": 300_000, "w_pdd_ppm": 200_000, "asr_target_ppm": 550_000,
            "pdd_max_ms": 8_000, "max_cost_nanos": 250_000_000,
        },
        "opened_codes": ["8816"],
    },
}  # fmt: skip
NAMES = ("Acme Carrier", "Bravo Telecom", "Carib Voice", "Delta Wholesale", "Echo Lines")
AREAS = {
    "44": "United Kingdom", "447": "United Kingdom Mobile", "4420": "United Kingdom London", "254": "Kenya", "2547": "Kenya Mobile",
    "33": "France", "336": "France Mobile", "1": "United States", "91": "India", "8816": "Iridium", "390": "Italy",
}  # fmt: skip


def deck_text(chance: random.Random, now: datetime) -> str:
    """A full deck of some hundred codes: longer ones of every area, some blocked, some that change tomorrow."""
    day = f"{now:%Y-%m-%d}"
    tomorrow = f"{now + timedelta(days=1):%Y-%m-%d}"
    names: dict[str, str] = {}
    for area, name in AREAS.items():
        if chance.random() < 0.15:
            continue
        tails = [
            "",
            *(f"{chance.randrange(100):02}" for _ in range(12)),
            *"".join(map(str, chance.sample(range(10), 4))),
        ]
        names |= {area + tail: name for tail in tails if not tail or area + tail not in AREAS}
    lines = ["Destination,Code,Rate,Increments,Effective date"]
    for code, name in sorted(names.items()):
        rate = (
            "blocked" if code not in AREAS and chance.random() < 0.06 else f"0.{chance.randrange(10, 900):04}"
        )
        terms = chance.choice(("1/1", "60/60", "30/6"))
        lines.append(f"{name},{code},{rate},{terms},{tomorrow if chance.random() < 0.1 else day}")
    return "\n".join(lines) + "\n"


def numbers(chance: random.Random) -> list[str]:
    """Numbers of every area, of areas nobody sells, and of codes that are blocked or closed."""
    starts = [*AREAS, "4490", "881", "88165", "81", "979"]
    found: set[str] = set()
    while len(found) < NUMBERS:
        start = chance.choice(starts)
        found.add(start + "".join(chance.choices("0123456789", k=11 - len(start))))
    # Every tenth as a person writes it.
    return [f"+{n[:2]} {n[2:5]}-{n[5:]}" if place % 10 == 0 else n for place, n in enumerate(sorted(found))]


def caller_of(number: str) -> str | None:
    """Every third call says who calls."""
    return "+33 6 12 34 56 78" if number[-1] in "036" else None


def digits(number: str | None) -> str | None:
    """The library takes a caller as it is to be written down."""
    return number.lstrip("+").replace(" ", "") if number else None


@dataclass
class Place:
    exchange: Exchange
    edge: Edge
    snapshot: Snapshot
    now: datetime
    asked: list[str]

    def at(self, days: int) -> datetime:
        """A whole second: the page's field has no smaller one."""
        return (self.now + timedelta(days=days)).replace(microsecond=0)

    def library(self, trunk: str | None, number: str, at: datetime) -> dict[str, Any]:
        """Without a trunk: the operator's view."""
        query = {
            "trunk": self.exchange.trunks[trunk] if trunk else None, "dnis": number, "ani": digits(caller_of(number)),
            "at_us": to_micros(at), "explain": True, "explain_scope": "caller" if trunk else "all",
        }  # fmt: skip
        answer: dict[str, Any] = json.loads(self.snapshot.decide(json.dumps(query)))
        return answer

    def over_http(self, trunk: str, number: str, at: datetime) -> dict[str, Any]:
        words = {
            "dnis": number,
            "ani": caller_of(number) or "",
            "at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "explain": "1",
        }
        reply = self.edge.lcr(urlencode(words), key=self.exchange.keys[trunk])
        assert reply.status == 200, reply.body
        return reply.json()

    def words(self, trunk: str | None, number: str, at: datetime) -> dict[str, Any]:
        """The simulator's query string."""
        words = {
            "number": number,
            "trunk": self.exchange.trunks[trunk] if trunk else 0,
            "at": f"{at:%Y-%m-%dT%H:%M:%S}",
        }
        caller = caller_of(number)
        return words | ({"ani": caller} if caller else {})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    chance, now = random.Random(20261121), utc_now()
    exchange = Exchange.empty(tmp_path_factory.mktemp("exchange"))
    classes = ("premium", "standard", "non_cli", "standard", "premium")
    for number, (name, route_class) in enumerate(zip(NAMES, classes, strict=True), 1):
        currency = {"Bravo Telecom": "EUR", "Delta Wholesale": "CHF"}.get(name, "USD")
        exchange.seller(
            name, "Voice", route_class, f"192.0.2.{number}", currency=currency, listed=name != "Echo Lines"
        )
        exchange.deck(name, deck_text(chance, now))
        for code in ("44", "447", "33"):
            exchange.measured(
                name, code, attempts=chance.randrange(100, 300), answered=chance.randrange(5, 20) * number
            )
    exchange.operator("Tandem")
    exchange.buyer("Borealis Talk", **TRUNKS)
    for trunk in TRUNKS:
        exchange.grant(trunk, "Acme Carrier", until=now + timedelta(hours=12))
        for name in NAMES[1:4]:
            exchange.grant(trunk, name)
    with exchange.app.app_context():
        # One euro is a dollar ten; nobody has said what a franc is.
        db.session.add(FxRate(currency="EUR", rate="1.10", valid_from=now, created_at=now))
        db.session.commit()
    exchange.work("snapshot.build")
    root = exchange.settings.snapshot_dir
    edge = Edge(tmp_path_factory.mktemp("edge"), root).start()
    yield Place(exchange, edge, Snapshot.open(str(root)), now, numbers(chance))
    edge.stop()


def without_id(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "decision_id"}


@pytest.mark.parametrize("trunk", list(TRUNKS))
def test_library_edge_and_simulator_give_one_answer(place: Place, trunk: str) -> None:
    client = place.exchange.client("Borealis Talk")
    seen: Counter[str] = Counter()
    for position, number in enumerate(place.asked):
        at = place.at((0, 2)[position % 2])
        answer = place.library(trunk, number, at)
        assert without_id(place.over_http(trunk, number, at)) == without_id(answer), (number, at)
        shown = client.get("/api/v1/lcr/simulate", query_string=place.words(trunk, number, at))
        assert shown.status_code == 200, shown.get_data(as_text=True)
        assert without_id(shown.json) == without_id(answer), (number, at)
        seen.update([answer["status"], *(row["verdict"] for row in answer["explain"])])
    # The numbers are worth asking: every kind of answer came up.
    wanted = {
        "ok",
        "no_route",
        "blocked",
        "selected",
        "no_match",
        "no_fx",
        "not_granted",
        "not_yet_effective",
    }
    if trunk == "Measured":
        wanted |= {"class", "quality_floor"}
    assert wanted <= seen.keys(), seen


def test_the_operator_sees_every_offer_as_the_library_does(place: Place) -> None:
    client = place.exchange.client("Tandem")
    for number in place.asked[::4]:
        answer = place.library(None, number, place.at(0))
        shown = client.get("/api/v1/lcr/simulate", query_string=place.words(None, number, place.at(0)))
        assert without_id(shown.json) == without_id(answer), number
        assert answer["status"] == "blocked" or len(answer["explain"]) == len(NAMES)


class Vendors(HTMLParser):
    """The vendors of the page by the section they stand in (`chosen`, `refused`): each the texts of its cells, without
    what unfolds below; a drawn match becomes its label."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: dict[str, list[list[str]]] = {}
        self._section = ""
        self._depth = -1  # of open <div>s inside a vendor; -1 = outside
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        words = dict(attrs)
        if tag == "section":
            self._section = words.get("id") or ""
        elif tag == "li" and "data-row" in words:
            self.rows.setdefault(self._section, []).append([])
            self._depth = 0
        elif tag == "details":
            self._depth = -1
        elif tag == "div" and self._depth >= 0:
            if self._depth == 0:
                self.rows[self._section][-1].append("")
            self._depth += 1
        if self._depth > 0 and words.get("aria-label"):
            self.handle_data(f"{words['aria-label']}: ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "div" and self._depth > 0:
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        if self._depth > 0 and data.strip():
            cells = self.rows[self._section][-1]
            cells[-1] = f"{cells[-1]} {data.strip()}".strip()


def test_the_page_shows_the_routes_and_reasons_of_the_edge(place: Place) -> None:
    client = place.exchange.client("Borealis Talk")
    names = place.exchange.names
    for position, number in enumerate(place.asked):
        trunk, at = list(TRUNKS)[position % 3], place.at((0, 2)[position % 2])
        answer = place.over_http(trunk, number, at)
        page = client.get("/simulator", query_string=place.words(trunk, number, at))
        assert page.status_code == 200
        vendors = Vendors(page.get_data(as_text=True)).rows
        routes = vendors.get("chosen", [])
        assert len(routes) == len(answer["routes"])
        for cells, route in zip(routes, answer["routes"], strict=True):
            assert cells[0] == str(route["rank"])
            assert cells[1].startswith(f"{names[route['vendor']]} {route['product']}")
            assert cells[2].startswith(f"code {route['code']} of {answer['b']}: ")
            assert cells[2].endswith(f" {route['destination']}")
            assert cells[3].split(" ")[:2] == [route["rate"], route["currency"]]
            assert cells[5].split(" ")[0] == route["eff"]
        refused = [row for row in answer["explain"] if row["verdict"] != "selected"]
        shown = vendors.get("refused", [])
        assert len(shown) == len(refused)
        for cells, row in zip(shown, refused, strict=True):
            assert cells[0] == row["verdict"].replace("_", " ")
            assert cells[1].startswith(f"{names[row['vendor']]} {row['product']}")
            assert cells[2].startswith(f"code {row['code']} of {answer['b']}: " if row["code"] else "no code")
            assert cells[-1] == row["detail"]


def test_a_number_that_is_none_is_refused_by_all(place: Place) -> None:
    client = place.exchange.client("Borealis Talk")
    trunk, at = "Cheapest", place.at(0)
    for number in ("44x20", "1234567890123456"):
        refused = place.edge.lcr(urlencode({"dnis": number}), key=place.exchange.keys[trunk])
        assert (refused.status, refused.json()["code"]) == (400, "bad_number")
        with pytest.raises(QueryError):
            place.library(trunk, number, at)
        for path in ("/simulator", "/api/v1/lcr/simulate"):
            assert client.get(path, query_string=place.words(trunk, number, at)).status_code == 422
