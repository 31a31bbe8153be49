"""Series over the seconds of a call and over the tests of a product, as chart.js reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.calls.models import TestMedia
from app.calls.queries import CallRow
from app.calls.score import mos_of_seconds

SIDES = {"a": "from the buyer", "b": "from the vendor", "f": "at our number"}


def media_charts(media: Mapping[str, TestMedia]) -> list[tuple[str, dict[str, Any]]]:
    """(heading, chart) for MOS, loss and jitter; nothing where no media came."""
    sides = {side: one for side, one in media.items() if one.seconds}
    if not sides:
        return []
    last = max(row[0] for one in sides.values() for row in one.seconds)
    axis = list(range(int(last) + 1))
    mos = {
        side: dict(
            zip((row[0] for row in one.seconds), mos_of_seconds(one.figures, one.seconds), strict=True)
        )
        for side, one in sides.items()
    }
    by_second = {side: {row[0]: row for row in one.seconds} for side, one in sides.items()}

    def chart(values: Mapping[str, list[float | None]], places: int, **more: Any) -> dict[str, Any]:
        series = [{"label": SIDES[side], "values": values[side]} for side in sides]
        return {"x": axis, "series": series, "places": places, "unit": "s", **more}

    def loss(row: Sequence[int | None] | None) -> float | None:
        if row is None or not row[2]:
            return None
        gone = min(max(row[3] or 0, 0) + (row[4] or 0), row[2])
        return round(100 * gone / row[2], 2)

    return [
        (
            "MOS of each second",
            chart({s: [_scaled(mos[s].get(at)) for at in axis] for s in sides}, 2, low=1, high=4.5),
        ),
        (
            "Lost and late packets, %",
            chart({s: [loss(by_second[s].get(at)) for at in axis] for s in sides}, 1, low=0),
        ),
        ("Jitter, ms", chart({s: [_jitter(by_second[s].get(at)) for at in axis] for s in sides}, 1, low=0)),
    ]


def history_chart(rows: Sequence[CallRow]) -> dict[str, Any]:
    """MOS and PDD of each test of one product, oldest first."""
    done = sorted((row for row in rows if row.ended_at is not None and row.outcome), key=lambda row: row.id)
    return {
        "x": [int(row.ended_at.timestamp()) for row in done if row.ended_at is not None], "places": 2, "unit": "at", "low": 0,
        "series": [
            {"label": "PDD, s", "values": [None if row.pdd_ms is None else round(row.pdd_ms / 1000, 2) for row in done]},
            {"label": "MOS", "values": [_scaled(row.mos_milli) for row in done]},
        ],
    }  # fmt: skip


def _scaled(milli: int | None) -> float | None:
    return None if milli is None else milli / 1000


def _jitter(row: Sequence[Any] | None) -> float | None:
    return None if row is None or row[5] is None else round(row[5] / 1000, 1)
