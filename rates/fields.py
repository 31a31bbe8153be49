"""The fields a column of a deck can hold."""

from typing import Final, Literal, get_args

Field = Literal[
    "code",
    "code_to",
    "named_code",
    "country_code",
    "area_code",
    "npanxx",
    "npa",
    "nxx",
    "ocn",
    "lata",
    "destination",
    "country",
    "rate",
    "first_rate",
    "rate_peak",
    "rate_offpeak",
    "rate_weekend",
    "rate_interstate",
    "rate_intrastate",
    "rate_indeterminate",
    "rate_local",
    "connect_fee",
    "initial_increment",
    "next_increment",
    "increments",
    "free_seconds",
    "effective_from",
    "effective_until",
    "currency",
    "status",
    "origin",
    "jurisdiction",
    "surcharge",
    "tier",
    "remark",
    "comment",
    "ignore",
]

FIELDS: Final[tuple[str, ...]] = get_args(Field)

LABELS: Final[dict[str, str]] = {
    "code": "Dial code",
    "code_to": "Last code of a range (beside its first)",
    "named_code": "Destination with its dial code in it",
    "country_code": "Country code (first half of a split code)",
    "area_code": "Area code (second half of a split code)",
    "npanxx": "NPA-NXX (6 digits, or 7 with a block)",
    "npa": "NPA (first half of an NPA-NXX)",
    "nxx": "NXX (second half of an NPA-NXX)",
    "ocn": "OCN (company of the number block)",
    "lata": "LATA (area of the number block)",
    "destination": "Destination",
    "country": "Country (put before the destination)",
    "rate": "Rate",
    "first_rate": "Rate of the initial increment",
    "rate_peak": "Peak rate",
    "rate_offpeak": "Off-peak rate",
    "rate_weekend": "Weekend rate",
    "rate_interstate": "Interstate rate",
    "rate_intrastate": "Intrastate rate",
    "rate_indeterminate": "Indeterminate rate",
    "rate_local": "Local rate",
    "connect_fee": "Connection fee",
    "initial_increment": "Initial increment (s)",
    "next_increment": "Next increment (s)",
    "increments": "Increments, both in one cell (30/6)",
    "free_seconds": "Free seconds",
    "effective_from": "Effective from",
    "effective_until": "Effective until",
    "currency": "Currency",
    "status": "Status (open, blocked, closed)",
    "origin": "Origin group (of the caller)",
    "jurisdiction": "Jurisdiction (interstate, intrastate …)",
    "surcharge": "Surcharge a minute of an origin group",
    "tier": "Volume tier",
    "remark": "Remarks, of which words such as “closed” count",
    "comment": "Comment",
    "ignore": "Leave out",
}

RATE_FIELDS: Final = ("rate", "first_rate", "rate_peak", "rate_offpeak", "rate_weekend")
"""Fields that hold a price of time; `connect_fee` holds a price of a call."""

JURISDICTION_FIELDS: Final[dict[str, str]] = {
    f"rate_{name}": name for name in ("interstate", "intrastate", "indeterminate", "local")
}

ORIGIN_RATE: Final = "rate:"
"""A column of prices for one origin group is mapped to `rate:` and the group's name, such as `rate:EEA`."""

MANY: Final = ("code", "area_code")
"""Fields that several columns may hold: the codes of a row are those of all of them."""

FREE: Final = ("ignore", "comment")
"""Fields whose columns are not read; any number of columns may have them."""


def is_field(name: str) -> bool:
    return name in FIELDS or (name.startswith(ORIGIN_RATE) and len(name.strip()) > len(ORIGIN_RATE))


def is_rate(name: str) -> bool:
    """Whether a column of this field holds prices of time."""
    return name in RATE_FIELDS or name in JURISDICTION_FIELDS or name.startswith(ORIGIN_RATE)


def label_of(name: str) -> str:
    """The field as a person reads it."""
    if name.startswith(ORIGIN_RATE):
        return f"Rate for callers from {name.removeprefix(ORIGIN_RATE)}"
    return LABELS[name]
