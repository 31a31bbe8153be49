"""Which prices count for a caller: origin groups and jurisdictions (docs/decision.md 8)."""

from __future__ import annotations

from typing import Any

from tests.oracle.country_codes import ASSIGNED

Row = dict[str, Any]
TOLL_FREE = {"800", "822", "833", "844", "855", "866", "877", "888"}
US = (
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND"
    " OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC"
)
HOMES = {
    "US": frozenset(US.split()),
    "CA": frozenset(["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"]),
}


def starts(number: str, prefixes: Any) -> str:
    """The longest of `prefixes` that `number` begins with, "" for none."""
    return max((p for p in prefixes if number.startswith(p)), key=len, default="")


# -- origin -------------------------------------------------------------------------------------------------------------


def caller_is_valid(a: str | None) -> bool:
    return a is not None and a.isdigit() and 5 <= len(a) <= 15 and bool(starts(a, ASSIGNED))


def group_of(origin: Row, a: str) -> tuple[str | None, str | None]:
    """(group, prefix) of a valid caller."""
    by_prefix = {p: group["name"] for group in origin["groups"] for p in group["prefixes"]}
    found = starts(a, by_prefix)
    return (by_prefix[found], found) if found else (origin["rest_group"], None)


def by_origin(rows: list[Row], origin: Row, group: str | None) -> list[Row]:
    """The rows of `group`, and those without origin that none of them hides, surcharged."""
    own = [r for r in rows if group is not None and r["origin"] == group]
    extra = surcharge(origin, group)
    if origin["reading"] == "origin_first":
        hidden = {r["code"] for r in rows if any(r["code"].startswith(o["code"]) for o in own)}
    else:
        hidden = {o["code"] for o in own}
    free = [r for r in rows if r["origin"] is None and r["code"] not in hidden]
    return own + [dearer(r, extra) for r in free]


def surcharge(origin: Row, group: str | None) -> int:
    return sum(s["nanos"] for s in origin["surcharges"] if s["group"] == group)


def dearer(row: Row, nanos: int) -> Row:
    first = row["first_rate_nanos"]
    return {
        **row,
        "rate_nanos": row["rate_nanos"] + nanos,
        "first_rate_nanos": None if first is None else first + nanos,
    }


# -- jurisdiction -------------------------------------------------------------------------------------------------------


def side(nanp: Row | None, number: str | None) -> Row | None:
    """The block (country, state, rate centre) of a number whose place is known, else None."""
    if nanp is None or number is None or not (len(number) == 11 and number.isdigit() and number[0] == "1"):
        return None
    if number[1] in "01" or number[4] in "01" or number[1:4] in TOLL_FREE:
        return None
    block = nanp["blocks"].get(number[:8]) or nanp["blocks"].get(number[:7])
    return block if block and block["state"] in HOMES.get(block["country"], ()) else None


def jurisdiction(nanp: Row | None, a: Row | None, b: Row | None) -> str:
    if nanp is None or a is None or b is None:
        return "indeterminate"
    if (a["country"], a["state"]) != (b["country"], b["state"]):
        return "interstate"
    centres = (a["rate_centre"], b["rate_centre"])
    if None in centres:
        return "intrastate"
    pair = {(a["state"], a["rate_centre"]), (b["state"], b["rate_centre"])}
    return "local" if centres[0] == centres[1] or pair in nanp["pairs"] else "intrastate"


def by_jurisdiction(rows: list[Row], j: str, fallback: str) -> list[Row]:
    """Of the rows valid at one instant: for each (code, origin) the one that counts for `j`."""
    found: dict[Any, dict[str | None, Row]] = {}
    for row in rows:
        found.setdefault((row["code"], row["origin"]), {})[row["jurisdiction"]] = row
    return [row for choices in found.values() if (row := one(choices, j, fallback))]


def one(rows: dict[str | None, Row], j: str, fallback: str) -> Row | None:
    if j in rows:
        return rows[j]
    if j == "local" and "intrastate" in rows:
        return rows["intrastate"]
    if j == "indeterminate":
        names = ["intrastate", "interstate"] if fallback == "intrastate" else ["interstate", "intrastate"]
        both = [rows[name] for name in names if name in rows]
        if both:
            return max(both, key=price) if fallback == "max" else both[0]
    return rows.get(None)


def price(row: Row) -> tuple[int, int, int]:
    first = row["first_rate_nanos"]
    return row["rate_nanos"], row["rate_nanos"] if first is None else first, row["connect_fee_nanos"]
