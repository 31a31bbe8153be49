"""What every page's template may call: bundles, menu, formats. No page logic here."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from flask import Flask

from app.web.assets import asset
from app.web.nav import entry_of, menu_for


def plain_decimal(value: Decimal | int | str | None, places: int | None = None) -> str:
    """A decimal without exponent; `places` pads with zeros but never cuts digits off."""
    if value is None:
        return "–"
    number = Decimal(value)
    text = f"{number:f}"
    if places is not None:
        whole, _, part = text.partition(".")
        part = part.rstrip("0").ljust(places, "0")
        return f"{whole}.{part}" if part else whole
    return text.rstrip("0").rstrip(".") if "." in text else text


def nanos_decimal(nanos: int | None, places: int = 5) -> str:
    """Nanos as a decimal string with at least `places` decimals."""
    return "–" if nanos is None else plain_decimal(Decimal(nanos).scaleb(-9), places)


def ppm_percent(ppm: int | None, places: int = 1) -> str:
    """Parts per million as a percentage with a sign only where negative."""
    return "–" if ppm is None else f"{Decimal(ppm) / 10_000:.{places}f} %"


def utc_label(instant: datetime | None, *, seconds: bool = False) -> str:
    """2026-11-21 05:00 (UTC is said once per page, not per cell)."""
    if instant is None:
        return "–"
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def spaced(text: str) -> str:
    """A sentence whose thousands are separated as the pages do it (narrow space), not by commas."""
    return re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "\u202f", text)


def instant_text(text: str) -> str:
    """An instant kept as text (`2026-11-23 00:00:00.000000Z`) to the minute, midnight as the day alone; other text as it is."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?:Z|\+00:00)?", text.strip())
    if found is None:
        return text
    return found[1] if found[2] == "00:00" else f"{found[1]} {found[2]}"


def spark_points(values: list[Any], width: int = 96, height: int = 26) -> list[tuple[float, float]]:
    """Screen coordinates of a sparkline; gaps (None) are left out, a flat line stands in the middle."""
    known = [(i, float(v)) for i, v in enumerate(values) if v is not None]
    if not known:
        return []
    low, high = min(v for _, v in known), max(v for _, v in known)
    span = (high - low) or 1.0
    step = width / max(1, len(values) - 1)
    flat = high == low
    return [
        (round(i * step, 1), height / 2 if flat else round(height - 2 - (v - low) / span * (height - 4), 1))
        for i, v in known
    ]


def register_shell(app: Flask) -> None:
    """Give templates their functions and filters."""
    app.jinja_env.globals.update(asset=asset, entry_of=entry_of, menu_for=menu_for, spark_points=spark_points)
    app.jinja_env.filters.update(
        nanos=nanos_decimal,
        decimal=plain_decimal,
        percent=ppm_percent,
        utc=utc_label,
        thousands=lambda n: "–" if n is None else f"{n:,}".replace(",", "\u202f"),
        spaced=spaced,
        instant_text=instant_text,
        tojson_attr=lambda value: json.dumps(value, separators=(",", ":")),
    )
