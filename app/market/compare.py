"""Two to four offers side by side: attributes as rows, the best cell said in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from app.clock import from_micros
from app.errors import Invalid, NotFound
from app.market.assemble import WEEKS
from app.market.figures import figures
from app.market.snapshot import MarketSnapshot
from app.web.shell import nanos_decimal, ppm_percent

MOST = 4
QUALITY = (
    ("asr", "highest"),
    ("ner", "highest"),
    ("acd", "longest"),
    ("pdd", "shortest"),
    ("mos", "highest"),
)


@dataclass(frozen=True)
class Cell:
    """`best`: words such as "cheapest" for the winner, "" otherwise."""

    text: str
    best: str = ""
    tone: str = ""
    note: str = ""


@dataclass(frozen=True)
class Line:
    label: str
    cells: tuple[Cell, ...]

    @property
    def differs(self) -> bool:
        return len({cell.text for cell in self.cells}) > 1


@dataclass(frozen=True)
class Comparison:
    offers: list[dict[str, Any]]
    lines: list[Line]
    chart: dict[str, Any]
    destinations: list[tuple[str, list[int | None]]]


def offer_row(market: MarketSnapshot, key: str) -> dict[str, Any]:
    """The group named `key`. NotFound when it is not, or no longer, on the market."""
    found = (
        market.groups.filter(pc.equal(market.groups["key"], key)) if market.groups.num_rows else market.groups
    )
    if found.num_rows == 0:
        raise NotFound("This offer is not on the market (any more).", hint="Search the market again.")
    row: dict[str, Any] = found.slice(0, 1).to_pylist()[0]
    return row


def compare(market: MarketSnapshot, keys: Sequence[str]) -> Comparison:
    """Raises Invalid unless 2 to 4 different offers are named."""
    keys = list(dict.fromkeys(keys))
    if not 2 <= len(keys) <= MOST:
        raise Invalid("Compare takes two to four offers.", hint="Tick offers in the market, then Compare.")
    offers = [offer_row(market, key) for key in keys]
    return Comparison(
        offers, _lines(market, offers), history_chart(market, offers), _destinations(market, offers)
    )


def _lines(market: MarketSnapshot, offers: list[dict[str, Any]]) -> list[Line]:
    base = market.base_currency
    lines = [
        _plain("Seller", [o["seller"] for o in offers]),
        _plain("Product", [o["product"] for o in offers]),
        _plain("Class", [o["route_class"].replace("non_cli", "non-CLI") for o in offers]),
        _plain("Destination", [f"{o['country_name']}: {o['destination']}" for o in offers]),
        _plain("Dial codes", [str(o["codes"]) for o in offers]),
        _ranked(f"60 s call, {base} a minute", [o["eff60"] for o in offers], nanos_decimal, low="cheapest"),
        _ranked(f"180 s call, {base} a minute", [o["eff180"] for o in offers], nanos_decimal, low="cheapest"),
        _plain("Rate in the deck", [f"{nanos_decimal(o['rate_nanos'])} {o['currency']}" for o in offers]),
        _plain("Increments", [f"{o['initial_increment']}/{o['next_increment']}" for o in offers]),
        _plain("Connect fee", [_fee(o) for o in offers]),
        _plain("Announced change", [_change(o) for o in offers]),
    ]
    lines.append(_reputations(offers))
    measured = [figures(o) for o in offers]
    for name, words in QUALITY:
        shown = [one[name] for one in measured]
        sound = [one.value for one in shown if one.value is not None and one.tone != "none"]
        best = (min(sound) if name == "pdd" else max(sound)) if len(set(sound)) > 1 else None
        lines.append(
            Line(name.upper(), tuple(
                Cell(one.text, words if best is not None and one.value == best and one.tone != "none" else "", one.tone, f"n={one.samples}")
                for one in shown
            ))
        )  # fmt: skip
    return lines


def _reputations(offers: list[dict[str, Any]]) -> Line:
    """ "new" never wins and never loses."""
    values = [o.get("reputation_ppm") for o in offers]
    known = [value for value in values if value is not None]
    best = max(known) if len(set(known)) > 1 else None
    return Line("Reputation", tuple(
        Cell("new" if v is None else ppm_percent(v), "highest" if v is not None and v == best else "", "", _calls(o))
        for v, o in zip(values, offers, strict=True)
    ))  # fmt: skip


def _calls(offer: dict[str, Any]) -> str:
    return f"n={offer.get('reputation_calls') or 0}"


def _plain(label: str, texts: list[str]) -> Line:
    return Line(label, tuple(Cell(text) for text in texts))


def _ranked(label: str, values: list[int], show: Any, *, low: str) -> Line:
    best = min(values) if len(set(values)) > 1 else None
    cells = []
    for value in values:
        above = f"+{ppm_percent((value - best) * 1_000_000 // best)}" if best and value != best else ""
        cells.append(Cell(show(value), low if value == best else "", "", above))
    return Line(label, tuple(cells))


def _fee(offer: dict[str, Any]) -> str:
    return (
        f"{nanos_decimal(offer['connect_fee_nanos'])} {offer['currency']}"
        if offer["connect_fee_nanos"]
        else "none"
    )


def _change(offer: dict[str, Any]) -> str:
    if offer["next_at"] is None:
        return "none"
    day = _day(offer["next_at"])
    if offer["next_rate"] is None:
        return f"ends {day}"
    sign = "+" if (offer["next_ppm"] or 0) > 0 else ""
    return f"{nanos_decimal(offer['next_rate'])} ({sign}{ppm_percent(offer['next_ppm'])}) from {day}"


def _day(micros: int) -> str:
    return from_micros(micros).strftime("%Y-%m-%d")


def history_chart(market: MarketSnapshot, offers: list[dict[str, Any]]) -> dict[str, Any]:
    """For the line chart: weekly rates in the base currency at today's exchange rate. Drawing only, hence floats."""
    x = [int((market.at - timedelta(days=7 * back)).timestamp()) for back in range(WEEKS - 1, -1, -1)]
    series = []
    for offer in offers:
        fx = market.fx_nanos.get(offer["currency"], 0)
        values = [None if v is None else v * fx // 10**9 / 1e9 for v in offer["history"]]
        series.append({"label": f"{offer['seller']}, {offer['product']}", "values": values})
    return {"x": x, "series": series, "places": 5, "stepped": True}


def _destinations(market: MarketSnapshot, offers: list[dict[str, Any]]) -> list[tuple[str, list[int | None]]]:
    """Price of a 180 s call (base nanos a minute) by destination of the compared countries, one column an offer."""
    products = [o["product_id"] for o in offers]
    countries = sorted({o["country"] for o in offers})
    groups = market.groups
    part = groups.filter(
        pc.and_(
            pc.is_in(groups["product_id"], pa.array(products, groups["product_id"].type)),
            pc.is_in(groups["country"], pa.array(countries, pa.utf8())),
        )
    ).select(["product_id", "destination", "eff180"]).to_pylist()  # fmt: skip
    prices: dict[str, dict[int, int]] = {}
    for row in part:
        prices.setdefault(row["destination"], {})[row["product_id"]] = row["eff180"]
    # Destinations that most of the compared offers name come first.
    ordered = sorted(prices.items(), key=lambda item: (-len(item[1]), item[0]))
    return [(name, [by_product.get(product) for product in products]) for name, by_product in ordered[:200]]
