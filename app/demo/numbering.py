"""Dial codes of the world: real country codes, national ranges and operators.

Source: the prefix tables of `phonenumbers` (geocoder and carrier data), taken as tables, never number by number.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

import pycountry
from babel import Locale
from phonenumbers import PhoneMetadata
from phonenumbers.carrierdata import CARRIER_DATA
from phonenumbers.data import _COUNTRY_CODE_TO_REGION_CODE as REGIONS
from phonenumbers.geodata import GEOCODE_DATA

Kind = Literal["country", "fixed", "mobile", "global"]

MOBILE_LIMIT: Final = 420
FIXED_LIMIT: Final = 260
NANP_BLOCKS: Final = 2400
CITIES: Final = 6
"""Codes taken per country and kind, and city breakouts per country."""

GLOBAL: Final = {
    "870": "Inmarsat", "8816": "Iridium", "8817": "Iridium", "8818": "Globalstar", "8819": "Globalstar",
    "88213": "EMSAT", "88216": "Thuraya", "88232": "Maritime Communications Partner", "88234": "Global Networks",
    "88297": "Smart Communications", "883120": "International Networks", "8835100": "International Networks",
    "979": "International Premium Rate", "808": "Shared Cost Service",
}  # fmt: skip

# Islands that share a country code; the metadata has no leading digits for them.
INSIDE: Final = {
    "441481": "GG", "447781": "GG", "447911": "GG", "441534": "JE", "447797": "JE", "447829": "JE",
    "441624": "IM", "447524": "IM", "447624": "IM", "262269": "YT", "262639": "YT", "2125288": "EH",
    "6189162": "CC", "6189164": "CX",
}  # fmt: skip

_PROVINCES: Final = frozenset({
    "Alberta", "British Columbia", "British Colombia", "Manitoba", "New Brunswick", "Newfoundland and Labrador",
    "Northwest Territories/Nunavut/Yukon", "Nova Scotia/Prince Edward Island", "Ontario", "Quebec", "Saskatchewan",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class DemoCode:
    """One dial code. `region` is ISO 3166 (or 001 for global services); `place` an operator, a city, or empty."""

    code: str
    region: str
    kind: Kind
    place: str
    destination: str


@cache
def country_code(code: str) -> str:
    """The country code a dial code begins with; empty when no country owns it."""
    return next((code[:n] for n in (1, 2, 3) if int(code[:n]) in REGIONS), "")


@cache
def country_name(region: str) -> str:
    """English name as traders write it; falls back to the ISO register."""
    name = Locale("en").territories.get(region)
    if name is None:
        found = pycountry.countries.get(alpha_2=region)
        name = found.name if found else region
    return str(name).replace("&", "and").replace("Côte d’Ivoire", "Ivory Coast").replace("’", "'")


def _leading_digits(region: str) -> str | None:
    metadata = PhoneMetadata.metadata_for_region(region)
    return metadata.leading_digits if metadata else None


@cache
def _leading(cc: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    found = []
    for region in REGIONS[int(cc)][1:]:
        digits = _leading_digits(region)
        if digits:
            found.append((region, re.compile(digits)))
    return tuple(found)


def region_of(code: str) -> str:
    """ISO region of a dial code, islands inside a shared country code apart."""
    for length in range(len(code), 5, -1):
        if code[:length] in INSIDE:
            return INSIDE[code[:length]]
    cc = country_code(code)
    if not cc:
        return "001"
    for region, pattern in _leading(cc):
        if pattern.match(code[len(cc) :]):
            return region
    if cc == "1" and len(code) >= 4:
        names = _english(GEOCODE_DATA.get(code[:4], {}))
        if names in _PROVINCES or names.endswith((", ON", ", QC", ", BC", ", AB")):
            return "CA"
        if not names and code[:4] not in GEOCODE_DATA:
            return (
                "CA"
                if _english(GEOCODE_DATA.get(code, {}))[-4:] in {", ON", ", QC", ", BC", ", AB"}
                else "US"
            )
    return str(REGIONS[int(cc)][0])


def _english(names: dict[str, str]) -> str:
    return names.get("en") or next(iter(names.values()), "") if names else ""


def _operator(text: str) -> str:
    """`Vodafone/Lycamobile Ltd` → `Vodafone`: the network's owner names the destination."""
    name = re.split(r"[/(,]", text)[0].strip()
    name = re.sub(r"\s+(Ltd|Limited|Inc|S\.?A\.?|GmbH|B\.?V\.?|AB|A/S|ApS|PLC|LLC)\.?$", "", name, flags=re.I)
    return name[:28].strip() or "Other"


