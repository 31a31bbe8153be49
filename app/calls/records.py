"""A line of the edge's log (docs/test-calls.md) in the columns of a test call. Unknown fields pass, missing ones are None."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from app.clock import from_micros

SIDES = ("a", "b")
LABELS = {"finding": 20, "outcome": 12, "verdict": 12, "released_by": 16, "shown": 12}


def instant(micros: Any) -> datetime | None:
    return from_micros(int(micros)) if isinstance(micros, int) and micros > 0 else None


def millis(micros: Any) -> int | None:
    """Down to the whole millisecond."""
    return int(micros) // 1000 if isinstance(micros, int) else None


def after_invite(record: dict[str, Any], name: str) -> int | None:
    """Milliseconds from the INVITE to an instant of the record."""
    at, begun = record.get(name), record.get("invited_us")
    return (at - begun) // 1000 if isinstance(at, int) and isinstance(begun, int) else None


def cost_of_record(record: dict[str, Any]) -> tuple[str, Decimal] | None:
    """Currency and amount of the record's price; None without a rate."""
    price = record.get("price")
    if not isinstance(price, dict) or not isinstance(price.get("cost_nanos"), int):
        return None
    return str(price["currency"])[:3], Decimal(price["cost_nanos"]).scaleb(-9)


def columns(record: dict[str, Any]) -> dict[str, Any]:
    """Values of TestCall's result columns."""
    media = (record.get("media") or {}).get("b") or {}
    findings = [one for one in record.get("findings") or [] if isinstance(one, dict)]
    cli = record.get("cli") or {}
    return {
        "begun_at": instant(record.get("invited_us") or record.get("begun_us")),
        "ended_at": instant(record.get("ended_us")),
        "outcome": _label(record, "outcome"),
        "sip_code": record.get("code"),
        "phrase": str(record.get("reason") or "")[:80],
        "cause": record.get("q850"),
        "released_by": _label(record, "released_by"),
        "pdd_ms": millis(record.get("pdd_us")),
        "ringing_ms": millis(record.get("ringing_for_us")),
        "answered_ms": after_invite(record, "answered_us"),
        "talk_ms": millis(record.get("talk_us")) if record.get("answered_us") is not None else None,
        "mos_milli": media.get("mos_cq_milli"),
        "mos_estimated": bool(media.get("mos_estimated")),
        "loss_ppm": media.get("loss_ppm"),
        "jitter_us": media.get("mean_jitter_us", media.get("jitter_us")),
        "cli": _label(cli, "shown"),
        "verdict": _label(record, "verdict"),
        "finding": _label(findings[0], "finding") if findings else "",
        "findings": findings,
    }


def events_of(record: dict[str, Any], call_id: int) -> list[dict[str, Any]]:
    """Rows of TestEvent; a line without a number or an instant is left out."""
    rows: dict[int, dict[str, Any]] = {}
    for one in record.get("events") or []:
        if isinstance(one, dict) and isinstance(one.get("n"), int) and isinstance(one.get("at_us"), int):
            rows[one["n"]] = event_row(one, call_id)
    return [rows[n] for n in sorted(rows)]


def event_row(one: dict[str, Any], call_id: int) -> dict[str, Any]:
    kept = {name: value for name, value in one.items() if name not in ("n", "at_us", "event", "side")}
    return {
        "call_id": call_id, "n": one["n"], "at_us": one["at_us"], "event": str(one.get("event") or "")[:16],
        "side": str(one.get("side") or "")[:1], "fields": kept,
    }  # fmt: skip


def media_of(record: dict[str, Any], call_id: int) -> list[dict[str, Any]]:
    """Rows of TestMedia: what was received from each side, and at our far end."""
    found = {side: (record.get("media") or {}).get(side) for side in SIDES}
    found["f"] = (record.get("far") or {}).get("media")
    return [
        {
            "call_id": call_id, "side": side, "seconds": list(figures.get("seconds") or []),
            "figures": {name: value for name, value in figures.items() if name != "seconds"},
        }
        for side, figures in found.items()
        if isinstance(figures, dict)
    ]  # fmt: skip


def files_of(record: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """(side, kind, {path, bytes, sha256}) of every file the record names."""
    named = [("b", record.get("files") or {}), ("f", (record.get("far") or {}).get("files") or {})]
    return [
        (side, kind, files[kind])
        for side, files in named
        for kind in ("wav", "pcap")
        if isinstance(files.get(kind), dict) and files[kind].get("path")
    ]


def remainder(record: dict[str, Any]) -> dict[str, Any]:
    """The record without what stands in rows of its own: events, and the seconds of media."""
    rest = {name: value for name, value in record.items() if name not in ("events", "v", "kind")}
    rest["media"] = {side: _bare(figures) for side, figures in (record.get("media") or {}).items()}
    if isinstance(record.get("far"), dict):
        rest["far"] = {**record["far"], "media": _bare(record["far"].get("media"))}
    return rest


def _bare(figures: Any) -> Any:
    if not isinstance(figures, dict):
        return figures
    return {name: value for name, value in figures.items() if name != "seconds"}


def _label(words: dict[str, Any], name: str) -> str:
    return str(words.get(name) or "")[: LABELS[name]]
