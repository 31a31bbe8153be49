"""What a person asked the market for; the query string is the whole state of the page."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from app.carriers.models import ROUTE_CLASSES
from app.errors import Invalid

TABS = ("cheapest", "quality", "value")
SORTS = (
    "destination",
    "seller",
    "rate",
    "eff60",
    "eff180",
    "change",
    "asr",
    "acd",
    "pdd",
    "mos",
    "value",
    "quality",
    "reputation",
)
QUALITY = {
    "measured": "Measured",
    "asr40": "ASR ≥ 40 %",
    "acd2": "ACD ≥ 2 min",
    "pdd4": "PDD ≤ 4 s",
    "mos38": "MOS ≥ 3.8",
}
CHANGES = {"up": "Increase ahead", "down": "Decrease ahead", "ending": "Ending", "none": "No change ahead"}
PRICES = ("0.01", "0.05", "0.15", "0.50")


@dataclass(frozen=True)
class Filters:
    """Empty means: no restriction. `max_price` in units of the base currency a minute, for a call of 180 s."""

    q: str = ""
    classes: tuple[str, ...] = ()
    sellers: tuple[int, ...] = ()
    countries: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    quality: tuple[str, ...] = ()
    change: str = ""
    max_price: str = ""
    watched: bool = False
    tab: str = "cheapest"
    sort: str = ""
    descending: bool = False
    page: int = 1

    @property
    def digits(self) -> str:
        """The search as a number or code, "" when it is text."""
        text = re.sub(r"[\s().\-/+]", "", self.q)
        return text if re.fullmatch(r"[0-9]{1,15}", text) else ""

    @property
    def max_price_nanos(self) -> int | None:
        return int(Decimal(self.max_price).scaleb(9)) if self.max_price else None

    def pairs(self) -> list[tuple[str, str]]:
        """The query string's parts, defaults left out, in a fixed order."""
        found = [("q", self.q)] if self.q else []
        for name, values in (("class", self.classes), ("seller", self.sellers), ("country", self.countries),
                             ("currency", self.currencies), ("quality", self.quality)):  # fmt: skip
            found += [(name, str(value)) for value in values]
        for name, value in (("change", self.change), ("price", self.max_price), ("sort", self.sort)):
            if value:
                found.append((name, value))
        if self.watched:
            found.append(("watched", "1"))
        if self.sort and self.descending:
            found.append(("dir", "desc"))
        if self.tab != "cheapest":
            found.append(("tab", self.tab))
        if self.page > 1:
            found.append(("page", str(self.page)))
        return found

    def url(self, path: str = "/market", **changes: Any) -> str:
        """The address of the same search with `changes`; a changed search starts at its first page."""
        text = urlencode(replace(self, **{"page": 1, **changes}).pairs())
        return f"{path}?{text}" if text else path

    def toggled(self, name: str, value: Any, path: str = "/market") -> str:
        """The address with `value` put into or taken out of the list `name`."""
        values = getattr(self, name)
        changed = tuple(v for v in values if v != value) if value in values else (*values, value)
        return self.url(path, **{name: changed})


def filters_of(args: MultiDict[str, str]) -> Filters:
    """Raises Invalid for a word the market does not know."""
    tab = args.get("tab", "cheapest")
    sort = args.get("sort", "")
    _known("tab", [tab], TABS)
    _known("sort", [sort] if sort else [], SORTS)
    _known("class", args.getlist("class"), ROUTE_CLASSES)
    _known("quality", args.getlist("quality"), tuple(QUALITY))
    change = args.get("change", "")
    _known("change", [change] if change else [], tuple(CHANGES))
    return Filters(
        q=args.get("q", "").strip()[:120], classes=_list(args, "class"), sellers=_sellers(args), countries=_list(args, "country"),
        currencies=_list(args, "currency"), quality=_list(args, "quality"), change=change, max_price=_price(args.get("price", "")),
        watched=args.get("watched") == "1", tab=tab, sort=sort, descending=args.get("dir") == "desc",
        page=max(1, min(100_000, args.get("page", 1, type=int))),
    )  # fmt: skip


def _list(args: MultiDict[str, str], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in args.getlist(name) if value))


def _sellers(args: MultiDict[str, str]) -> tuple[int, ...]:
    values = _list(args, "seller")
    if not all(value.isdigit() and len(value) < 16 for value in values):
        raise Invalid("A seller is named by its number.", hint="Choose the seller from the chips.")
    return tuple(int(value) for value in values)


def _price(text: str) -> str:
    if not text:
        return ""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or not 0 <= value <= 1000 or value != value.quantize(Decimal("1e-9")):
        raise Invalid(f"{text} is not a price.", hint="Write a price per minute such as 0.015.")
    return text


def _known(name: str, values: list[str], known: tuple[str, ...]) -> None:
    for value in values:
        if value and value not in known:
            raise Invalid(f"{value} is not a {name}.", hint=f"One of: {', '.join(known)}.")
