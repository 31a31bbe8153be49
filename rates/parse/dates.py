"""Dates in any dress → microseconds since the epoch, UTC. The order of day and month is one answer for the whole file."""

# ruff: noqa: DTZ001, DTZ007 - dates are read without a zone first; parse_date adds the zone of the deck
import datetime as dt
import re
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rates.parse.distinct import Faults, parse_distinct

NONE = np.iinfo(np.int64).min
AT_ONCE = NONE + 1
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_NOW = frozenset(
    (
        "immediately",
        "immediate",
        "effective immediate",
        "with immediate effects",
        "upon receipt",
        "on receipt",
        "ab sofort",
        "mit sofortiger wirkung",
        "immediatement",
        "immédiatement",
        "immédiat",
        "immédiate",
        "avec effet immediat",
        "avec effet immédiat",
        "inmediatamente",
        "inmediata",
        "con efecto inmediato",
        "de inmediato",
        "immediatamente",
        "immediata",
        "con effetto immediato",
        "da subito",
        "imediato",
        "imediata",
        "imediatamente",
        "com efeito imediato",
        "de imediato",
        "effective immediately",
        "with immediate effect",
        "now",
        "asap",
        "at once",
        "today",
        "immediato",
        "inmediato",
        "sofort",
        "immediat",
    )
)
_EMPTY = frozenset(
    (
        "",
        "-",
        "--",
        "n/a",
        "na",
        "tba",
        "tbd",
        "tbc",
        "to be advised",
        "to be announced",
        "null",
        "none",
        "#n/a",
        "0",
        "0000-00-00",
        "0000-00-00 00:00:00",
    )
)
_NUMERIC = re.compile(
    r"^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(?:[ T]+(\d{1,2}:\d{2}(?::\d{2})?)\s*([AaPp][Mm])?)?$"
)
_YEAR_FIRST = re.compile(r"^(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})(.*)$")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan januar january janvier enero gennaio janeiro ene gen janv jän jänner",
            "feb februar february février fevrier febrero febbraio fevereiro fév fev febr févr",
            "mar mär märz maerz march mars marzo março marco mrz",
            "apr april avril abril aprile avr abr",
            "may mai mayo maggio maio mag",
            "jun juni june juin junio giugno junho giu",
            "jul juli july juillet julio luglio julho lug juil",
            "aug august août aout agosto ago aoû",
            "sep sept september septembre septiembre settembre setembro set",
            "oct okt oktober october octobre octubre ottobre outubro ott out",
            "nov november novembre noviembre novembro",
            "dec dez dezember december décembre decembre diciembre dicembre dezembro déc dic",
        ),
        start=1,
    )
    for name in names.split()
}
"""English, German, French, Spanish, Italian, Portuguese."""
_WORDY = re.compile(
    r"^(?:[^\W\d]+\.?,? )?(\d{1,2})(?:st|nd|rd|th|er|º|ª|\.)?[-/ ]+(?:de |of )?([^\W\d]+)\.?,?[-/ ]+(?:de |del )?(\d{4}|\d{2})$"
)
_MONTH_FIRST = re.compile(
    r"^(?:[^\W\d]+, )?([^\W\d]+)\.?[-/ ]+(\d{1,2})(?:st|nd|rd|th)?,?[-/ ]+(\d{4}|\d{2})$"
)
_SERIAL = re.compile(r"^\d{5}(\.\d+)?$")


def micros(instant: dt.datetime) -> int:
    """An aware instant as microseconds since the epoch; exact."""
    delta = instant - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def guess_order(texts: pa.Array) -> tuple[str | None, int]:
    """("dmy" | "mdy" | "ymd", confidence). (None, 0): numeric dates that read both ways in the whole file, or contradict each other."""
    dmy = mdy = both = other = dotted = 0
    for text in pc.unique(texts).to_pylist():
        found = _NUMERIC.match(text)
        if found is None:
            other += text.lower() not in _EMPTY
            continue
        first, second = int(found[1]), int(found[2])
        if first == second:
            other += 1
        elif "." in text and second <= 12:
            dotted += 1  # 03.04.2026 is written where the day comes first
        elif first > 12 >= second:
            dmy += 1
        elif second > 12 >= first:
            mdy += 1
        else:
            both += 1
    if dmy and mdy:
        return None, 0
    if dotted and not mdy and not both:
        return "dmy", 92
    if dmy or mdy:
        return ("dmy" if dmy else "mdy"), 98
    if both:
        return None, 0
    return "ymd", 99 if other else 90


def parse_dates(
    texts: pa.Array, order: str | None, zone: ZoneInfo, date_1904: bool
) -> tuple[npt.NDArray[np.int64], Faults]:
    """(micros, faults). NONE where empty, AT_ONCE for "immediately". Date-only = 00:00 in `zone`."""
    return parse_distinct(texts, lambda text: parse_date(text, order, zone, date_1904), NONE, np.int64)


def parse_date(
    text: str, order: str | None, zone: ZoneInfo, date_1904: bool = False
) -> tuple[int | None, str | None]:
    words = text.lower().strip(" .!")
    if words in _EMPTY:
        return None, None
    if words in _NOW:
        return int(AT_ONCE), None
    try:
        moment = _read(text.strip(), order, date_1904)
        if moment is None:
            return None, "date_invalid"
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        if not 1990 <= moment.year <= 2100:
            return None, "date_invalid"
        return micros(moment), None
    except (ValueError, OverflowError):
        return None, "date_invalid"


def _read(text: str, order: str | None, date_1904: bool) -> dt.datetime | None:
    if found := _NUMERIC.match(text):
        first, second, year = int(found[1]), int(found[2]), int(found[3])
        year += 2000 if len(found[3]) == 2 else 0
        month, day = (first, second) if order == "mdy" else (second, first)
        return dt.datetime.combine(dt.date(year, month, day), _clock(found[4], found[5]))
    if found := _YEAR_FIRST.match(text):
        rest = found[4].strip().replace("UTC", "+00:00").replace(" +", "+")
        return dt.datetime.fromisoformat(
            f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}" + (f"T{rest.lstrip('T')}" if rest else "")
        )
    if re.fullmatch(r"(19|20)\d{6}", text):
        return dt.datetime.strptime(text, "%Y%m%d")
    if _SERIAL.match(text):
        base = dt.datetime(1904, 1, 1) if date_1904 else dt.datetime(1899, 12, 30)
        return base + dt.timedelta(
            days=int(text.split(".")[0]), seconds=round(float("0." + [*text.split("."), "0"][1]) * 86_400)
        )
    return _with_month_name(text.lower())


def _with_month_name(words: str) -> dt.datetime | None:
    if found := _WORDY.match(words):
        day, name, year = int(found[1]), found[2], int(found[3])
    elif found := _MONTH_FIRST.match(words):
        day, name, year = int(found[2]), found[1], int(found[3])
    elif found := re.match(r"^(\d{4})-([^\W\d]+)-(\d{1,2})$", words):
        day, name, year = int(found[3]), found[2], int(found[1])
    else:
        return None
    month = _MONTHS.get(name)
    return None if month is None else dt.datetime(year + 2000 if year < 100 else year, month, day)


def _clock(text: str | None, half: str | None) -> dt.time:
    if not text:
        return dt.time()
    clock = dt.time.fromisoformat(text.rjust(5, "0") if text.count(":") == 1 else text.rjust(8, "0"))
    if half:
        clock = clock.replace(hour=clock.hour % 12 + (12 if half.lower() == "pm" else 0))
    return clock
