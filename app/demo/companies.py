"""Who trades on the demo exchange. Every name is invented; every address is of a documentation range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ProductPlan:
    """One product: class, share of the world's codes it lists (percent), price level against the market (percent)."""

    name: str
    route_class: str
    share: int
    level: int


@dataclass(frozen=True, slots=True)
class CarrierPlan:
    """A seller. `home` lists first digits where it is cheap and good; `skill` 0–100 moves its quality and stability."""

    slug: str
    name: str
    country: str
    currency: str
    home: tuple[str, ...]
    skill: int
    level: int
    products: tuple[ProductPlan, ...]
    channels: int = 3000


@dataclass(frozen=True, slots=True)
class BuyerPlan:
    slug: str
    name: str
    country: str
    currency: str


def _two(premium: int = 118, standard: int = 100) -> tuple[ProductPlan, ...]:
    return ProductPlan("Premium CLI", "premium", 79, premium), ProductPlan(
        "Standard", "standard", 42, standard
    )


def _three(premium: int = 118, standard: int = 99, non_cli: int = 80) -> tuple[ProductPlan, ...]:
    return (*_two(premium, standard), ProductPlan("Non-CLI", "non_cli", 18, non_cli))


CARRIERS: Final = (
    CarrierPlan("marlowe", "Marlowe Telecom", "GB", "USD", ("44", "353", "1"), 88, 99, _three(), 12000),
    CarrierPlan(
        "fjordlink",
        "Fjordlink Carrier",
        "NO",
        "EUR",
        ("45", "46", "47", "358", "37"),
        92,
        103,
        _two(121),
        6000,
    ),
    CarrierPlan(
        "rhenus", "Rhenus Interconnect", "DE", "EUR", ("49", "43", "41", "42"), 90, 101, _three(119), 9000
    ),
    CarrierPlan("lusovoz", "Lusovoz Wholesale", "PT", "EUR", ("351", "55", "244", "258"), 76, 98, _three()),
    CarrierPlan(
        "teranga", "Teranga Transit", "SN", "EUR", ("221", "220", "223", "225", "22"), 64, 102, _three()
    ),
    CarrierPlan("savanna", "Savanna Voice Exchange", "KE", "USD", ("25", "26", "27"), 62, 97, _three()),
    CarrierPlan(
        "qasr", "Qasr Carrier Services", "AE", "USD", ("97", "96", "20", "21"), 72, 104, _two(), 5000
    ),
    CarrierPlan("deccanwave", "Deccanwave Networks", "IN", "USD", ("91", "92", "94", "88"), 58, 91, _three()),
    CarrierPlan(
        "pearlriver", "Pearl River Voice", "HK", "USD", ("85", "86", "88", "84"), 74, 96, _three(), 7000
    ),
    CarrierPlan("kitahama", "Kitahama Global", "JP", "USD", ("81", "82", "65", "6"), 86, 106, _two(120)),
    CarrierPlan(
        "altiplano", "Altiplano Interconexion", "CL", "USD", ("54", "56", "57", "59", "51"), 68, 97, _three()
    ),
    CarrierPlan(
        "tradewind",
        "Tradewind Caribbean",
        "BB",
        "USD",
        ("1246", "1876", "1868", "1809", "509"),
        66,
        100,
        _three(),
    ),
    CarrierPlan("laurentide", "Laurentide Carrier Group", "CA", "USD", ("1", "52"), 84, 95, _three(), 15000),
    CarrierPlan("steppegate", "Steppegate Telecom", "KZ", "USD", ("7", "99", "38"), 60, 94, _three()),
    CarrierPlan("thamesbank", "Thamesbank Communications", "GB", "GBP", ("44", "35", "3"), 82, 100, _two()),
)

BUYERS: Final = (
    BuyerPlan("halcyon", "Halcyon Voice", "US", "USD"),
    BuyerPlan("brightwater", "Brightwater Connect", "NL", "EUR"),
    BuyerPlan("copperleaf", "Copperleaf Communications", "SG", "USD"),
)

OPERATOR: Final = BuyerPlan("tandem", "Tandem Exchange", "IE", "USD")

PASSWORD: Final = "tandem-demo-2026"


@dataclass(frozen=True, slots=True)
class LoginPlan:
    """One demo login; `what` is the sentence printed beside it."""

    email: str
    name: str
    company: str
    role: str
    what: str


LOGINS: Final = (
    LoginPlan(
        "operator@tandem.example",
        "Orla Byrne",
        "tandem",
        "operator",
        "operator: runs the exchange, sees everything",
    ),
    LoginPlan(
        "owner@marlowe.example",
        "Miles Marlowe",
        "marlowe",
        "owner",
        "seller, owner: products, purchases, keys",
    ),
    LoginPlan(
        "rates@marlowe.example",
        "Ruth Adeyemi",
        "marlowe",
        "rates",
        "seller, rates manager: decks and approvals",
    ),
    LoginPlan(
        "second@marlowe.example",
        "Tomas Lind",
        "marlowe",
        "rates",
        "seller, second pair of eyes for large decks",
    ),
    LoginPlan(
        "owner@halcyon.example",
        "Hana Castellanos",
        "halcyon",
        "owner",
        "buyer, owner: trunks, keys, purchases",
    ),
    LoginPlan(
        "trader@halcyon.example",
        "Teo Brandt",
        "halcyon",
        "trader",
        "buyer, trader: market, compare, buy, simulate",
    ),
    LoginPlan(
        "viewer@halcyon.example", "Vera Okafor", "halcyon", "viewer", "buyer, viewer: looks, changes nothing"
    ),
    LoginPlan(
        "owner@rhenus.example",
        "Ria Hartmann",
        "rhenus",
        "owner",
        "another seller, to see that companies are apart",
    ),
)
