"""A believable price for every destination, integer nanos of a dollar per minute.

Levels follow the market's shape, not any carrier's deck: cheap North America and western fixed lines, European
mobiles capped by law, dear African mobiles, dear islands, satellites in dollars.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Final

from app.demo.numbering import DemoCode, country_code

NANOS: Final = 1_000_000_000

# Region -> (fixed, mobile) in millionths of a dollar per minute.
STATED: Final = {
    "US": (2400, 2600), "CA": (2600, 3100), "GB": (2900, 9800), "DE": (4100, 13500), "FR": (3700, 11900),
    "ES": (3900, 12400), "IT": (4400, 14800), "NL": (4300, 15100), "IE": (5200, 15900), "SE": (4100, 11400),
    "DK": (4300, 11800), "NO": (5100, 14400), "FI": (19800, 28400), "PT": (5600, 16100), "BE": (6200, 17600),
    "AT": (7300, 16900), "CH": (9800, 31200), "PL": (6900, 14200), "CZ": (8100, 16700), "GR": (6300, 15300),
    "HU": (7600, 16800), "RO": (6100, 14500), "IL": (5400, 11900), "AU": (8200, 22400), "NZ": (9700, 27900),
    "CN": (5900, 6100), "HK": (11800, 14600), "SG": (6900, 7200), "JP": (19800, 61200), "KR": (11400, 17300),
    "TW": (12700, 58400), "IN": (8700, 8900), "BR": (6800, 12300), "MX": (4300, 5900), "AR": (6500, 43800),
    "CL": (8400, 12100), "CO": (9300, 11800), "PE": (6900, 12400), "RU": (34800, 71200), "KZ": (61000, 118000),
    "TR": (12300, 58700), "SA": (48700, 84600), "AE": (118000, 134000), "EG": (78600, 96400), "ZA": (41200, 58300),
    "NG": (83400, 112000), "KE": (96200, 138000), "GM": (512000, 548000), "SN": (214000, 289000),
    "TN": (389000, 412000), "MA": (187000, 326000), "DZ": (71300, 398000), "CU": (658000, 694000),
    "JM": (58400, 164000), "HT": (218000, 281000), "VA": (4400, 14800), "GG": (5600, 178000), "JE": (5600, 172000),
    "IM": (5600, 164000), "PK": (98700, 106000), "BD": (18700, 21300), "PH": (84200, 116000), "VN": (38900, 43100),
    "AL": (168000, 312000), "BA": (147000, 298000), "RS": (139000, 287000), "BY": (224000, 318000),
}  # fmt: skip

# First digits of the country code -> (fixed low, fixed high, mobile low, mobile high), millionths of a dollar.
BANDS: Final = (
    ("1", (38000, 152000, 94000, 298000)), ("2", (112000, 386000, 152000, 498000)),
    ("37", (21000, 118000, 48000, 264000)), ("38", (48000, 164000, 98000, 312000)),
    ("3", (5200, 12400, 11800, 38400)), ("4", (6100, 18900, 14100, 41800)),
    ("5", (14600, 98400, 28700, 224000)), ("67", (284000, 968000, 296000, 998000)),
    ("68", (312000, 984000, 318000, 1090000)), ("69", (298000, 912000, 304000, 986000)),
    ("6", (11800, 74600, 22400, 118000)), ("7", (34000, 72000, 68000, 118000)), ("8", (24800, 98400, 34800, 128000)),
    ("9", (28900, 164000, 52400, 238000)),
)  # fmt: skip

GLOBAL: Final = {
    "870": 4_980_000,
    "881": 3_640_000,
    "882": 2_480_000,
    "883": 2_120_000,
    "979": 5_900_000,
    "808": 410_000,
}


def draw(key: str, low: int, high: int) -> int:
    """A stable whole number in `[low, high]` that depends on the key alone."""
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    return low + int.from_bytes(digest, "big") % (high - low + 1)


@cache
def level(region: str, cc: str) -> tuple[int, int]:
    """(fixed, mobile) of a country in millionths of a dollar per minute."""
    if region in STATED:
        return STATED[region]
    low, high, mobile_low, mobile_high = next(band for start, band in BANDS if cc.startswith(start))
    part = draw(f"level {region}", 0, 1000)
    return low + (high - low) * part // 1000, mobile_low + (mobile_high - mobile_low) * part // 1000


@cache
def destination_nanos(destination: str, region: str, kind: str, first_digits: str) -> int:
    """Market level of one destination, nanos of a dollar per minute."""
    if kind == "global":
        return GLOBAL[first_digits[:3]] * 1000 * draw(f"global {destination}", 90, 112) // 100
    fixed, mobile = level(region, country_code(first_digits))
    if kind == "mobile":
        return mobile * 1000 * draw(f"operator {destination}", 86, 134) // 100
    spread = draw(f"place {destination}", 78, 112) if " - " in destination else 104
    return fixed * 1000 * spread // 100


def market_nanos(code: DemoCode) -> int:
    """Market level of a dial code; the same for every code of a destination."""
    return destination_nanos(code.destination, code.region, code.kind, code.code[:4] if code.kind == "global" else
                             country_code(code.code))  # fmt: skip


def increments(code: DemoCode, carrier: str) -> tuple[int, int]:
    """Initial and next increment: 1/1 world, 6/6 USA, 60/60 Mexico and Pacific, 60/1 Gambia, 30/6 a few."""
    cc = country_code(code.code)
    if code.kind == "global" or code.region == "MX" or cc[:2] in {"67", "68", "69"}:
        return 60, 60
    if code.region in {"US", "CA"}:
        return 6, 6
    if code.region == "GM":
        return 60, 1
    if draw(f"increment {carrier} {code.region}", 0, 99) < 6:
        return 30, 6
    return 1, 1
