"""The country of a dial code, from the numbering library's tables."""

from __future__ import annotations

from functools import lru_cache

import phonenumbers
import pycountry
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

WORLD = "001"  # the library's region for codes that belong to no country
_MOBILE = ("mobile", "cellular", "gsm", "cell", " mob", "wireless", "pcs")
# Digits after the country code that decide the country where several share one.
_AREA = {"1": 3, "7": 2, "44": 4, "61": 5, "39": 4, "47": 2, "212": 2, "262": 3, "358": 2, "590": 3, "599": 2}


def country_of(code: str) -> str:
    """ISO 3166 alpha-2 of a dial code, "" for none (satellite and international networks, unknown codes)."""
    for length in (1, 2, 3):
        country_code = code[:length]
        regions = COUNTRY_CODE_TO_REGION_CODE.get(int(country_code)) if country_code.isdigit() else None
        if regions and len(country_code) == length:
            if regions[0] == WORLD:
                return ""
            if len(regions) == 1:
                return str(regions[0])
            return _shared(country_code, code[length : length + _AREA.get(country_code, 3)], regions)
    return ""


@lru_cache(maxsize=20_000)
def _shared(country_code: str, area: str, regions: tuple[str, ...]) -> str:
    """The country that an area code stands for; the main one when the area says nothing."""
    if not area:
        return regions[0]
    for filler in ("2345678", "5551234", "1234567"):
        number = phonenumbers.PhoneNumber(
            country_code=int(country_code),
            national_number=int((area + filler * 2)[: 10 if len(country_code) < 3 else 9]),
        )
        found = phonenumbers.region_code_for_number(number)
        if found:
            return str(found)
    return next((region for region in regions if _leads(region, area)), regions[0])


def _leads(region: str, area: str) -> bool:
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    leading = metadata.leading_digits if metadata else None
    return bool(leading) and area.startswith(str(leading))


@lru_cache(maxsize=300)
def country_name(iso: str) -> str:
    """The common English name, the code itself when unknown."""
    found = pycountry.countries.get(alpha_2=iso) if iso else None
    if found is None:
        return {"XK": "Kosovo", "AC": "Ascension Island", "TA": "Tristan da Cunha"}.get(
            iso, "International networks"
        )
    return str(getattr(found, "common_name", found.name))


def is_mobile(destination: str) -> bool:
    """Whether the deck's own name says that these are mobile numbers."""
    text = destination.casefold()
    return any(word in text for word in _MOBILE)
