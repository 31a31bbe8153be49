"""Numbers as trunks write them, read from the rules alone (docs/decision.md 9): plain Python, nothing shared with the core.

The only thing taken from elsewhere is data: which country codes are assigned and how long their numbers are.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parents[2] / "lcr_core" / "src" / "number" / "countries.tsv"
SEPARATORS = str.maketrans("", "", " -.()")
PARAMETERS = ("rn", "cic", "tgrp")


@cache
def lengths() -> dict[str, tuple[int, int]]:
    """Assigned country code → least and most digits behind it."""
    found = {}
    for line in TABLE.read_text().splitlines():
        cells = line.split("\t")
        if not line.startswith("#") and cells[1] == "cc":
            least, most = cells[3].split("-")
            found[cells[0]] = (int(least), int(most))
    return found


def can_be(digits: str) -> bool:
    """A number of an assigned country code, as long as numbers behind that code are, and not longer than E.164 allows."""
    if len(digits) > 15:
        return False
    for size in (3, 2, 1):
        bounds = lengths().get(digits[:size])
        if bounds:
            return bounds[0] <= len(digits) - size <= bounds[1]
    return False


def normalise(words: dict[str, Any], text: str) -> dict[str, Any]:
    """`{"e164", "tech_prefix", "rn", "npdi", "cic", "tgrp", "ok", "reason"}`."""
    out: dict[str, Any] = dict.fromkeys(("e164", "tech_prefix", "rn", "cic", "tgrp", "reason"))
    number, parameters = _undressed(text)
    out |= {name: parameters.get(name) for name in PARAMETERS}
    out |= {"npdi": "npdi" in parameters, "ok": False}
    if not number:
        return out | {"reason": "empty"}
    tech = words.get("tech_prefix")
    if tech and not number.startswith("+"):
        if not number.startswith(tech):
            return out | {"reason": "tech_prefix_missing"}
        number, out["tech_prefix"] = number.removeprefix(tech), tech
    read = _read(words, number, parameters.get("phone-context"))
    if not read.isdigit():
        return out | {"reason": read}
    if len(read) < words.get("min_digits", 1):
        return out | {"reason": "too_short"}
    if len(read) > words.get("max_digits", 15):
        return out | {"reason": "too_long"}
    return out | {"e164": read, "ok": True}


def _undressed(text: str) -> tuple[str, dict[str, str]]:
    """The number without dressing and separators; parameters by name, numbers among them without `+` and separators."""
    bare = text.strip()
    inside = re.search(r"<(.*)>", bare)
    bare = inside[1] if inside else bare
    bare = re.sub(r"^(sips?|tel):", "", bare, flags=re.IGNORECASE)
    user = bare.split("@")[0]
    number, *parts = user.split(";")
    found: dict[str, str] = {}
    for part in parts:
        name, _, value = part.partition("=")
        found.setdefault(name.lower(), value)
    for name in ("rn", "cic"):
        if name in found:
            found[name] = found[name].translate(SEPARATORS).removeprefix("+")
    return number.translate(SEPARATORS), found


def _read(words: dict[str, Any], number: str, context: str | None) -> str:
    """All digits with their country code; or the reason why not, which is no digits."""
    if number.startswith("+"):
        return _digits(number[1:])
    if not number.isdigit():
        return _digits(number)
    if context is not None:
        if not context.startswith("+"):
            return "local_number"
        return _digits(context[1:].translate(SEPARATORS) + number)
    home_code, national_prefix = words.get("country_code"), words.get("national_prefix")
    abroad = None
    for prefix in sorted(words.get("international_prefixes", ()), key=len, reverse=True):
        if number.startswith(prefix) and number != prefix:
            abroad = number.removeprefix(prefix)
            break
    if not home_code:
        return abroad or number
    # Domain 2: the 0 in front is the national prefix, so what is left of a national number begins with no other 0.
    dialled_abroad = national_prefix == "0" and number.startswith("00")
    home = None
    if national_prefix and number.removeprefix(national_prefix) not in ("", number) and not dialled_abroad:
        home = home_code + number.removeprefix(national_prefix)
    readings = {reading for reading in (abroad, home) if reading}
    if len(readings) == 1:
        return readings.pop()
    if readings:
        # Domain 2: never guess. Only when exactly one of the two can be a number is it known which was meant.
        fits = [reading for reading in readings if can_be(reading)]
        return fits[0] if len(fits) == 1 else "ambiguous" if fits else "not_assigned"
    return _bare(number, home_code, national_prefix)


def _bare(number: str, home_code: str, national_prefix: str | None) -> str:
    """Digits without any prefix, at a trunk with a country of its own."""
    as_home, as_abroad = can_be(home_code + number), can_be(number)
    if as_home and as_abroad:
        return "ambiguous"
    if as_abroad:
        return number
    if as_home:
        return "national_prefix_missing" if national_prefix else home_code + number
    return "not_assigned"


def _digits(text: str) -> str:
    return text if text.isdigit() else "not_digits" if text else "empty"
