"""Ready-made questions of each report."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlencode


def presets_for(name: str, now: datetime) -> tuple[tuple[str, str], ...]:
    """(label, query string), the usual one first."""

    def days(before: int, after: int, **more: str) -> str:
        today = now.date()
        return urlencode(
            {"since": today - timedelta(days=before), "until": today + timedelta(days=after), **more}
        )

    return {
        "lcr": (
            ("United Kingdom", "code=44"), ("Germany mobile", "code=49&destination=mobile"), ("Nigeria", "code=234"),
            ("Premium only, UK", "code=44&route_class=premium"), ("By destination, France", "code=33&layout=destination"),
            ("Every offer, London", "code=4420&layout=offer"),
        ),
        "changes": (
            ("This fortnight", days(7, 8)), ("Coming increases", days(-1, 30, label="INCREASE")), ("Last 30 days", days(30, 1)),
            ("Decreases, 30 days", days(30, 1, label="DECREASE")), ("New codes", days(7, 30, label="NEW")),
            ("Closed and gone", days(30, 30, label="CLOSED")),
        ),
        "deck": (
            ("Now", urlencode({"at": now.strftime("%Y-%m-%dT%H:%M")})),
            ("A week ago", urlencode({"at": (now - timedelta(days=7)).strftime("%Y-%m-%dT%H:%M")})),
            ("In eight days", urlencode({"at": (now + timedelta(days=8)).strftime("%Y-%m-%dT%H:%M")})),
            ("90 days ago", urlencode({"at": (now - timedelta(days=90)).strftime("%Y-%m-%dT%H:%M")})),
        ),
        "quality": (
            ("Everything", "code="), ("United Kingdom", "code=44"), ("Mobile networks", "destination=mobile"),
            ("Premium", "route_class=premium"), ("Africa, west", "code=220,221,225,234"),
        ),
        "coverage": (("All offers", "code="), ("Premium", "route_class=premium"), ("India", "code=91"), ("Mobile", "destination=mobile")),
    }.get(name, ())  # fmt: skip
