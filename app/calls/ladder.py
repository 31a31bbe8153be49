"""The ladder of a call: lanes, arrows and marks with their places, for the drawing and for the table beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.calls.words import code_words

ROW, TOP, TIME_X, RIGHT = 30, 58, 84, 770
ROWS_MAX = 400
LANE_NAMES: Final = {"a": "Buyer's switch", "us": "Tandem", "b": "Vendor", "f": "Our number"}
# What is drawn beside the messages themselves.
MARKS: Final = {
    "early_media": "first audio before the answer", "answered": "answered", "key": "key", "released": "released",
}  # fmt: skip


@dataclass(frozen=True)
class Lane:
    key: str
    name: str
    x: int


@dataclass(frozen=True)
class Rung:
    """`x1` to `x2` for a message, `x1` alone for a mark. `tone`: request, progress, good, poor, mark. `again`: a copy."""

    n: int
    y: int
    at_us: int
    after: str
    sender: str
    receiver: str
    label: str
    detail: str
    tone: str
    x1: int
    x2: int | None
    again: bool

    @property
    def middle(self) -> int:
        return self.x1 if self.x2 is None else (self.x1 + self.x2) // 2

    @property
    def head(self) -> str:
        """Points of the arrow head."""
        if self.x2 is None:
            return ""
        back = -9 if self.x2 > self.x1 else 9
        return f"{self.x2},{self.y} {self.x2 + back},{self.y - 4.5} {self.x2 + back},{self.y + 4.5}"


@dataclass(frozen=True)
class Ladder:
    """`left_out`: events beyond what is drawn."""

    lanes: list[Lane]
    rungs: list[Rung]
    height: int
    left_out: int = 0


def draw(events: Sequence[dict[str, Any]], mode: str, *, own: bool) -> Ladder:
    """From events as the edge tells them, of a call that runs or has ended."""
    shown = [one for one in events if one.get("event") == "message" or one.get("event") in MARKS]
    keys = (
        ["a", "us", "b"]
        if mode == "forwarded"
        else ["us", "b", "f"]
        if own or _has(shown, "f")
        else ["us", "b"]
    )
    if mode == "far_end":
        keys = ["f", "us"]
    lanes = _lanes(keys)
    places = {lane.key: lane.x for lane in lanes}
    start = next((one["at_us"] for one in shown), 0)
    rungs = [_rung(one, index, start, places, mode) for index, one in enumerate(shown[:ROWS_MAX])]
    return Ladder(lanes, rungs, TOP + ROW * max(1, len(rungs)) + 14, max(0, len(shown) - ROWS_MAX))


def _has(events: Sequence[dict[str, Any]], side: str) -> bool:
    return any(one.get("side") == side for one in events)


def _lanes(keys: list[str]) -> list[Lane]:
    first, last = TIME_X + 70, RIGHT - 70
    step = (last - first) // (len(keys) - 1)
    return [Lane(key, LANE_NAMES[key], first + step * place) for place, key in enumerate(keys)]


def _rung(one: dict[str, Any], index: int, start: int, places: dict[str, int], mode: str) -> Rung:
    y, side = TOP + ROW * index + 16, str(one.get("side") or "us")
    after = seconds(one["at_us"] - start)
    if one["event"] != "message":
        x = places.get(side, places["us"])
        label, detail = _mark(one, side)
        return Rung(
            one["n"],
            y,
            one["at_us"],
            after,
            LANE_NAMES.get(side, ""),
            "",
            label,
            detail,
            "mark",
            x,
            None,
            False,
        )
    other = side if side in places else "b"
    # What came back to our own number went between the vendor and that number.
    near = "b" if other == "f" and mode != "far_end" else "us"
    sender, receiver = (other, near) if one.get("to_us") else (near, other)
    if other == "f" and mode != "far_end":
        sender, receiver = ("b", "f") if one.get("to_us") else ("f", "b")
    label, tone = _message(one)
    return Rung(
        one["n"], y, one["at_us"], after, LANE_NAMES[sender], LANE_NAMES[receiver], label,
        "carries SDP" if one.get("sdp") else "", tone, places[sender], places[receiver], bool(one.get("again")),
    )  # fmt: skip


def _message(one: dict[str, Any]) -> tuple[str, str]:
    method, code = str(one.get("method") or ""), int(one.get("code") or 0)
    if code == 0:
        return method, "request"
    words = code_words(code, str(one.get("reason") or ""))
    label = words if method == "INVITE" else f"{words} ({method})"
    return label, "progress" if code < 200 else "good" if code < 300 else "poor"


def _mark(one: dict[str, Any], side: str) -> tuple[str, str]:
    event = one["event"]
    if event == "key":
        return f"key {one.get('key', '')}", "DTMF heard"
    if event == "released":
        who = LANE_NAMES.get(side, "") if one.get("side") else "us"
        return "released", f"by {who}" if who else ""
    return MARKS[event], ""


def seconds(micros: int) -> str:
    """+1.234 s"""
    sign = "-" if micros < 0 else "+"
    whole = abs(micros)
    return f"{sign}{whole // 1_000_000}.{whole // 1000 % 1000:03d}"