@cache
def world() -> tuple[DemoCode, ...]:
    """Every dial code of the demo, sorted by code, each code once."""
    codes: dict[str, DemoCode] = {}
    for cc, regions in REGIONS.items():
        if regions[0] != "001":
            name = country_name(regions[0])
            codes[str(cc)] = DemoCode(str(cc), regions[0], "country", "", name)
    for region, digits in _territories():
        codes["1" + digits] = DemoCode("1" + digits, region, "country", "", country_name(region))
    for code in (*_fixed(), *_mobile()):
        codes.setdefault(code.code, code)
    for code in _mobile_ranges(list(codes.values())):
        codes.setdefault(code.code, code)
    for code_text, name in GLOBAL.items():
        kind_name = f"{'Satellite' if code_text[:3] in {'870', '881', '882'} else 'Global'} - {name}"
        codes[code_text] = DemoCode(code_text, "001", "global", name, kind_name)
    return tuple(codes[code] for code in sorted(codes))


def _mobile_ranges(codes: list[DemoCode]) -> list[DemoCode]:
    """`447`, `336`: first digits after the country code under which every known code is a mobile's.

    Each deck has them, so that a mobile whose operator it does not break out is never priced as a fixed line.
    """
    kinds: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for code in codes:
        cc = country_code(code.code)
        for length in (len(cc) + 1, len(cc) + 2):
            if cc not in ("", "1") and len(code.code) >= length and code.kind in ("fixed", "mobile"):
                kinds[code.code[:length]][code.kind].add(code.region)
    found: list[DemoCode] = []
    for prefix, regions in sorted(kinds.items()):
        mobile = regions["mobile"] if "fixed" not in regions else set()
        if mobile and country_code(prefix):
            region = str(REGIONS[int(country_code(prefix))][0])
            if region in mobile and not any(prefix.startswith(one.code) for one in found):
                found.append(DemoCode(prefix, region, "mobile", "", f"{country_name(region)} - Mobile"))
    return found


def _territories() -> list[tuple[str, str]]:
    """Area codes of the Caribbean and Pacific members of +1: each has its own price, apart from `1`."""
    found = []
    for region in REGIONS[1][1:]:
        digits = _leading_digits(region)
        if digits:
            found += [(region, part) for part in re.sub(r"8001\|8\[024\]9", "809|829|849", digits).split("|")]
    return found


def _by_region(table: dict[str, dict[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = defaultdict(list)
    for code in table:
        if country_code(code):
            grouped[region_of(code)].append(code)
    return {region: sorted(found, key=lambda c: (len(c), c)) for region, found in sorted(grouped.items())}


def _fixed() -> list[DemoCode]:
    found = []
    for region, codes in _by_region(GEOCODE_DATA).items():
        name = country_name(region)
        nanp = codes[0].startswith("1")
        limit = NANP_BLOCKS if region == "US" else FIXED_LIMIT
        chosen = (
            codes[:limit]
            if not nanp
            else [c for c in codes if len(c) == 4] + [c for c in codes if len(c) > 4][:limit]
        )
        cities: list[str] = []
        for code in chosen:
            place = (
                _english(GEOCODE_DATA[code[:4]])
                if nanp and code[:4] in GEOCODE_DATA
                else _english(GEOCODE_DATA[code])
            )
            if place not in cities and len(cities) < CITIES and place != name:
                cities.append(place)
            shown = place if nanp or place in cities else "Fixed"
            destination = name if place == name else f"{name} - {shown}"
            found.append(DemoCode(code, region, "fixed", "" if shown == "Fixed" else shown, destination))
    return found


def _mobile() -> list[DemoCode]:
    found = []
    for region, codes in _by_region(CARRIER_DATA).items():
        name = country_name(region)
        for code in codes[:MOBILE_LIMIT]:
            operator = _operator(_english(CARRIER_DATA[code]))
            found.append(DemoCode(code, region, "mobile", operator, f"{name} - Mobile {operator}"))
    return found
