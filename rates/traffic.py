"""Traffic by code: aggregates as CSV, and a pasted profile. What a deck's money impact is worked out on."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

HEADS: Final = {
    "day": ("day", "date"),
    "code": ("code", "dial code", "prefix", "number", "destination code"),
    "calls": ("calls", "answered", "answered calls"),
    "minutes": ("minutes", "min"),
    "seconds": ("seconds", "talk seconds", "billsec"),
}
ROWS: Final = 1_000_000
PROFILE_LINES: Final = 5_000
LARGEST: Final = (
    Decimal(10) ** 12
)  # minutes; beyond, sums of nanos would no longer fit the database's columns


class TrafficError(ValueError):
    """args[0] says what is wrong, `line` (1-based) where."""

    code = "traffic_invalid"

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(f"line {line}: {why}" if line else why)
        self.line = line


@dataclass(frozen=True)
class DayTraffic:
    """Answered calls towards one dial code on one day (UTC)."""

    day: dt.date
    code: str
    calls: int
    seconds: int


@dataclass(frozen=True)
class ProfileLine:
    """One pasted line: a dial code or a destination's name, talk seconds, calls (None = not given), sell rate (None)."""

    what: str
    seconds: int
    calls: int | None = None
    sell: Decimal | None = None

    @property
    def is_code(self) -> bool:
        return self.what.isdigit()


def read_aggregates(text: str) -> list[DayTraffic]:
    """CSV with a heading: day, code, calls, and minutes or seconds; any order, `,` `;` or TAB. Rows of one day and code add up.

    Raises TrafficError naming the line; nothing is kept then."""
    lines = text.lstrip("\ufeff").splitlines()
    if not lines or not lines[0].strip():
        raise TrafficError("The file is empty: send a CSV with day, code, calls and minutes.")
    mark = max(",;\t", key=lines[0].count)
    rows = csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=mark)
    place = _places([cell.strip().casefold() for cell in next(rows)])
    sums: dict[tuple[dt.date, str], list[int]] = defaultdict(lambda: [0, 0])
    for line, cells in enumerate(rows, 2):
        if not any(cell.strip() for cell in cells):
            continue
        if line > ROWS + 1:
            raise TrafficError(f"More than {ROWS:,} rows: aggregate by day and code first.")
        found = {name: cells[at].strip() if at < len(cells) else "" for name, at in place.items()}
        day, code = _day(found["day"], line), digits(found["code"])
        if code is None:
            raise TrafficError(f"“{found['code'][:40]}” is not a dial code of at most 15 digits.", line)
        calls = _whole(found["calls"], "calls", line)
        talk = (
            _whole(found["seconds"], "seconds", line)
            if "seconds" in found
            else seconds_of(found["minutes"], line)
        )
        if talk and not calls:
            raise TrafficError("Talk time without a call.", line)
        add = sums[day, code]
        add[0], add[1] = add[0] + calls, add[1] + talk
    return [DayTraffic(day, code, *sums[day, code]) for day, code in sorted(sums)]


def _places(heads: Sequence[str]) -> dict[str, int]:
    found = {
        name: next((at for at, head in enumerate(heads) if head in words), None)
        for name, words in HEADS.items()
    }
    missing = [name for name in ("day", "code", "calls") if found[name] is None]
    if found["minutes"] is None and found["seconds"] is None:
        missing.append("minutes or seconds")
    if missing:
        raise TrafficError(f"The heading lacks {', '.join(missing)}; it reads: {', '.join(heads)[:80]}.", 1)
    return {name: at for name, at in found.items() if at is not None}


def read_profile(text: str) -> list[ProfileLine]:
    """Pasted lines `code or destination, minutes[, calls[, sell rate]]`, separated by TAB, `;` or `,` (a comma inside a
    destination's name needs TAB or `;`). A first line whose second cell is no number is a heading. Raises TrafficError."""
    found: list[ProfileLine] = []
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) > PROFILE_LINES:
        raise TrafficError(f"More than {PROFILE_LINES:,} lines.")
    for place, (number, line) in enumerate(lines):
        mark = next((one for one in ("\t", ";", ",") if one in line), None)
        cells = [cell.strip() for cell in line.split(mark)] if mark else line.rsplit(maxsplit=1)
        if len(cells) < 2 or not cells[0]:
            raise TrafficError("Write a code or destination, then minutes.", number)
        if place == 0 and not _number(cells[1]):
            continue
        code = digits(cells[0])
        calls = _whole(cells[2], "calls", number) if len(cells) > 2 and cells[2] else None
        if calls == 0:
            raise TrafficError("The number of calls is 0.", number)
        sell = _rate(cells[3], number) if len(cells) > 3 and cells[3] else None
        found.append(ProfileLine(code or cells[0][:120], seconds_of(cells[1], number), calls, sell))
    if not found:
        raise TrafficError(
            "There is no line of traffic: write one code or destination and its minutes a line."
        )
    return found


def digits(text: str) -> str | None:
    """A dial code as digits: `+` and `00` in front fall away. None when it is none."""
    bare = text.strip().replace(" ", "").removeprefix("+")
    bare = bare.removeprefix("00")
    return bare if bare.isascii() and bare.isdigit() and 1 <= len(bare) <= 15 else None


def seconds_of(minutes: str, line: int) -> int:
    """Minutes as whole seconds, half-up."""
    value = _number(minutes)
    if value is None or value < 0 or value > LARGEST:
        raise TrafficError(f"“{minutes[:40]}” is not a number of minutes.", line)
    return int((value * 60).quantize(Decimal(1), ROUND_HALF_UP))


def _number(text: str) -> Decimal | None:
    bare = text.strip().replace("\u202f", "").replace("\u00a0", "").replace(" ", "")
    if "," in bare and "." not in bare and bare.count(",") == 1 and len(bare.rsplit(",", 1)[1]) != 3:
        bare = bare.replace(",", ".")
    try:
        value = Decimal(bare.replace(",", ""))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _whole(text: str, name: str, line: int) -> int:
    value = _number(text)
    if value is None or value < 0 or value != value.to_integral_value() or value > LARGEST:
        raise TrafficError(f"“{text[:40]}” is not a whole number of {name}.", line)
    return int(value)


def _rate(text: str, line: int) -> Decimal:
    value = _number(text)
    if value is None or not 0 <= value <= 10_000:
        raise TrafficError(f"“{text[:40]}” is not a rate per minute.", line)
    return value


def _day(text: str, line: int) -> dt.date:
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        raise TrafficError(f"“{text[:40]}” is not a day: write 2026-11-21.", line) from None


def summed(days: Iterable[DayTraffic]) -> dict[str, tuple[int, int]]:
    """Code -> (calls, seconds) over all days."""
    found: dict[str, tuple[int, int]] = {}
    for one in days:
        calls, seconds = found.get(one.code, (0, 0))
        found[one.code] = calls + one.calls, seconds + one.seconds
    return found
