"""Call records of switches in their own shapes → traffic by day and number. Unanswered calls fall away.

FreeSWITCH JSON (mod_json_cdr), Kamailio acc rows and OpenSIPS flatstore (INVITE and BYE paired by dialog), and the CSV exports
of CGRateS. Only what traffic needs is read; a record that cannot be read is counted, never guessed.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from rates.traffic import DayTraffic, TrafficError, digits

SHAPES: Final = ("freeswitch", "kamailio", "opensips", "cgrates")
_DURATION = re.compile(r"^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)(?:\.\d+)?s)?$")


@dataclass(frozen=True)
class Calls:
    """Answered calls by day and dialled number, and the count of records left out (no number, no answer, unreadable)."""

    shape: str
    days: list[DayTraffic]
    left_out: int


def read_calls(text: str) -> Calls:
    """Records of one of SHAPES, told by content. Raises TrafficError when it is none of them."""
    shape = shape_of(text)
    found: dict[tuple[dt.date, str], list[int]] = {}
    left = 0
    for record in _READERS[shape](text):
        if record is None:
            left += 1
            continue
        day, number, seconds = record
        add = found.setdefault((day, number), [0, 0])
        add[0], add[1] = add[0] + 1, add[1] + seconds
    return Calls(shape, [DayTraffic(day, code, *found[day, code]) for day, code in sorted(found)], left)


def shape_of(text: str) -> str:
    """Which switch wrote it."""
    head = text.lstrip("\ufeff \r\n")[:4000]
    first = head.split("\n", 1)[0]
    if head.startswith(("{", "[")):
        return "freeswitch"
    if first.count("|") >= 6:
        return "opensips"
    if re.match(r'^"?\d+"?,"?(INVITE|BYE|ACK|CANCEL)"?,', first):
        return "kamailio"
    if "*" in first and (first.count(",") >= 10 or first.count(";") >= 6):
        return "cgrates"
    raise TrafficError(
        "This is neither a traffic CSV (day, code, calls, minutes) nor call records of FreeSWITCH, Kamailio, OpenSIPS or CGRateS."
    )


Record = tuple[dt.date, str, int] | None


def _freeswitch(text: str) -> Iterator[Record]:
    try:
        whole = json.loads(text)
    except ValueError:
        try:
            whole = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as fault:
            raise TrafficError(f"This is not JSON: {fault}.") from None
    for record in whole if isinstance(whole, list) else [whole]:
        yield _freeswitch_call(record)


def _freeswitch_call(record: Any) -> Record:
    if not isinstance(record, dict) or not isinstance(record.get("variables"), dict):
        return None
    said = record["variables"]
    profile: dict[str, Any] = next(
        (flow.get("caller_profile", {}) for flow in record.get("callflow") or [] if isinstance(flow, dict)),
        {},
    )
    number = digits(
        str(
            said.get("sip_to_user")
            or profile.get("destination_number")
            or said.get("destination_number")
            or ""
        )
    )
    epoch, seconds = str(said.get("answer_epoch", "0")), str(said.get("billsec", "0"))
    if number is None or not epoch.isdigit() or epoch == "0" or not seconds.isdigit():
        return None
    return dt.datetime.fromtimestamp(int(epoch), dt.UTC).date(), number, int(seconds)


def _kamailio(text: str) -> Iterator[Record]:
    """Columns: id, method, from tag, to tag, call id, code, reason, time, source user …, destination user."""
    begun: dict[tuple[str, str], tuple[dt.datetime, str]] = {}
    for cells in csv.reader(io.StringIO(text)):
        if len(cells) < 15 or cells[1] not in ("INVITE", "BYE"):
            continue
        dialog, at = (cells[4], cells[2]), _instant(cells[7])
        if at is None:
            yield None
        elif cells[1] == "INVITE" and cells[5].startswith("2"):
            begun[dialog] = at, cells[14]
        elif cells[1] == "BYE" and dialog in begun:
            start, number = begun.pop(dialog)
            yield _call(start, number, at)
        else:
            yield None
    for _ in begun:
        yield None


def _opensips(text: str) -> Iterator[Record]:
    """Columns: method, from tag, to tag, call id, code, reason, epoch, …, source user, destination user."""
    begun: dict[tuple[str, str], tuple[dt.datetime, str]] = {}
    for line in text.splitlines():
        cells = line.split("|")
        if len(cells) < 10 or not cells[6].isdigit():
            if line.strip():
                yield None
            continue
        dialog, at = (cells[3], cells[1]), dt.datetime.fromtimestamp(int(cells[6]), dt.UTC)
        if cells[0] == "INVITE" and cells[4].startswith("2"):
            begun[dialog] = at, cells[9]
        elif cells[0] == "BYE" and dialog in begun:
            start, number = begun.pop(dialog)
            yield _call(start, number, at)
        else:
            yield None
    for _ in begun:
        yield None


def _cgrates(text: str) -> Iterator[Record]:
    """`…,destination,setup,answer,10s,…` or `id;type;tenant;account;destination;answer;seconds;…`; `#` lines are comments."""
    mark = max(",;", key=text.split("\n", 1)[0].count)
    for cells in csv.reader(io.StringIO(text), delimiter=mark):
        if not cells or cells[0].startswith("#"):
            continue
        at = next((place for place, cell in enumerate(cells) if _instant(cell) is not None), None)
        if at is None or at == 0:
            yield None
            continue
        last = at + 1 if at + 1 < len(cells) and _instant(cells[at + 1]) is not None else at
        number, answered = digits(cells[at - 1]), _instant(cells[last])
        seconds = _length(cells[last + 1]) if last + 1 < len(cells) else None
        # A number with a national 0 in front cannot be told from a code: it would need the trunk's country.
        if number is None or cells[at - 1].startswith("0") or answered is None or seconds is None:
            yield None
        else:
            yield answered.date(), number, seconds


def _call(start: dt.datetime, number: str, end: dt.datetime) -> Record:
    code = digits(number)
    seconds = int((end - start).total_seconds())
    return None if code is None or seconds < 0 else (start.date(), code, seconds)


def _instant(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=dt.UTC)
    except ValueError:
        return None


def _length(text: str) -> int | None:
    if text.isdigit():
        return int(text)
    found = _DURATION.match(text.strip())
    if not found or not text.strip():
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds


_READERS: Final = {
    "freeswitch": _freeswitch,
    "kamailio": _kamailio,
    "opensips": _opensips,
    "cgrates": _cgrates,
}
