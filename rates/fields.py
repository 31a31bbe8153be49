"""The fields a column of a deck can hold."""

from typing import Final, Literal, get_args

Field = Literal[
    "code",
    "country_code",
    "area_code",
    "destination",
    "country",
    "rate",
    "first_rate",
    "rate_peak",
    "rate_offpeak",
    "rate_weekend",
    "connect_fee",
    "initial_increment",
    "next_increment",
    "increments",
    "free_seconds",
    "effective_from",
    "effective_until",
    "currency",
    "status",
    "comment",
    "ignore",
]

FIELDS: Final[tuple[str, ...]] = get_args(Field)

LABELS: Final[dict[str, str]] = {
    "code": "Dial code",
    "country_code": "Country code (first half of a split code)",
    "area_code": "Area code (second half of a split code)",
    "destination": "Destination",
    "country": "Country (put before the destination)",
    "rate": "Rate",
    "first_rate": "Rate of the initial increment",
    "rate_peak": "Peak rate",
    "rate_offpeak": "Off-peak rate",
    "rate_weekend": "Weekend rate",
    "connect_fee": "Connection fee",
    "initial_increment": "Initial increment (s)",
    "next_increment": "Next increment (s)",
    "increments": "Increments, both in one cell (30/6)",
    "free_seconds": "Free seconds",
    "effective_from": "Effective from",
    "effective_until": "Effective until",
    "currency": "Currency",
    "status": "Status (open, blocked, closed)",
    "comment": "Comment",
    "ignore": "Leave out",
}

RATE_FIELDS: Final = ("rate", "first_rate", "rate_peak", "rate_offpeak", "rate_weekend")
"""Fields that hold a price of time; `connect_fee` holds a price of a call."""
